//! Two people who tell each other a thousand things, and what must be true of it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stack::Stack;
use tokio::sync::watch;
use tokio::time::Instant;
use xtask::wire::{Follower, Player, Server, text};

/// Messages that each of them says.
pub const EACH: u64 = 500;
/// A thousand messages at the room's pace take half a minute; the rest is for kills and a busy machine.
pub const DEADLINE: Duration = Duration::from_mins(4);

/// Chance that can be had again: `SEED=42`.
pub struct Chance(u64);

impl Chance {
    /// From the environment, or a new one; it is printed.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
            u64::from(now.subsec_nanos())
        });
        println!("{test}: SEED={seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number in the range.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from + self.0 % (to - from)
    }

    /// So many numbers in the range, ascending.
    pub fn points(&mut self, count: usize, from: u64, to: u64) -> Vec<u64> {
        let mut points: Vec<u64> = (0..count).map(|_| self.within(from, to)).collect();
        points.sort_unstable();
        points
    }
}

/// The server of a test stack.
pub fn server(stack: &Stack) -> Result<Server> {
    Server::at(stack.edge_url(), stack.region_url())
}

/// Two guests and the room where both will be.
pub async fn meet(server: &Server) -> Result<(String, Player, Player)> {
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let room = server.open_room(&ana, &json!({})).await?;
    Ok((room, ana, bo))
}

/// Somebody who has five hundred things to say, with the keys of them.
pub fn talker(server: &Server, room: &str, who: &Player) -> (Follower, BTreeMap<String, String>) {
    let mut follower = Follower::new(server.room(room, who));
    let mut keys = BTreeMap::new();
    for n in 0..EACH {
        let name = format!("{} {n}", who.id);
        keys.insert(follower.say(&json!({ "name": name })), name);
    }
    (follower, keys)
}

/// Follows until everything is said, durable and heard. At each of `cuts` the connection is dropped.
pub async fn talk(mut follower: Follower, cuts: &[u64], progress: &watch::Sender<u64>) -> Result<Follower> {
    let deadline = Instant::now() + DEADLINE;
    let done =
        |follower: &Follower| follower.unsettled() == 0 && follower.ledger.said().count() as u64 == 2 * EACH;
    let mut next = cuts.iter();
    let mut cut = next.next();
    loop {
        let at = cut.copied().unwrap_or(u64::MAX);
        let stop = |follower: &Follower| {
            progress.send_if_modified(|known| {
                let at = follower.ledger.at();
                let more = at > *known;
                *known = at.max(*known);
                more
            });
            done(follower) || follower.ledger.at() >= at
        };
        let reached = follower.until(deadline, stop).await;
        ensure!(
            reached,
            "{} of {} said were heard, {} are not yet durable; at {}, {:?}, closed by {:?}",
            follower.ledger.said().count(),
            2 * EACH,
            follower.unsettled(),
            follower.ledger.at(),
            follower.ledger.violations,
            follower.codes,
        );
        if done(&follower) && cut.is_none() {
            return Ok(follower);
        }
        if follower.ledger.at() >= at {
            follower.cut();
            cut = next.next();
        } else if done(&follower) {
            return Ok(follower);
        }
    }
}

/// Every message is there once; no promise was broken; who reported what durable finds it at its position.
pub fn check(a: &Follower, b: &Follower, keys: &[BTreeMap<String, String>]) -> Result<()> {
    for one in [a, b] {
        let violations = &one.ledger.violations;
        ensure!(violations.is_empty(), "{violations:#?}");
        let twice = one.ledger.duplicates("/name");
        ensure!(twice.is_empty(), "{twice:#?}");
    }
    let contradictions = a.ledger.contradictions(&b.ledger);
    ensure!(contradictions.is_empty(), "{contradictions:#?}");
    let names: BTreeSet<&str> = keys.iter().flat_map(|keys| keys.values().map(String::as_str)).collect();
    let said = |one: &'_ Follower| -> BTreeSet<String> {
        let name = |body: &Value| text(body, "/name").to_owned();
        one.ledger.said().map(name).collect()
    };
    let heard: BTreeSet<String> = said(a).union(&said(b)).cloned().collect();
    let silent: Vec<_> = names.iter().filter(|name| !heard.contains(**name)).collect();
    ensure!(silent.is_empty(), "never heard: {silent:?}");
    ensure!(heard.len() == names.len(), "more was heard than was said");
    for (speaker, keys) in [a, b].iter().zip(keys) {
        for (key, at) in speaker.settled() {
            let name = keys.get(key).context("its own key")?;
            let stands = [a, b]
                .iter()
                .filter_map(|one| one.ledger.events().get(&at))
                .all(|event| text(event, "/body/name") == name);
            ensure!(stands, "{name} was durable at {at}");
        }
    }
    Ok(())
}
