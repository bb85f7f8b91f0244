//! The other's messages in one room: each must come once, and in order.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::person::Life;
use crate::wire::{RoomClient, RoomEvent, num};

/// The other's messages in one room.
#[derive(Debug)]
pub(super) struct Conversation {
    own: String,
    began: Instant,
    /// The last position that was read.
    at: u64,
    /// Number of the message that is due.
    next: u64,
    received: u64,
    /// Number of messages that the other sent, once the other has ended.
    pub total: Option<u64>,
    /// True if the other takes this match for the last one.
    pub is_last: bool,
}

impl Conversation {
    /// Begins with no message. The times of messages count from `began`.
    pub(super) fn new(own: &str, began: Instant) -> Self {
        let own = own.to_owned();
        Self { own, began, at: 0, next: 0, received: 0, total: None, is_last: false }
    }

    /// Reads the events that are new.
    pub(super) fn read(&mut self, client: &RoomClient, life: &mut Life) {
        for (at, envelope) in client.ledger.events().range(self.at + 1..) {
            self.at = *at;
            let is_own = envelope.by.as_ref().is_some_and(|by| by.as_str() == self.own);
            if let RoomEvent::Said(body) = &envelope.event
                && !is_own
            {
                self.hear(&body.value(), life);
            }
        }
    }

    fn hear(&mut self, body: &Value, life: &mut Life) {
        let n = num(body, "/n").unwrap_or(u64::MAX);
        if body.get("end").is_some() {
            self.total = Some(n);
            self.is_last = body.get("last") == Some(&Value::Bool(true));
            return;
        }
        if n == self.next {
            let due = Duration::from_micros(num(body, "/due").unwrap_or_default());
            life.latencies.push((self.began + due).elapsed());
        } else {
            life.broken.push(format!("message {n} came where {} was due", self.next));
        }
        self.received += 1;
        self.next = n.saturating_add(1);
    }

    /// Returns the number of messages that the other sent, and that never came.
    pub(super) fn lost(&self) -> u64 {
        self.total.unwrap_or_default().saturating_sub(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hears(numbers: &[u64]) -> (Conversation, Life) {
        let (mut conversation, mut life) = (Conversation::new("p_1", Instant::now()), Life::default());
        for n in numbers {
            conversation.hear(&json!({ "n": n, "due": 0 }), &mut life);
        }
        conversation.hear(&json!({ "n": 3, "end": true, "last": true }), &mut life);
        (conversation, life)
    }

    #[test]
    fn messages_in_order_are_whole() {
        let (conversation, life) = hears(&[0, 1, 2]);
        assert_eq!((conversation.lost(), life.broken.len(), life.latencies.len()), (0, 0, 3));
        assert!(conversation.is_last);
    }

    #[test]
    fn lost_doubled_and_reordered_messages_are_found() {
        let (conversation, life) = hears(&[0, 2]);
        assert_eq!((conversation.lost(), life.broken.len()), (1, 1));
        let (_, life) = hears(&[0, 1, 1, 2]);
        assert_eq!(life.broken.len(), 2);
        let (_, life) = hears(&[1, 0, 2]);
        assert!(!life.broken.is_empty());
    }
}
