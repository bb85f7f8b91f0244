//! The oracle of rooms: checks the total order of events and the durability of acknowledged ones, across
//! restarts.

use crate::marks::{Mark, Marks};
use serde_json::Value;
use shared::limits;
use shared::room::log::{Entry, Log};
use shared::wire::Json;
use shared::wire::envelope::Envelope;
use shared::wire::room::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The log of one epoch, as its recipients observed it.
#[derive(Debug, Default)]
pub struct EpochLog {
    /// The event at each position, as a permitted recipient observed it.
    pub events: BTreeMap<u64, Rc<Envelope<Event>>>,
    /// The members and the board after each position, as text.
    states: BTreeMap<u64, Rc<str>>,
    /// The position at which each command took effect.
    pub tags: BTreeMap<u64, u64>,
    /// The position that the reply to each command stated.
    pub accepted: BTreeMap<u64, u64>,
    /// The commands that were refused, and had no effect.
    refused: BTreeSet<u64>,
    /// A client has received something of this epoch.
    observed: bool,
}

#[derive(Debug, Default)]
pub struct Oracle {
    pub epochs: BTreeMap<u64, EpochLog>,
    /// Every event up to this position was reported durable.
    pub promised: u64,
}

impl Oracle {
    fn epoch(&mut self, epoch: u64) -> &mut EpochLog {
        self.epochs.entry(epoch).or_default()
    }

    /// Records an observed event.
    ///
    /// There is one total order. Proved by a replay with another body than the live event. A key takes effect
    /// once. Proved by keys that were not stored.
    pub fn observe_event(&mut self, epoch: u64, at: u64, event: &Envelope<Event>) {
        if event.event == Event::Skip {
            return;
        }
        let event = &public(event);
        let record = self.epoch(epoch);
        if let Some(before) = record.events.get(&at) {
            assert_eq!(**before, *event, "two events at {at} of e{epoch}");
            return;
        }
        record.events.insert(at, Rc::new(event.clone()));
        if let Some(tag) = tag_of(&event.event) {
            record.record_effect(tag, at);
        }
    }

    /// Records the reply to a command: the log has it at this position.
    ///
    /// Proved by a retry that was answered with the head of the log.
    pub fn accepted(&mut self, epoch: u64, tag: u64, at: u64, marks: &mut Marks) {
        let record = self.epoch(epoch);
        if let Some(before) = record.accepted.insert(tag, at) {
            assert!(same(before, at), "command {tag} has two results in e{epoch}: {before}, {at}");
            marks.insert(Mark::Deduplicated);
        }
        if let Some(&there) = record.tags.get(&tag) {
            assert!(same(there, at), "command {tag} is at {there}, but its reply says {at}");
        }
    }

    /// Records that a command was refused: it has no effect, earlier or later.
    ///
    /// Proved by a `set` that wrote the keys without a conflict and refused the rest.
    pub fn refused(&mut self, epoch: u64, tag: u64, head: u64) {
        let record = self.epoch(epoch);
        // The client may be behind the room, which has then forgotten keys that seem near.
        let before =
            record.tags.get(&tag).filter(|&&at| at.abs_diff(head) < limits::COMMAND_KEYS_MAX as u64 / 2);
        assert!(before.is_none(), "command {tag} took effect at {before:?}, and was refused");
        record.refused.insert(tag);
    }

    /// Records that every event up to `to` was reported durable.
    pub fn promise(&mut self, epoch: u64, to: u64) {
        self.epoch(epoch).observed = true;
        self.promised = self.promised.max(to);
        let newest = self.epochs.keys().next_back().copied().unwrap_or(epoch);
        if newest == epoch {
            return;
        }
        let old: Vec<_> = match self.epochs.get(&epoch) {
            Some(record) => record.events.range(..=to).map(|(&at, event)| (at, event.clone())).collect(),
            None => return,
        };
        for (at, event) in old {
            if let Some(now) = self.epoch(newest).events.get(&at) {
                assert_eq!(*now, event, "the durable event at {at} of e{epoch} changed");
            }
        }
    }

    /// Records the state of a client at a position. It is the same for all clients, live or recovered.
    ///
    /// Proved by a snapshot that left out a board not yet on disk.
    pub fn observe_state(&mut self, epoch: u64, at: u64, state: &Rc<str>) {
        let before = self.epoch(epoch).states.entry(at).or_insert_with(|| Rc::clone(state));
        assert_eq!(before, state, "two states at {at} of e{epoch}");
    }

    /// Records that the object was restored. Its epoch is the same only if no observed event is lost. A new
    /// epoch begins with the rest of the old log.
    ///
    /// Proved by announcing a join before it is written, by an epoch that stayed the same after a crash, and,
    /// for durability, by sending `durable` and answering `"ack":"durable"` before the write.
    pub fn restored(&mut self, epoch: u64, log: &Log) {
        assert!(
            log.head() >= self.promised,
            "the log lost a durable event: {} < {}",
            log.head(),
            self.promised
        );
        let first = log.retained().next().map_or(log.head() + 1, |entry| entry.at);
        let kept: BTreeMap<u64, Envelope<Event>> =
            log.retained().map(|entry| (entry.at, envelope_of(entry))).collect();
        let Some((&known, old)) = self.epochs.range(..=epoch).next_back() else {
            return;
        };
        // A new epoch that no client has seen may begin twice.
        let may_lose = known < epoch || !old.observed;
        let mut record = EpochLog::default();
        for (&at, event) in &old.events {
            let survives = at < first || kept.get(&at) == Some(&**event);
            assert!(
                survives || at > self.promised,
                "the durable event at {at} is {:?}, was {event:?}",
                kept.get(&at)
            );
            assert!(survives || may_lose, "e{epoch} lost an observed event at {at}: {event:?}");
            if survives {
                record.events.insert(at, Rc::clone(event));
            }
        }
        if !may_lose {
            return;
        }
        for (&at, event) in &record.events {
            if let Some(tag) = tag_of(&event.event) {
                record.tags.insert(tag, at);
            }
        }
        self.epochs.insert(epoch, record);
    }

    /// Checks at the end that the log has every accepted command.
    pub fn check_accepted(&self, epoch: u64, log: &Log) {
        let Some(record) = self.epochs.get(&epoch) else {
            return;
        };
        let first = log.retained().next().map_or(log.head() + 1, |entry| entry.at);
        for (tag, &at) in record.accepted.iter().filter(|&(_, &at)| at >= first) {
            let entry = log.retained().find(|entry| entry.at == at);
            let entry = entry.expect("an accepted command is in the log");
            if let Some(found) = tag_of(&entry.event) {
                assert_eq!(found, *tag, "the reply to command {tag} says {at}");
            }
        }
    }
}

impl EpochLog {
    fn record_effect(&mut self, tag: u64, at: u64) {
        if let Some(before) = self.tags.insert(tag, at) {
            assert!(!near(before, at), "command {tag} took effect twice, at {before} and at {at}");
        }
        assert!(!self.refused.contains(&tag), "command {tag} was refused, and took effect at {at}");
        if let Some(&answered) = self.accepted.get(&tag) {
            assert!(same(answered, at), "command {tag} is at {at}, but its reply says {answered}");
        }
    }
}

/// True if two results are equal, or so far apart that the key may have been dropped.
fn same(one: u64, other: u64) -> bool {
    one == other || !near(one, other)
}

/// True if both positions are within the stored keys.
fn near(one: u64, other: u64) -> bool {
    one.abs_diff(other) < limits::COMMAND_KEYS_MAX as u64
}

/// Returns the number of the command that caused an event.
fn tag_of(event: &Event) -> Option<u64> {
    let of = |value: &Value| value["n"].as_u64();
    match event {
        Event::Said(body) | Event::Signal(body) | Event::Moved { body: Some(body), .. } => of(&body.value()),
        Event::Ended(ended) => of(&ended.result),
        Event::Set(set) => set.keys.values().find_map(of),
        _ => None,
    }
}

/// Returns the event of a log entry as all recipients of it receive it.
fn envelope_of(entry: &Entry) -> Envelope<Event> {
    let Entry { at, ts, by, event, .. } = entry;
    public(&Envelope { at: Some(*at), by: by.clone(), ts: Some(*ts), event: (**event).clone() })
}

/// Returns the part of an event that all its recipients receive: each has its own view of a match.
fn public(envelope: &Envelope<Event>) -> Envelope<Event> {
    let event = match envelope.event.clone() {
        Event::Started { body, .. } => Event::Started { body, state: Json::default() },
        Event::Moved { body, .. } => Event::Moved { body, private: None, state: None },
        other => other,
    };
    Envelope { event, ..envelope.clone() }
}
