//! What a follower has to say: sent at the room's pace, repeated by key on each socket until it is durable.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use shared::caps;
use tokio::time::Instant;

use crate::wire::{num, text};

/// Commands in one frame.
const BATCH: usize = 16;
/// Without anything else to do, it looks again after so long.
const IDLE: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct Command {
    key: String,
    message: Value,
    /// The id under which it was sent on this socket; none, it has to be sent.
    sent: Option<u64>,
    at: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    waiting: VecDeque<Command>,
    settled: BTreeMap<String, u64>,
    /// Everything up to here is durable.
    safe: u64,
    last_id: u64,
    /// What the pace allows, in messages, at that time.
    left: f64,
    since: Instant,
    not_before: Instant,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            settled: BTreeMap::new(),
            safe: 0,
            last_id: 0,
            left: 0.0,
            since: Instant::now(),
            not_before: Instant::now(),
        }
    }
}

impl Outgoing {
    pub(super) fn push(&mut self, key: &str, message: Value) {
        self.waiting.push_back(Command { key: key.to_owned(), message, sent: None, at: None });
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn settled(&self) -> impl Iterator<Item = (&str, u64)> {
        self.settled.iter().map(|(key, &at)| (key.as_str(), at))
    }

    /// A new socket: no reply on it yet means unknown, so everything is said again.
    pub(super) fn anew(&mut self) {
        for command in &mut self.waiting {
            command.sent = None;
            command.at = None;
        }
        // A little under what a new socket may do at once.
        self.left = f64::from(caps::BURST) - 8.0;
        self.since = Instant::now();
        self.not_before = Instant::now();
    }

    /// What may be sent now, as one frame.
    pub(super) fn frame(&mut self, now: Instant) -> Option<String> {
        let pace = f64::from(caps::PER_S) * 0.9;
        let gained = now.duration_since(self.since).as_secs_f64() * pace;
        self.left = (self.left + gained).min(f64::from(caps::BURST) - 8.0);
        self.since = now;
        if now < self.not_before {
            return None;
        }
        let mut batch = Vec::new();
        for command in self.waiting.iter_mut().filter(|one| one.sent.is_none()) {
            if batch.len() == BATCH || self.left < 1.0 {
                break;
            }
            self.left -= 1.0;
            self.last_id += 1;
            command.sent = Some(self.last_id);
            let mut message = command.message.clone();
            if let Some(fields) = message.as_object_mut() {
                fields.insert("id".into(), json!(self.last_id));
            }
            batch.push(message);
        }
        (!batch.is_empty()).then(|| Value::Array(batch).to_string())
    }

    /// When there is something to send again.
    pub(super) fn pause(&self, now: Instant) -> Instant {
        if self.waiting.iter().all(|command| command.sent.is_some()) {
            return now + IDLE;
        }
        self.not_before.max(now + Duration::from_millis(60))
    }

    pub(super) fn answered(&mut self, id: u64, reply: &Value, now: Instant) {
        let command = self.waiting.iter_mut().find(|one| one.sent == Some(id));
        let Some(command) = command else { return };
        if let Some(at) = num(reply, "/ok/at") {
            command.at = Some(at);
            self.durable(0);
        } else if text(reply, "/err/code") == "too_fast" {
            command.sent = None;
            let wait = num(reply, "/err/after_ms").unwrap_or(1000);
            self.not_before = now + Duration::from_millis(wait);
        }
    }

    pub(super) fn durable(&mut self, to: u64) {
        self.safe = self.safe.max(to);
        let (to, settled) = (self.safe, &mut self.settled);
        self.waiting.retain(|command| match command.at {
            Some(at) if at <= to => {
                settled.insert(command.key.clone(), at);
                false
            }
            Some(_) | None => true,
        });
    }
}
