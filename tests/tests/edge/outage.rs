//! The region is away for a while: who talks, talks on, who reads, reads, and what was played arrives afterwards, once.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::stack;
use tokio::time::{Instant, sleep};
use xtask::wire::{at, text};

use super::history::{KEPT, found};
use super::talk::server;
use super::tickets::matched;

/// Things said by each while nobody keeps them; less than a socket's burst.
const SAID: usize = 30;

#[tokio::test]
async fn the_edge_goes_on_without_the_region() -> Result<()> {
    let stack = stack::start_with(|options| {
        // Every read would ask the region if it were there.
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
    // Who has a token comes in: the keys are here.
    b.close().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    a.ok(json!({"op": "end", "body": {"winner": "bo"}})).await?;
    a.closed_with(4007).await?;
    b.closed_with(4007).await?;

    stack.start_region().await?;
    let deadline = Instant::now() + KEPT;
    for player in [&ana, &bo] {
        let kept = loop {
            let kept = found(&server, player, &room).await?;
            ensure!(kept.len() <= 1, "kept more than once: {kept:?}");
            if let Some(kept) = kept.into_iter().next() {
                break kept;
            }
            ensure!(Instant::now() < deadline, "it was never kept");
            // Nobody tells when the region has it; it is asked.
            sleep(Duration::from_millis(100)).await;
        };
        ensure!(text(&kept, "/result/winner") == "bo", "{kept}");
    }
    let again = found(&server, &ana, &room).await?;
    let _once = again.first().context("it is still there")?;
    ensure!(again.len() == 1, "{again:?}");
    Ok(())
}
