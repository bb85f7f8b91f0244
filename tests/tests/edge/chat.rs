//! A chat of two players with a thousand messages, and the checks that follow it. Helpers for the tests of
//! faults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::kit::chance::Chance;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stack::Stack;
use tokio::sync::watch;
use tokio::time::Instant;
use xtask::wire::{Player, RoomClient, RoomEvent, Server, text};

/// Messages that each player sends.
pub const EACH: u64 = 500;
/// Limit for the chat: a thousand messages at the pace of a room take half a minute; the rest is for kills
/// and a busy machine.
pub const DEADLINE: Duration = Duration::from_mins(4);

/// Returns a random generator that can be replayed: takes its seed from `SEED`, or draws and prints one.
pub fn seeded(test: &str) -> Chance {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        u64::from(now.subsec_nanos())
    });
    println!("{test}: SEED={seed}");
    Chance::new(seed)
}

/// Returns `count` positions from `from` up to `to`, ascending.
pub fn positions(chance: &mut Chance, count: usize, from: u64, to: u64) -> Vec<u64> {
    let mut positions: Vec<u64> = (0..count).map(|_| chance.between(from, to - 1)).collect();
    positions.sort_unstable();
    positions
}

/// Returns the client of a test stack.
pub fn server(stack: &Stack) -> Result<Server> {
    Server::at(stack.edge_url(), stack.region_url())
}

/// Makes two guests and a room for them.
pub async fn meet(server: &Server) -> Result<(String, Player, Player)> {
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let room = server.open_room(&ana, &json!({})).await?;
    Ok((room, ana, bo))
}

/// Makes a player with [`EACH`] messages to send. Returns the messages by key.
pub fn speaker(server: &Server, room: &str, who: &Player) -> (RoomClient, BTreeMap<String, String>) {
    let mut follower = RoomClient::new(server.room(room, who));
    let mut keys = BTreeMap::new();
    for n in 0..EACH {
        let name = format!("{} {n}", who.id);
        keys.insert(follower.say(&json!({ "name": name })), name);
    }
    (follower, keys)
}

/// Runs a player until all messages are sent, durable and received. Drops the connection once for each of the
/// positions `disconnects`, at the first moment when the player is connected and has received that position.
/// One frame may carry several of them, so the player reconnects before the next.
pub async fn chat(
    mut follower: RoomClient,
    disconnects: &[u64],
    progress: &watch::Sender<u64>,
) -> Result<RoomClient> {
    let deadline = Instant::now() + DEADLINE;
    let done = |follower: &RoomClient| {
        follower.is_here() && follower.unsettled() == 0 && follower.ledger.said().count() as u64 == 2 * EACH
    };
    let reached = |follower: &RoomClient, at: u64| follower.is_here() && follower.ledger.at() >= at;
    let mut next = disconnects.iter();
    let mut cut = next.next();
    loop {
        let at = cut.copied().unwrap_or(u64::MAX);
        let stop = |follower: &RoomClient| {
            progress.send_if_modified(|known| {
                let at = follower.ledger.at();
                let more = at > *known;
                *known = at.max(*known);
                more
            });
            done(follower) || reached(follower, at)
        };
        let in_time = follower.until(deadline, stop).await;
        ensure!(
            in_time,
            "{} of {} messages were received, {} are not yet durable; at {}, {:?}, closed by {:?}",
            follower.ledger.said().count(),
            2 * EACH,
            follower.unsettled(),
            follower.ledger.at(),
            follower.ledger.violations,
            follower.codes,
        );
        if reached(&follower, at) {
            follower.cut();
            cut = next.next();
        } else if done(&follower) {
            return Ok(follower);
        }
    }
}

/// Checks that every message arrived exactly once, that no rule was violated, and that every message
/// acknowledged as durable is at its position.
pub fn check(a: &RoomClient, b: &RoomClient, keys: &[BTreeMap<String, String>]) -> Result<()> {
    for one in [a, b] {
        let violations = &one.ledger.violations;
        ensure!(violations.is_empty(), "{violations:#?}");
        let twice = one.ledger.duplicates("/name");
        ensure!(twice.is_empty(), "{twice:#?}");
    }
    let contradictions = a.ledger.contradictions(&b.ledger);
    ensure!(contradictions.is_empty(), "{contradictions:#?}");
    let names: BTreeSet<&str> = keys.iter().flat_map(|keys| keys.values().map(String::as_str)).collect();
    let said = |one: &'_ RoomClient| -> BTreeSet<String> {
        let name = |body: Value| text(&body, "/name").to_owned();
        one.ledger.said().map(name).collect()
    };
    let heard: BTreeSet<String> = said(a).union(&said(b)).cloned().collect();
    let silent: Vec<_> = names.iter().filter(|name| !heard.contains(**name)).collect();
    ensure!(silent.is_empty(), "never received: {silent:?}");
    ensure!(heard.len() == names.len(), "more was received than sent");
    for (speaker, keys) in [a, b].iter().zip(keys) {
        for (key, at) in speaker.settled() {
            let name = keys.get(key).context("its own key")?;
            let stands = [a, b].iter().filter_map(|one| one.ledger.events().get(&at)).all(
                |event| matches!(&event.event, RoomEvent::Said(body) if text(&body.value(), "/name") == name),
            );
            ensure!(stands, "{name} was durable at {at}");
        }
    }
    Ok(())
}
