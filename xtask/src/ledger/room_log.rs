//! The log of one member of a room, and the contradictions that it found in the room's events.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use shared::wire::envelope::Envelope;
use shared::wire::room;
use shared::wire::welcome::Welcome;

use crate::wire::{RoomEvent, text};

type Event = Envelope<RoomEvent>;

/// A broken promise of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An event was received at two positions.
    Duplicate(String),
    /// A position was skipped, or received twice with different events.
    Order(String),
    /// An event that was reported durable is gone or has changed.
    LostDurable(String),
    /// A message does not have the form that the wire defines.
    Unreadable(String),
}

/// One log over all sockets of a member.
#[derive(Debug, Clone, Default)]
pub struct RoomLog {
    events: BTreeMap<u64, Event>,
    at: u64,
    durable: u64,
    /// Ranges of positions that a snapshot skipped.
    missed: Vec<(u64, u64)>,
    /// Number of welcomes with `recovered: false` after the first.
    pub snapshots: u32,
    /// Number of received events.
    pub delivered: u64,
    /// Number of events at known positions, which are dropped as any client does.
    pub repeated: u64,
    pub violations: Vec<Violation>,
}

impl RoomLog {
    /// The last received position.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The last position that was reported durable.
    #[must_use]
    pub fn safe(&self) -> u64 {
        self.durable
    }

    /// The events by position.
    #[must_use]
    pub fn events(&self) -> &BTreeMap<u64, Envelope<RoomEvent>> {
        &self.events
    }

    /// Returns the bodies of `said` events, in order.
    pub fn said(&self) -> impl Iterator<Item = Value> {
        self.events.values().filter_map(|envelope| match &envelope.event {
            RoomEvent::Said(body) => Some(body.value()),
            _ => None,
        })
    }

    /// Returns true if a snapshot skipped this position.
    #[must_use]
    pub fn is_missed(&self, position: u64) -> bool {
        self.missed.iter().any(|&(from, to)| (from..=to).contains(&position))
    }

    /// Returns the number of positions that snapshots skipped.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.iter().map(|(from, to)| to + 1 - from).sum()
    }

    /// Records a broken promise.
    pub(super) fn violation(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// Applies the first frame of a socket.
    pub(super) fn welcome(&mut self, welcome: &Welcome<room::Welcome>, same_epoch: bool) {
        let head = welcome.at;
        if welcome.recovered {
            let replayed = welcome.replayed;
            if !same_epoch || self.at + replayed != head {
                let have = self.at;
                self.violation(Violation::Order(format!(
                    "at {have} a resume had {replayed} events to {head}"
                )));
            }
            return;
        }
        let snapshot = welcome.more.snapshot.as_ref();
        let events = snapshot.map(|snapshot| self.read(&snapshot.events)).unwrap_or_default();
        self.reset(snapshot.map_or(head, |snapshot| snapshot.at), events, same_epoch);
    }

    fn read(&mut self, events: &[Value]) -> Vec<Event> {
        let mut read = Vec::new();
        for event in events {
            match Event::deserialize(event) {
                Ok(event) => read.push(event),
                Err(error) => self.violation(Violation::Unreadable(format!("{event}: {error}"))),
            }
        }
        read
    }

    /// Replaces the log by a snapshot, after a comparison of both.
    fn reset(&mut self, snapshot: u64, events: Vec<Event>, same_epoch: bool) {
        let is_first = self.events.is_empty() && self.at == 0;
        let first = events.first().and_then(|event| event.at).unwrap_or(snapshot + 1);
        // In another epoch only durable events are still valid, and the snapshot decides beyond them.
        let keep = if same_epoch { self.at } else { self.durable };
        if snapshot < self.durable {
            let durable = self.durable;
            self.violation(Violation::LostDurable(format!(
                "{durable} was durable, and the snapshot is at {snapshot}"
            )));
        }
        self.events.split_off(&(keep + 1));
        for event in &events {
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

    /// Compares a snapshot's event with the known one.
    fn compare(&mut self, event: &Event) {
        let old = event.at.and_then(|at| self.events.get(&at));
        if let Some(old) = old
            && old != event
            && event.at <= Some(self.durable)
        {
            let text = format!("{} was durable and is now {}", old.text(), event.text());
            self.violation(Violation::LostDurable(text));
        }
    }

    fn keep(&mut self, event: Event) {
        if let Some(position) = event.at {
            self.events.insert(position, event);
        }
    }

    /// Applies a live, replayed or repeated event.
    pub(super) fn event(&mut self, event: Event) {
        let position = event.at.unwrap_or(0);
        if position <= self.at {
            self.repeated += 1;
            if self.events.get(&position).is_some_and(|old| *old != event) {
                let text = format!("the known event {position} is now {}", event.text());
                self.violation(Violation::Order(text));
            }
            return;
        }
        if position != self.at + 1 {
            let text = format!("{} follows {}", event.text(), self.at);
            self.violation(Violation::Order(text));
        }
        self.at = position;
        self.delivered += 1;
        self.keep(event);
    }

    pub(super) fn durable(&mut self, to: u64) {
        self.durable = self.durable.max(to.min(self.at));
    }

    /// Checks that every said body is in the log once. `name` returns what makes a body unique.
    #[must_use]
    pub fn duplicates(&self, name: &str) -> Vec<Violation> {
        let mut seen = BTreeSet::new();
        let twice = |body: &Value| {
            let name = text(body, name).to_owned();
            !seen.insert(name)
        };
        self.said().filter(twice).map(|body| Violation::Duplicate(body.to_string())).collect()
    }

    /// Returns the contradictions between two logs of one room.
    #[must_use]
    pub fn contradictions(&self, other: &Self) -> Vec<Violation> {
        let (from, to) = (1, self.at.max(other.at));
        let mut found = Vec::new();
        for position in from..=to {
            match (self.events.get(&position), other.events.get(&position)) {
                (Some(mine), Some(theirs)) => {
                    let is_skip = |event: &Event| matches!(event.event, RoomEvent::Skip);
                    if mine != theirs && !is_skip(mine) && !is_skip(theirs) {
                        let text = format!("{} is {} in the other log", mine.text(), theirs.text());
                        found.push(Violation::Order(text));
                    }
                }
                (Some(event), None) if !other.is_missed(position) => {
                    found.push(Violation::Order(format!("{} is missing in the other log", event.text())));
                }
                (None, Some(event)) if !self.is_missed(position) => {
                    found.push(Violation::Order(format!("{} is missing in this log", event.text())));
                }
                (Some(_) | None, None) | (None, Some(_)) => {}
            }
        }
        found
    }
}
