//! Tests that the operator's backend learns of a match from its queue to its end, although the region is killed in between,
//! and that the list of open rooms needs no room.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tests::receiver::{Receiver, SECRET};
use tests::stack::{self, Stack};
use tokio::time::sleep;
use xtask::wire::text;

use super::chat::server;
use super::match_history::recorded_match;
use super::tickets::matched;

/// Returns the rooms that the region lists as open.
async fn open_rooms(stack: &Stack) -> Result<Vec<Value>> {
    let url = format!("{}/v1/open-rooms?pool=speed-dating", stack.region_url());
    let answer = Client::new().get(url).bearer_auth(stack.service_key()).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let body: Value = answer.json().await?;
    Ok(body["rooms"].as_array().context("a list")?.clone())
}

#[tokio::test]
async fn match_is_told_from_its_queue_to_its_end_over_a_kill_of_the_region() -> Result<()> {
    // The receiver is down until the region was killed.
    let (webhooks, port) = {
        let receiver = Receiver::start().await?;
        (receiver.webhooks(&["match.made", "match.ended"]), receiver.port()?)
    };
    let stack = stack::start_with(|options| {
        options.region_env.extend([
            ("WEBHOOKS".to_owned(), webhooks),
            ("WEBHOOK_SECRETS".to_owned(), json!({ "backend": [SECRET] }).to_string()),
            ("WEBHOOK_LOOPBACK".to_owned(), "on".to_owned()),
        ]);
    })
    .await?;
    let server = server(&stack)?;
    let (room, ana, bo) = matched(&server).await?;
    while open_rooms(&stack).await?.is_empty() {
        // No event reports that the region knows the room, so the test polls.
        sleep(Duration::from_millis(50)).await;
    }
    // Committed, and not delivered.
    stack.kill_region().await;
    let receiver = Receiver::start_on(port).await?;
    stack.start_region().await?;
    let made = receiver.next().await?;
    made.verify(SECRET)?;
    let event = made.json()?;
    ensure!((text(&event, "/type"), text(&event, "/data/match")) == ("match.made", &room), "{event}");
    let mut players = vec![ana.id.as_str(), bo.id.as_str()];
    let told = event["data"]["players"].as_array().context("players")?;
    players.retain(|player| !told.contains(&json!(player)));
    ensure!(players.is_empty() && told.len() == 2, "{event}");

    // The list wakes no room: there is none that could answer.
    stack.kill_workerd().await?;
    let listed = open_rooms(&stack).await?;
    ensure!(listed.len() == 1 && text(&listed[0], "/room") == room, "{listed:?}");
    stack.restart_edge().await?;

    let mut socket = server.room(&room, &ana).connect().await?;
    socket.welcome().await?;
    socket.ok(json!({"op": "end", "body": {"winner": "ana"}})).await?;
    let ended = receiver.next().await?;
    ended.verify(SECRET)?;
    let event = ended.json()?;
    ensure!((text(&event, "/type"), text(&event, "/data/match")) == ("match.ended", &room), "{event}");
    ensure!(text(&event, "/data/result/winner") == "ana", "{event}");
    recorded_match(&server, &ana, &room).await?;
    ensure!(open_rooms(&stack).await?.is_empty(), "an ended room is listed");
    Ok(())
}
