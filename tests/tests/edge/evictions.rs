//! A room leaves memory between two messages: nobody may notice, as long as the sockets stay.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, WebSockets};
use tokio::sync::watch;
use tokio::time::Instant;
use xtask::wire::{Follower, at, num, text};

use super::talk::{Chance, DEADLINE, EACH, check, meet, server, talk, talker};

fn keyed(n: u64) -> Value {
    json!({"op": "say", "key": format!("k{n}"), "body": n})
}

#[tokio::test]
async fn a_room_that_was_evicted_goes_on_where_it_was() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    let first = a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    b.event("joined").await?;
    let mut heard = Vec::new();
    for n in 0..8 {
        let ok = a.ok(keyed(n)).await?;
        stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;
        // The same socket, another instance: the first result, and no second event.
        let again = a.ok(keyed(n)).await?;
        ensure!(ok == again, "{ok}, then {again}");
        let event = b.event("said").await?;
        ensure!(at(&event) == num(&ok, "/at"), "{event} for {ok}");
        heard.push(at(&event));
    }
    ensure!(heard.windows(2).all(|pair| pair[0] < pair[1]), "{heard:?}");

    // Nothing of it was on disk for long enough to be written by age, and all of it is replayed.
    let epoch = text(&first, "/epoch");
    b.cut();
    stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;
    let from = heard[0].unwrap_or(1) - 1;
    let mut b = server.room(&room, &bo).resume(epoch, from).connect().await?;
    let welcome = b.welcome().await?;
    ensure!(welcome["recovered"] == true, "{welcome}");
    for n in 0..8 {
        let event = b.event("said").await?;
        ensure!(num(&event, "/body") == Some(n), "{event}, not {n}");
    }
    Ok(())
}

#[tokio::test]
async fn a_thousand_messages_survive_evictions_of_both_kinds() -> Result<()> {
    let mut chance = Chance::new("evictions");
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let (mut a, of_a) = talker(&server, &room, &ana);
    let (mut b, of_b) = talker(&server, &room, &bo);
    for one in [&mut a, &mut b] {
        let deadline = Instant::now() + DEADLINE;
        ensure!(one.until(deadline, Follower::is_here).await, "no socket");
    }
    let points = chance.points(12, 10, 2 * EACH - 100);
    let (progress, mut watched) = watch::channel(0);
    let evict = async {
        for (n, &point) in points.iter().enumerate() {
            watched.wait_for(|at| *at >= point).await?;
            // The last one: after a close both come back at once, and that is another test's.
            let how = if n + 1 == points.len() { WebSockets::Close } else { WebSockets::Hibernate };
            // Between two messages the room may be out of memory still: the next one brings it back.
            while !stack.evict("RoomObject", &room, how).await? {
                watched.changed().await?;
            }
        }
        anyhow::Ok(())
    };
    let (a, b, ()) = tokio::try_join!(talk(a, &[], &progress), talk(b, &[], &progress), evict)?;
    check(&a, &b, &[of_a, of_b])?;
    for one in [&a, &b] {
        let resumes = one.resumes.len();
        ensure!(resumes == 1, "{resumes} resumes, and one close");
    }
    Ok(())
}
