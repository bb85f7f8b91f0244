//! Tests that a match is recorded once, for both players, although the region is down when it ends.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, WebSockets};
use tokio::time::{Instant, sleep};
use xtask::next_event;
use xtask::wire::{Player, RoomEvent, Server, text};

use super::chat::server;
use super::tickets::matched;

/// Limit for a record to arrive: the room retries after 2 s, 4 s, 8 s, …
const RECORDED_WITHIN: Duration = Duration::from_mins(2);

/// Returns the history entries of a match that a player sees.
pub async fn recorded_matches(server: &Server, player: &Player, room: &str) -> Result<Vec<Value>> {
    let all = server.matches(player).await?;
    Ok(all.into_iter().filter(|one| text(one, "/match") == room).collect())
}

/// Waits until the history of a player has a match, and checks that it has it once.
pub async fn recorded_match(server: &Server, player: &Player, room: &str) -> Result<Value> {
    let deadline = Instant::now() + RECORDED_WITHIN;
    loop {
        let mut recorded = recorded_matches(server, player, room).await?;
        ensure!(recorded.len() <= 1, "recorded more than once: {recorded:?}");
        if let Some(recorded) = recorded.pop() {
            return Ok(recorded);
        }
        ensure!(Instant::now() < deadline, "the match was never recorded");
        // No event reports that the region has stored the record, so the test polls.
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn match_is_recorded_once_when_the_region_is_down_at_its_end() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = matched(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;

    stack.stop_region().await;
    a.ok(json!({"op": "end", "body": {"winner": "ana"}})).await?;
    a.closed_with(4007).await?;
    next_event!(b, RoomEvent::Ended).await?;
    b.closed_with(4007).await?;
    // The pending call is on disk, not only in memory.
    stack.evict("RoomObject", &room, WebSockets::Close).await?;
    stack.start_region().await?;

    for player in [&ana, &bo] {
        let recorded = recorded_match(&server, player, &room).await?;
        ensure!(text(&recorded, "/result/winner") == "ana", "{recorded}");
    }
    ensure!(recorded_matches(&server, &ana, &room).await?.len() == 1);
    Ok(())
}
