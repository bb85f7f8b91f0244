//! The unsettled commands of a room client, sent within the rate limit and repeated by key on each socket
//! until durable.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use shared::limits;
use shared::wire::RefusalCode;
use shared::wire::envelope::Reply;
use tokio::time::Instant;

use crate::wire::num;

/// Commands in one frame.
const BATCH: usize = 16;
/// Pause when there is nothing to repeat.
const IDLE: Duration = Duration::from_secs(3600);

#[derive(Debug)]
struct Command {
    key: String,
    message: Value,
    /// The id of the command on this socket, if it was sent.
    sent: Option<u64>,
    at: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    waiting: VecDeque<Command>,
    settled: BTreeMap<String, u64>,
    /// The highest durable position.
    safe: u64,
    last_id: u64,
    /// Messages that the rate limit allows, at that time.
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

    /// Starts a socket: commands without a reply may be lost, so all are sent again.
    pub(super) fn restart(&mut self) {
        for command in &mut self.waiting {
            command.sent = None;
            command.at = None;
        }
        // A little less than the burst of a new socket.
        self.left = f64::from(limits::MESSAGE_RATE_BURST) - 8.0;
        self.since = Instant::now();
        self.not_before = Instant::now();
    }

    /// Returns the commands that may be sent now, as one frame.
    pub(super) fn frame(&mut self, now: Instant) -> Option<String> {
        let pace = f64::from(limits::MESSAGE_RATE_PER_S) * 0.9;
        let gained = now.duration_since(self.since).as_secs_f64() * pace;
        self.left = (self.left + gained).min(f64::from(limits::MESSAGE_RATE_BURST) - 8.0);
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

    /// Returns when there is something to send again.
    pub(super) fn pause(&self, now: Instant) -> Instant {
        if self.waiting.iter().all(|command| command.sent.is_some()) {
            return now + IDLE;
        }
        self.not_before.max(now + Duration::from_millis(60))
    }

    pub(super) fn answered(&mut self, reply: &Reply, now: Instant) {
        let id = reply.id.as_ref().and_then(Value::as_u64);
        let command = self.waiting.iter_mut().find(|command| command.sent.is_some() && command.sent == id);
        let Some(command) = command else { return };
        if let Some(at) = reply.ok.as_ref().and_then(|ok| num(ok, "/at")) {
            command.at = Some(at);
            self.durable(0);
        } else if let Some(refusal) =
            reply.err.as_ref().filter(|refusal| refusal.code == RefusalCode::TooFast)
        {
            command.sent = None;
            self.not_before = now + Duration::from_millis(refusal.after_ms.unwrap_or(1000));
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
