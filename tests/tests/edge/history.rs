//! What happened is kept: once, for both, though the region was down when it happened.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, WebSockets};
use tokio::time::{Instant, sleep};
use xtask::wire::{Player, Server, text};

use super::talk::server;
use super::tickets::matched;

/// The room asks again after 2 s, 4 s, 8 s, …
pub const KEPT: Duration = Duration::from_mins(2);

/// What is kept of a match, as one of its players sees it.
pub async fn found(server: &Server, player: &Player, room: &str) -> Result<Vec<Value>> {
    let all = server.matches(player).await?;
    Ok(all.into_iter().filter(|one| text(one, "/match") == room).collect())
}

#[tokio::test]
async fn a_match_is_kept_once_though_the_region_was_down() -> Result<()> {
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
    b.event("ended").await?;
    b.closed_with(4007).await?;
    // What is to be told is on disk, not in memory.
    stack.evict("RoomObject", &room, WebSockets::Close).await?;
    stack.start_region().await?;

    let deadline = Instant::now() + KEPT;
    for player in [&ana, &bo] {
        loop {
            let kept = found(&server, player, &room).await?;
            ensure!(kept.len() <= 1, "kept more than once: {kept:?}");
            if let Some(kept) = kept.first() {
                ensure!(text(kept, "/result/winner") == "ana", "{kept}");
                break;
            }
            ensure!(Instant::now() < deadline, "it was never kept");
            // Nobody tells when the region has it; it is asked.
            sleep(Duration::from_millis(100)).await;
        }
    }
    ensure!(found(&server, &ana, &room).await?.len() == 1);
    Ok(())
}
