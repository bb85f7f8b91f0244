//! What a client said and is not yet safe: kept until durable, repeated by key.

use serde_json::{Value, json};

/// One command that the room might not have, or might still lose.
#[derive(Debug, Clone)]
pub struct Entry {
    pub n: u64,
    op: &'static str,
    to: Option<String>,
    body: Value,
    durable: bool,
    /// The `id` on the present connection; none while it waits for one.
    id: Option<u64>,
    pub answered: bool,
    pub at: Option<u64>,
    again_at: Option<u64>,
    sent: u32,
}

#[derive(Debug, Default)]
pub struct Sender {
    pub next_id: u64,
    durable: u64,
    pub entries: Vec<Entry>,
}

/// What a reply settled.
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
            again_at: None,
            sent: 0,
        });
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// What waits for a connection, each with an `id` now.
    pub fn take(&mut self, now: u64) -> Vec<Value> {
        let mut out = Vec::new();
        for entry in &mut self.entries {
            if entry.again_at.is_some_and(|at| at <= now) {
                entry.again_at = None;
                entry.id = None;
            }
            if entry.id.is_some() || entry.again_at.is_some() {
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

    /// A new connection: no reply will come for an old `id`. In a new epoch the old positions mean nothing.
    pub fn reconnected(&mut self, same_epoch: bool) {
        if !same_epoch {
            self.durable = 0;
        }
        for entry in &mut self.entries {
            entry.id = None;
            entry.again_at = None;
            if !same_epoch {
                entry.at = None;
            }
        }
    }

    pub fn replied(&mut self, now: u64, reply: &Value) -> Settled {
        let id = reply["id"].as_u64();
        let Some(place) = self.entries.iter().position(|entry| entry.id == id && id.is_some()) else {
            return Settled::Unknown;
        };
        let entry = &mut self.entries[place];
        if let Some(err) = reply.get("err") {
            if err["retry"] == true && err["code"] != "conflict" {
                entry.again_at = Some(now + err["after_ms"].as_u64().unwrap_or(1000));
                return Settled::Later;
            }
            let refused = Settled::Refused { n: entry.n, op: entry.op, to: entry.to.clone() };
            self.entries.remove(place);
            return refused;
        }
        let Some(at) = reply["ok"]["at"].as_u64() else {
            self.entries.remove(place);
            return Settled::Done;
        };
        entry.answered = true;
        entry.at = Some(at);
        let settled = Settled::Accepted { n: entry.n, at, durable: entry.durable, repeated: entry.sent > 1 };
        if at <= self.durable {
            self.entries.remove(place);
        }
        settled
    }

    /// Everything up to `to` is on disk: what was accepted there is safe.
    pub fn durable(&mut self, to: u64) {
        self.durable = to;
        self.entries.retain(|entry| !entry.answered || entry.at.is_none_or(|at| at > to));
    }
}
