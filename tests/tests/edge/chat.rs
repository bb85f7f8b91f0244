//! A chat of two players with a thousand messages, and the checks that follow it. Helpers for the tests of
//! faults.

use std::collections::BTreeSet;
use std::time::Duration;
use tests::kit::chance::Chance;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::Stack;
use tokio::sync::watch;
use tokio::time::Instant;
use xtask::ledger::Recorder;
use xtask::wire::{Player, RoomEvent, Server, text};

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

/// Makes a player who says [`EACH`] messages, each under its own name.
pub async fn speaker(server: &Server, room: &str, who: &Player) -> Result<Recorder> {
    let mut member = Recorder::open(&who.client(server).await?, room.parse()?);
    for n in 0..EACH {
        let name = name(who, n);
        let body = json!({ "name": name });
        member.say(name, &body);
    }
    Ok(member)
}

fn name(who: &Player, n: u64) -> String {
    format!("{} {n}", who.id)
}

/// Runs a player until all messages are sent, durable and received. Drops the connection once for each of the
/// positions `disconnects`, at the first moment when the player is connected and has received that position.
/// One frame may carry several of them, so the player reconnects before the next.
pub async fn chat(
    mut member: Recorder,
    disconnects: &[u64],
    progress: &watch::Sender<u64>,
) -> Result<Recorder> {
    let deadline = Instant::now() + DEADLINE;
    let done = |member: &Recorder| member.is_here() && member.unsettled() == 0 && has_heard_all(member);
    let reached = |member: &Recorder, at: u64| member.is_here() && member.log.at() >= at;
    let mut next = disconnects.iter();
    let mut cut = next.next();
    loop {
        let at = cut.copied().unwrap_or(u64::MAX);
        let stop = |member: &Recorder| {
            progress.send_if_modified(|known| {
                let at = member.log.at();
                let more = at > *known;
                *known = at.max(*known);
                more
            });
            done(member) || reached(member, at)
        };
        let in_time = member.until(deadline, stop).await;
        ensure!(
            in_time,
            "{} of {} messages were received, {} are not yet durable; at {}, {:?}, closed by {:?}",
            member.log.said().count(),
            2 * EACH,
            member.unsettled(),
            member.log.at(),
            member.log.violations,
            member.codes,
        );
        if reached(&member, at) {
            member.cut(Some(Duration::ZERO));
            cut = next.next();
        } else if done(&member) {
            return Ok(member);
        }
    }
}

/// Returns true once a member has all messages. One that was away for long is told that it missed some, and has at least
/// the last message of each player.
fn has_heard_all(member: &Recorder) -> bool {
    if member.log.missed() == 0 {
        return member.log.said().count() as u64 == 2 * EACH;
    }
    let last = format!(" {}", EACH - 1);
    member.log.said().filter(|body| text(body, "/name").ends_with(&last)).count() == 2
}

/// Checks that every message arrived exactly once, that no rule was violated, and that every message
/// acknowledged as durable is at its position.
pub fn check(a: &Recorder, b: &Recorder, players: [&Player; 2]) -> Result<()> {
    for one in [a, b] {
        let violations = &one.log.violations;
        ensure!(violations.is_empty(), "{violations:#?}");
        let twice = one.log.duplicates("/name");
        ensure!(twice.is_empty(), "{twice:#?}");
        ensure!(one.failed.is_empty(), "{:#?}", one.failed);
    }
    let contradictions = a.log.contradictions(&b.log);
    ensure!(contradictions.is_empty(), "{contradictions:#?}");
    let names = |who: &&Player| (0..EACH).map(|n| name(who, n)).collect::<Vec<_>>();
    let names: BTreeSet<String> = players.iter().flat_map(names).collect();
    let said = |one: &'_ Recorder| -> BTreeSet<String> {
        let name = |body: Value| text(&body, "/name").to_owned();
        one.log.said().map(name).collect()
    };
    let heard: BTreeSet<String> = said(a).union(&said(b)).cloned().collect();
    let silent: Vec<_> = names.difference(&heard).collect();
    ensure!(silent.is_empty(), "never received: {silent:?}");
    ensure!(heard.len() == names.len(), "more was received than sent");
    for (name, at) in [a, b].into_iter().flat_map(Recorder::settled) {
        let stands = [a, b].iter().filter_map(|one| one.log.events().get(&at)).all(
            |event| matches!(&event.event, RoomEvent::Said(body) if text(&body.value(), "/name") == name),
        );
        ensure!(stands, "{name} was durable at {at}");
    }
    Ok(())
}
