//! What a follower knows of a room's log, and every way in which the room contradicted itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::wire::{at, ev, num, text};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An event came twice at different positions.
    Duplicate(String),
    /// A position was left out, or came twice with different events.
    Order(String),
    /// Something that was reported durable is gone, or is not what it was.
    LostDurable(String),
}

/// One log over all sockets.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    events: BTreeMap<u64, Value>,
    at: u64,
    durable: u64,
    /// Ranges that it was told it missed.
    missed: Vec<(u64, u64)>,
    /// How often a welcome was `recovered: false` after the first.
    pub snapshots: u32,
    /// Events that came.
    pub delivered: u64,
    /// Events at positions that it had: dropped, as a client does.
    pub repeated: u64,
    /// What was wrong.
    pub violations: Vec<Violation>,
}

impl Ledger {
    /// The last position.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Everything up to here was reported durable.
    #[must_use]
    pub fn safe(&self) -> u64 {
        self.durable
    }

    /// The events, by position.
    #[must_use]
    pub fn events(&self) -> &BTreeMap<u64, Value> {
        &self.events
    }

    /// The bodies that were said, in order.
    pub fn said(&self) -> impl Iterator<Item = &Value> {
        self.events.values().filter(|event| ev(event) == "said").filter_map(|event| event.get("body"))
    }

    /// Whether it was told that it missed this position.
    #[must_use]
    pub fn is_missed(&self, position: u64) -> bool {
        self.missed.iter().any(|&(from, to)| (from..=to).contains(&position))
    }

    /// How many positions it was told it missed.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.iter().map(|(from, to)| to + 1 - from).sum()
    }

    /// The first frame on a socket.
    pub(super) fn welcome(&mut self, welcome: &Value, recovered: bool, same_epoch: bool) {
        let head = num(welcome, "/at").unwrap_or(0);
        if recovered {
            let replayed = num(welcome, "/replayed").unwrap_or(0);
            if !same_epoch || self.at + replayed != head {
                let have = self.at;
                self.violations
                    .push(Violation::Order(format!("at {have} a resume said {replayed} events to {head}")));
            }
            return;
        }
        let is_first = self.events.is_empty() && self.at == 0;
        let snapshot = num(welcome, "/snapshot/at").unwrap_or(head);
        let none = Vec::new();
        let events = welcome.pointer("/snapshot/events").and_then(Value::as_array).unwrap_or(&none);
        let first = events.first().and_then(at).unwrap_or(snapshot + 1);
        // Of another epoch only what was durable still holds, and the snapshot holds over that.
        let keep = if same_epoch { self.at } else { self.durable };
        if snapshot < self.durable {
            self.violations.push(Violation::LostDurable(format!(
                "{} was durable, and the snapshot is at {snapshot}",
                self.durable
            )));
        }
        self.events.split_off(&(keep + 1));
        for event in events {
            self.compare(event);
        }
        if first > keep + 1 && !is_first {
            self.missed.push((keep + 1, first - 1));
        }
        if is_first && first > 1 {
            self.missed.push((1, first - 1));
        }
        for event in events {
            self.keep(event);
        }
        self.at = snapshot;
        self.snapshots += u32::from(!is_first);
    }

    /// A snapshot's event against what stands here.
    fn compare(&mut self, event: &Value) {
        let old = at(event).and_then(|at| self.events.get(&at));
        if let Some(old) = old
            && old != event
            && at(event) <= Some(self.durable)
        {
            self.violations.push(Violation::LostDurable(format!("{old} was durable and is now {event}")));
        }
    }

    fn keep(&mut self, event: &Value) {
        if let Some(position) = at(event) {
            self.events.insert(position, event.clone());
        }
    }

    /// A live or replayed event. False: something before it is missing, and the socket is of no use.
    pub(super) fn event(&mut self, event: &Value) -> bool {
        let position = at(event).unwrap_or(0);
        if position <= self.at {
            self.repeated += 1;
            if self.events.get(&position).is_some_and(|old| old != event) {
                self.violations.push(Violation::Order(format!("another event came as {event}")));
            }
            return true;
        }
        if position != self.at + 1 {
            let have = self.at;
            self.violations.push(Violation::Order(format!("after {have} came {event}")));
            return false;
        }
        self.at = position;
        self.delivered += 1;
        self.keep(event);
        true
    }

    pub(super) fn durable(&mut self, to: u64) {
        self.durable = self.durable.max(to.min(self.at));
    }

    /// Everything that was said must be there once. `name` says what makes a body unlike all others.
    #[must_use]
    pub fn duplicates(&self, name: &str) -> Vec<Violation> {
        let mut seen = BTreeSet::new();
        let twice = |body: &&Value| {
            let name = text(body, name).to_owned();
            !seen.insert(name)
        };
        self.said().filter(twice).map(|body| Violation::Duplicate(body.to_string())).collect()
    }

    /// Where two logs of one room contradict each other.
    #[must_use]
    pub fn contradictions(&self, other: &Self) -> Vec<Violation> {
        let (from, to) = (1, self.at.max(other.at));
        let mut found = Vec::new();
        for position in from..=to {
            match (self.events.get(&position), other.events.get(&position)) {
                (Some(mine), Some(theirs)) => {
                    if mine != theirs && ev(mine) != "skip" && ev(theirs) != "skip" {
                        found.push(Violation::Order(format!("{mine} is elsewhere {theirs}")));
                    }
                }
                (Some(event), None) if !other.is_missed(position) => {
                    found.push(Violation::Order(format!("{event} is missing elsewhere")));
                }
                (None, Some(event)) if !self.is_missed(position) => {
                    found.push(Violation::Order(format!("{event} is missing here")));
                }
                (Some(_) | None, None) | (None, Some(_)) => {}
            }
        }
        found
    }
}
