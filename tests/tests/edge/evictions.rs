//! Tests that clients do not notice evictions of a room between two messages while their sockets stay open.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, WebSockets};
use tokio::sync::watch;
use tokio::time::Instant;
use xtask::ledger::Recorder;
use xtask::next_event;
use xtask::wire::{RoomEvent, at, num, text};

use super::chat::{DEADLINE, EACH, chat, check, meet, positions, seeded, server, speaker};

fn keyed(n: u64) -> Value {
    json!({"op": "say", "key": format!("k{n}"), "body": n})
}

#[tokio::test]
async fn evicted_room_keeps_its_results_log_and_sockets() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    let first = a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    next_event!(b, RoomEvent::Joined).await?;
    let mut heard = Vec::new();
    for n in 0..8 {
        let ok = a.ok(keyed(n)).await?;
        stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;
        // The same socket and a new instance: the same result, and no second event.
        let again = a.ok(keyed(n)).await?;
        ensure!(ok == again, "{ok}, then {again}");
        let event = next_event!(b, RoomEvent::Said).await?;
        ensure!(at(&event) == num(&ok, "/at"), "{event} for {ok}");
        heard.push(at(&event));
    }
    ensure!(heard.windows(2).all(|pair| pair[0] < pair[1]), "{heard:?}");

    // The events are too young to be written by age, and all of them are replayed.
    let epoch = text(&first, "/epoch");
    b.cut();
    stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;
    let from = heard[0].unwrap_or(1) - 1;
    let mut b = server.room(&room, &bo).resume(epoch, from).connect().await?;
    let welcome = b.welcome().await?;
    ensure!(welcome["recovered"] == true, "{welcome}");
    for n in 0..8 {
        let event = next_event!(b, RoomEvent::Said).await?;
        ensure!(num(&event, "/body") == Some(n), "{event}, not {n}");
    }
    Ok(())
}

#[tokio::test]
async fn thousand_messages_survive_evictions_with_and_without_sockets() -> Result<()> {
    let mut chance = seeded("evictions");
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = speaker(&server, &room, &ana).await?;
    let mut b = speaker(&server, &room, &bo).await?;
    for one in [&mut a, &mut b] {
        let deadline = Instant::now() + DEADLINE;
        ensure!(one.until(deadline, Recorder::is_here).await, "no socket");
    }
    let points = positions(&mut chance, 12, 10, 2 * EACH - 100);
    let (progress, mut watched) = watch::channel(0);
    let evict = async {
        for (n, &point) in points.iter().enumerate() {
            watched.wait_for(|at| *at >= point).await?;
            // Only the last one closes the sockets: both players then reconnect at once, which other tests
            // cover.
            let how = if n + 1 == points.len() { WebSockets::Close } else { WebSockets::Hibernate };
            // The room may still be out of memory; the next message brings it back.
            while !stack.evict("RoomObject", &room, how).await? {
                watched.changed().await?;
            }
        }
        anyhow::Ok(())
    };
    let (a, b, ()) = tokio::try_join!(chat(a, &[], &progress), chat(b, &[], &progress), evict)?;
    check(&a, &b, [&ana, &bo])?;
    for one in [&a, &b] {
        let resumes = one.resumes.len();
        ensure!(resumes == 1, "{resumes} resumes after one close");
    }
    Ok(())
}
