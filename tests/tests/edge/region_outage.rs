//! Tests the edge during a region outage: rooms go on, reads are stale, match records arrive afterwards,
//! once.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::stack;
use xtask::wire::{at, text};

use super::chat::server;
use super::match_history::{recorded_match, recorded_matches};
use super::tickets::matched;

/// Messages that each player sends during the outage; fewer than the burst of a socket.
const SAID: usize = 30;

#[tokio::test]
async fn rooms_and_reads_survive_a_region_outage() -> Result<()> {
    let stack = stack::start_with(|options| {
        // No copy is fresh, so every read asks the region.
        let fresh = ("PROFILE_FRESH_S".to_owned(), "0".to_owned());
        options.edge_values.extend([fresh]);
    })
    .await?;
    let server = server(&stack)?;
    let (room, ana, bo) = matched(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    let profile = format!("/v1/profiles/{}", ana.id);
    ensure!(server.get(&profile).await?.status().is_success());

    stack.kill_region().await;
    for n in 0..SAID {
        for socket in [&mut a, &mut b] {
            socket.ok(json!({"op": "say", "body": format!("{n}")})).await?;
        }
        if n % 5 == 0 {
            let answer = server.get(&profile).await?;
            let cache = answer.headers().get("x-cache").cloned();
            ensure!(answer.status().as_u16() == 200, "{}", answer.status());
            ensure!(cache.is_some_and(|cache| cache == "stale"), "not stale");
        }
    }
    let last = a.ok(json!({"op": "say", "body": "last"})).await?;
    for socket in [&mut a, &mut b] {
        let heard = socket.wait("the last", |one| text(one, "/body") == "last");
        let heard = heard.await?;
        ensure!(at(&heard) == last["at"].as_u64(), "{heard}");
    }
    // A token is still verified: the edge has the keys.
    b.close().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    a.ok(json!({"op": "end", "body": {"winner": "bo"}})).await?;
    a.closed_with(4007).await?;
    b.closed_with(4007).await?;

    stack.start_region().await?;
    for player in [&ana, &bo] {
        let recorded = recorded_match(&server, player, &room).await?;
        ensure!(text(&recorded, "/result/winner") == "bo", "{recorded}");
    }
    let again = recorded_matches(&server, &ana, &room).await?;
    ensure!(again.len() == 1, "{again:?}");
    Ok(())
}
