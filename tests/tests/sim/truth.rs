//! What nobody in the world can know alone: the one order, what was promised, and whether both held.

use crate::marks::{Mark, Marks};
use serde_json::Value;
use shared::caps;
use shared::room::log::Log;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One life of the log, as its recipients saw it.
#[derive(Debug, Default)]
pub struct Life {
    /// What stands at each position, as somebody saw it who may see it.
    pub events: BTreeMap<u64, Value>,
    /// Who is there and what stands on the board after each position, as text.
    states: BTreeMap<u64, Rc<str>>,
    /// Where each command took effect.
    pub tags: BTreeMap<u64, u64>,
    /// Where each command was answered to have taken effect.
    pub accepted: BTreeMap<u64, u64>,
    /// Somebody heard of it.
    heard: bool,
}

#[derive(Debug, Default)]
pub struct Truth {
    pub lives: BTreeMap<u64, Life>,
    /// Everything up to here was reported durable.
    pub promised: u64,
    /// Events, by how the room wrote them.
    read: BTreeMap<String, Value>,
}

impl Truth {
    fn life(&mut self, epoch: u64) -> &mut Life {
        self.lives.entry(epoch).or_default()
    }

    /// Somebody got this at a position.
    ///
    /// One total order. Proved by a replay that told another body than was told live.
    /// A key takes effect once. Proved by keys that were not remembered.
    pub fn saw(&mut self, epoch: u64, at: u64, event: &Value) {
        if event["ev"] == "skip" {
            return;
        }
        let life = self.life(epoch);
        if let Some(before) = life.events.get(&at) {
            assert_eq!(before, event, "two events at {at} of e{epoch}");
            return;
        }
        life.events.insert(at, event.clone());
        if let Some(tag) = tag_of(event) {
            life.took_effect(tag, at);
        }
    }

    /// A command was answered: it is in the log there.
    ///
    /// Proved by answering a repetition with the head of the log.
    pub fn accepted(&mut self, epoch: u64, tag: u64, at: u64, marks: &mut Marks) {
        let life = self.life(epoch);
        if let Some(before) = life.accepted.insert(tag, at) {
            assert!(same(before, at), "command {tag} has two results in e{epoch}: {before}, {at}");
            marks.insert(Mark::Deduplicated);
        }
        if let Some(&there) = life.tags.get(&tag) {
            assert!(same(there, at), "command {tag} is at {there}, and was answered to be at {at}");
        }
    }

    /// Everything up to `to` is said to be on disk.
    pub fn promise(&mut self, epoch: u64, to: u64) {
        self.life(epoch).heard = true;
        self.promised = self.promised.max(to);
        let newest = self.lives.keys().next_back().copied().unwrap_or(epoch);
        if newest == epoch {
            return;
        }
        let old: Vec<(u64, Value)> = match self.lives.get(&epoch) {
            Some(life) => life.events.range(..=to).map(|(&at, event)| (at, event.clone())).collect(),
            None => return,
        };
        for (at, event) in old {
            if let Some(now) = self.life(newest).events.get(&at) {
                assert_eq!(*now, event, "what was durable at {at} of e{epoch} changed");
            }
        }
    }

    /// Everybody who stands at a position has the same room before them, however they came there.
    ///
    /// Proved by a snapshot that left out a board not yet on disk.
    pub fn stands(&mut self, epoch: u64, at: u64, state: &Rc<str>) {
        let before = self.life(epoch).states.entry(at).or_insert_with(|| Rc::clone(state));
        assert_eq!(before, state, "two rooms at {at} of e{epoch}");
    }

    /// The object came back from disk. Its epoch is the same only where nothing that somebody saw is lost. A new one begins with what is
    /// left of the old.
    ///
    /// Proved by telling of who joined before it is written; by an epoch that stayed after a crash; and, of what was
    /// durable, by saying `durable` and answering `"ack":"durable"` before the write.
    pub fn restored(&mut self, epoch: u64, log: &Log) {
        assert!(
            log.head() >= self.promised,
            "the log lost what was durable: {} < {}",
            log.head(),
            self.promised
        );
        let first = log.kept().next().map_or(log.head() + 1, |entry| entry.at);
        let kept = self.kept(log);
        let Some((&known, old)) = self.lives.range(..=epoch).next_back() else {
            return;
        };
        // A new epoch that nobody heard of may be begun twice.
        let may_lose = known < epoch || !old.heard;
        let mut life = Life::default();
        for (&at, text) in &old.events {
            let survives = at < first || kept.get(&at) == Some(text);
            assert!(
                survives || at > self.promised,
                "what was durable at {at} is {:?}, was {text}",
                kept.get(&at)
            );
            assert!(survives || may_lose, "e{epoch} lost what somebody saw at {at}: {text}");
            if survives {
                life.events.insert(at, text.clone());
            }
        }
        if !may_lose {
            return;
        }
        for (&at, event) in &life.events {
            if let Some(tag) = tag_of(event) {
                life.tags.insert(tag, at);
            }
        }
        self.lives.insert(epoch, life);
    }

    fn kept(&mut self, log: &Log) -> BTreeMap<u64, Value> {
        let mut kept = BTreeMap::new();
        for entry in log.kept() {
            let read = || serde_json::from_str(&entry.text).expect("an event is JSON");
            let event = match self.read.get(&*entry.text) {
                Some(event) => event,
                None => self.read.entry(entry.text.to_string()).or_insert_with(read),
            };
            kept.insert(entry.at, event.clone());
        }
        kept
    }

    /// At the end: what was answered is there.
    pub fn kept_its_word(&self, epoch: u64, log: &Log) {
        let Some(life) = self.lives.get(&epoch) else {
            return;
        };
        let first = log.kept().next().map_or(log.head() + 1, |entry| entry.at);
        for (tag, &at) in life.accepted.iter().filter(|&(_, &at)| at >= first) {
            let entry = log.kept().find(|entry| entry.at == at);
            let there = entry.and_then(|entry| serde_json::from_str(&entry.text).ok());
            let there = there.expect("what was answered is in the log");
            if let Some(found) = tag_of(&there) {
                assert_eq!(found, *tag, "command {tag} was answered to be at {at}");
            }
        }
    }
}

impl Life {
    fn took_effect(&mut self, tag: u64, at: u64) {
        if let Some(before) = self.tags.insert(tag, at) {
            assert!(!near(before, at), "command {tag} took effect twice, at {before} and at {at}");
        }
        if let Some(&answered) = self.accepted.get(&tag) {
            assert!(same(answered, at), "command {tag} is at {at}, and was answered to be at {answered}");
        }
    }
}

/// The same result; or so far apart that the key may be forgotten.
fn same(one: u64, other: u64) -> bool {
    one == other || !near(one, other)
}

/// Within what is remembered of keys.
fn near(one: u64, other: u64) -> bool {
    one.abs_diff(other) < caps::KEYS as u64
}

/// The number of the command that made an event.
pub fn tag_of(event: &Value) -> Option<u64> {
    let body = &event["body"];
    let of = |value: &Value| value["n"].as_u64();
    of(body).or_else(|| of(&body["result"])).or_else(|| body["keys"].as_object()?.values().find_map(of))
}
