//! The outbox of a client: commands are kept until they are durable, and retried by key.

use serde_json::{Value, json};
use shared::wire::Json;
use shared::wire::envelope::Reply;
use shared::wire::frame::Message;
use shared::wire::room;

/// A command that the room may not have, or may still lose.
#[derive(Debug, Clone)]
pub struct Entry {
    pub n: u64,
    op: &'static str,
    to: Option<String>,
    body: Value,
    durable: bool,
    /// Its `id` on the current connection. None: it is not sent.
    id: Option<u64>,
    pub answered: bool,
    pub at: Option<u64>,
    retry_at: Option<u64>,
    sent: u32,
}

#[derive(Debug, Default)]
pub struct Sender {
    pub next_id: u64,
    durable: u64,
    pub entries: Vec<Entry>,
}

/// The outcome of a reply.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    Accepted { n: u64, at: u64, durable: bool, repeated: bool },
    Done,
    Later,
    Refused { n: u64, op: &'static str, to: Option<String> },
    Unknown,
}

impl Sender {
    pub fn put(&mut self, n: u64, op: &'static str, to: Option<String>, body: Value, durable: bool) {
        self.entries.push(Entry {
            n,
            op,
            to,
            body,
            durable,
            id: None,
            answered: false,
            at: None,
            retry_at: None,
            sent: 0,
        });
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Takes all commands out, for the machine that sends them in place of this outbox.
    pub fn drain(&mut self) -> Vec<(u64, Message)> {
        let message = |Entry { n, op, to, body, durable, .. }| {
            let body = Json::from(&body);
            (n, Message { op: String::from(op), to, body, durable, ..Message::default() })
        };
        std::mem::take(&mut self.entries).into_iter().map(message).collect()
    }

    pub fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Takes the commands that are not sent, and gives each an `id`.
    pub fn take(&mut self, now: u64) -> Vec<Value> {
        let mut out = Vec::new();
        for entry in &mut self.entries {
            if entry.retry_at.is_some_and(|at| at <= now) {
                entry.retry_at = None;
                entry.id = None;
            }
            if entry.id.is_some() || entry.retry_at.is_some() {
                continue;
            }
            self.next_id += 1;
            entry.id = Some(self.next_id);
            entry.sent += 1;
            let mut message = json!({
                "id": self.next_id, "op": entry.op, "key": format!("k{}", entry.n), "body": entry.body,
            });
            if let Some(to) = &entry.to {
                message["to"] = json!(to);
            }
            if entry.durable {
                message["ack"] = json!("durable");
            }
            out.push(message);
        }
        out
    }

    /// Prepares for a new connection: old ids get no reply, and old positions are meaningless in a new epoch.
    pub fn reconnected(&mut self, same_epoch: bool) {
        if !same_epoch {
            self.durable = 0;
        }
        for entry in &mut self.entries {
            entry.id = None;
            entry.retry_at = None;
            if !same_epoch {
                entry.at = None;
            }
        }
    }

    pub fn replied(&mut self, now: u64, reply: &Reply) -> Settled {
        let id = reply.id.as_ref().and_then(Value::as_u64);
        let Some(index) = self.entries.iter().position(|entry| entry.id == id && id.is_some()) else {
            return Settled::Unknown;
        };
        let entry = &mut self.entries[index];
        if let Some(refusal) = &reply.err {
            if refusal.retry {
                entry.retry_at = Some(now + refusal.after_ms.unwrap_or(1000));
                return Settled::Later;
            }
            let refused = Settled::Refused { n: entry.n, op: entry.op, to: entry.to.clone() };
            self.entries.remove(index);
            return refused;
        }
        let result = reply.ok.clone().expect("a result or a refusal");
        let room::Reply::At { at } = serde_json::from_value(result).expect("a result") else {
            self.entries.remove(index);
            return Settled::Done;
        };
        entry.answered = true;
        entry.at = Some(at);
        let settled = Settled::Accepted { n: entry.n, at, durable: entry.durable, repeated: entry.sent > 1 };
        if at <= self.durable {
            self.entries.remove(index);
        }
        settled
    }

    /// Removes the accepted commands up to `to`, which are on disk.
    pub fn durable(&mut self, to: u64) {
        self.durable = to;
        self.entries.retain(|entry| !entry.answered || entry.at.is_none_or(|at| at > to));
    }
}
