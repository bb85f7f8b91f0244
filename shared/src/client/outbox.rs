//! The outbox of a client: keeps commands until they are durable, and repeats them with the same keys.

use crate::time::Time;
use crate::wire::envelope::Reply;
use crate::wire::frame::Message;
use crate::wire::ops::{Field, Ops};
use crate::wire::{Refusal, RefusalCode};
use serde_json::Value;
use std::time::Duration;

/// A command refused with `retry` is repeated this often before the application gets the refusal.
const RETRIES_MAX: u32 = 5;
/// The wait before a retry if the refusal names none.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A command that the server may not have received, or may still lose.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// Names the command here, and on the wire if its op takes a key.
    key: String,
    message: Message,
    /// The `id` on the current connection; none until it is sent there.
    id: Option<u64>,
    /// True once it was sent on any connection: the server may have executed it.
    sent: bool,
    /// The last result that the server stated.
    ok: Option<Value>,
    /// The log position of its event in the current epoch, if it made one.
    at: Option<u64>,
    retries: u32,
    /// The time of the next retry. Until then the entry keeps its id, for which no reply comes again.
    retry_at: Option<Time>,
}

/// A command as the outbox shows it to those who settle commands without a reply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pending<'a> {
    pub key: &'a str,
    pub message: &'a Message,
    /// True once it was sent on any connection.
    pub sent: bool,
    /// True once the server has accepted it.
    pub answered: bool,
}

/// The news of one command, by its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The server has executed the command: its event is in order, and sent to all.
    Accepted { key: String, ok: Value },
    /// The command is on disk. The result has the position that counts from now on.
    Durable { key: String, ok: Value },
    /// The command had no effect.
    Refused { key: String, refusal: Box<Refusal> },
    /// The command was accepted, then lost with the server's memory, and refused when it was repeated.
    Lost { key: String, refusal: Box<Refusal> },
}

impl Outcome {
    /// Returns the key of the command.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Accepted { key, .. }
            | Self::Durable { key, .. }
            | Self::Refused { key, .. }
            | Self::Lost { key, .. } => key,
        }
    }

    /// The refusal of a command, which the server had accepted before or not.
    pub(super) fn refused(key: String, was_accepted: bool, refusal: Refusal) -> Self {
        let refusal = Box::new(refusal);
        if was_accepted { Self::Lost { key, refusal } } else { Self::Refused { key, refusal } }
    }
}

/// The effect of a reply on the outbox.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Replied {
    /// The news for the application.
    News(Vec<Outcome>),
    /// The rate limit refused the command, which is sent again after this time.
    Paced(Duration),
}

/// The commands that are not durable, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outbox {
    last_id: u64,
    durable: u64,
    entries: Vec<Entry>,
}

impl Outbox {
    /// Adds a command. It gets its `id` when it is sent.
    pub(super) fn put(&mut self, key: String, message: Message) {
        let entry =
            Entry { key, message, id: None, sent: false, ok: None, at: None, retries: 0, retry_at: None };
        self.entries.push(entry);
    }

    /// Returns the commands to send now, at most `most`, in order, and gives each an `id`. Only ops that take a key are sent
    /// with it; the others may be repeated without one.
    pub(super) fn take(&mut self, ops: Ops, most: usize) -> Vec<(u64, Message)> {
        let mut taken = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.id.is_none()).take(most) {
            self.last_id += 1;
            entry.id = Some(self.last_id);
            entry.sent = true;
            let key = takes_key(ops, &entry.message.op).then(|| entry.key.clone());
            taken.push((
                self.last_id,
                Message { id: Some(self.last_id.into()), key, ..entry.message.clone() },
            ));
        }
        taken
    }

    /// Prepares for a new connection: no reply comes for an old `id`, so all commands are repeated. In a new epoch old
    /// positions are meaningless, and repeating restores what the server lost.
    pub(super) fn reconnected(&mut self, same_epoch: bool) {
        for entry in &mut self.entries {
            entry.id = None;
            entry.retry_at = None;
            entry.at = entry.at.filter(|_| same_epoch);
        }
        if !same_epoch {
            self.durable = 0;
        }
    }

    /// Handles a reply. A command that made an event stays until the event is durable; any other is done.
    pub(super) fn replied(&mut self, now: Time, reply: &Reply) -> Replied {
        let id = reply.id.as_ref().and_then(Value::as_u64);
        let Some(index) = self.entries.iter().position(|entry| id.is_some() && entry.id == id) else {
            return Replied::News(Vec::new());
        };
        match (&reply.ok, &reply.err) {
            (_, Some(refusal)) => self.refused(now, index, refusal),
            (Some(ok), None) => Replied::News(self.accepted(index, ok)),
            (None, None) => Replied::News(Vec::new()),
        }
    }

    fn accepted(&mut self, index: usize, ok: &Value) -> Vec<Outcome> {
        let durable = self.durable;
        let Some(entry) = self.entries.get_mut(index) else { return Vec::new() };
        let (key, ok) = (entry.key.clone(), ok.clone());
        let is_first = entry.ok.replace(ok.clone()).is_none();
        entry.at = ok.get("at").and_then(Value::as_u64);
        let is_kept = entry.at.is_some_and(|at| at > durable);
        let mut news = Vec::new();
        if is_first {
            news.push(Outcome::Accepted { key: key.clone(), ok: ok.clone() });
        }
        if !is_kept {
            self.entries.remove(index);
            news.push(Outcome::Durable { key, ok });
        }
        news
    }

    fn refused(&mut self, now: Time, index: usize, refusal: &Refusal) -> Replied {
        let after = refusal.after_ms.map_or(RETRY_AFTER, Duration::from_millis);
        let Some(entry) = self.entries.get_mut(index) else { return Replied::News(Vec::new()) };
        if refusal.code == RefusalCode::TooFast {
            // The command was only too early: it goes again, in its place before all later ones.
            entry.id = None;
            return Replied::Paced(after);
        }
        if refusal.retry && !is_told_at_once(refusal.code) && entry.retries < RETRIES_MAX {
            entry.retries += 1;
            entry.retry_at = Some(now + after);
            return Replied::News(Vec::new());
        }
        let Entry { key, ok, .. } = self.entries.remove(index);
        Replied::News(vec![Outcome::refused(key, ok.is_some(), refusal.clone())])
    }

    /// Makes the commands whose retry is due ready to be sent.
    pub(super) fn retry(&mut self, now: Time) {
        for entry in self.entries.iter_mut().filter(|entry| entry.retry_at.is_some_and(|at| at <= now)) {
            entry.id = None;
            entry.retry_at = None;
        }
    }

    /// Returns the time of the next retry.
    pub(super) fn retry_at(&self) -> Option<Time> {
        self.entries.iter().filter_map(|entry| entry.retry_at).min()
    }

    /// Drops the accepted commands whose events are durable, up to position `to`, and returns their news.
    pub(super) fn durable(&mut self, to: u64) -> Vec<Outcome> {
        self.durable = self.durable.max(to);
        let durable = self.durable;
        let is_durable = |entry: &Entry| entry.at.is_some_and(|at| at <= durable);
        let (done, kept) = std::mem::take(&mut self.entries).into_iter().partition(is_durable);
        self.entries = kept;
        done.into_iter()
            .filter_map(|Entry { key, ok, .. }| ok.map(|ok| Outcome::Durable { key, ok }))
            .collect()
    }

    /// Returns true if a command waits to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        self.entries.iter().any(|entry| entry.id.is_none())
    }

    /// Returns the commands, oldest first.
    pub(super) fn pending(&self) -> impl Iterator<Item = Pending<'_>> {
        self.entries.iter().map(|Entry { key, message, sent, ok, .. }| Pending {
            key,
            message,
            sent: *sent,
            answered: ok.is_some(),
        })
    }

    /// Drops a command. Returns false if it is not here.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.key != key);
        self.entries.len() < before
    }
}

/// Returns true for refusals that the application gets at once, whatever their `retry`: a cooldown is long, and a conflict
/// needs a decision.
fn is_told_at_once(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::Cooldown | RefusalCode::Conflict)
}

fn takes_key(ops: Ops, op: &str) -> bool {
    ops.ops.iter().any(|known| known.name == op && known.key != Field::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::room;
    use serde_json::json;

    fn now() -> Time {
        Time::from_ms(0)
    }

    fn outbox(ops: &[&str]) -> Outbox {
        let mut outbox = Outbox::default();
        for op in ops {
            outbox.put(format!("k{op}"), Message { op: (*op).to_owned(), ..Message::default() });
        }
        outbox
    }

    fn keys(taken: &[(u64, Message)]) -> Vec<(u64, Option<&str>)> {
        taken.iter().map(|(id, message)| (*id, message.key.as_deref())).collect()
    }

    fn ok(id: u64, ok: Value) -> Reply {
        Reply { id: Some(id.into()), ok: Some(ok), err: None }
    }

    fn err(id: u64, code: RefusalCode, after_ms: Option<u64>) -> Reply {
        let refusal = Refusal { retry: after_ms.is_some(), after_ms, ..Refusal::new(code, "") };
        Reply { id: Some(id.into()), ok: None, err: Some(refusal) }
    }

    fn accepted(ok: Value) -> Outcome {
        Outcome::Accepted { key: "ksay".into(), ok }
    }

    #[test]
    fn command_is_repeated_with_its_key_and_a_new_id_until_it_is_durable() {
        let mut outbox = outbox(&["say"]);
        assert_eq!(keys(&outbox.take(room::OPS, 9)), [(1, Some("ksay"))]);
        assert!(outbox.take(room::OPS, 9).is_empty());
        outbox.reconnected(true);
        assert_eq!(keys(&outbox.take(room::OPS, 9)), [(2, Some("ksay"))]);
        assert_eq!(outbox.replied(now(), &ok(1, json!({"at": 1}))), Replied::News(vec![]));
        let news = outbox.replied(now(), &ok(2, json!({"at": 7})));
        assert_eq!(news, Replied::News(vec![accepted(json!({"at": 7}))]));
        assert_eq!(outbox.durable(6), []);
        assert_eq!(outbox.durable(7), [Outcome::Durable { key: "ksay".into(), ok: json!({"at": 7}) }]);
        assert_eq!(outbox.pending().count(), 0);
    }

    #[test]
    fn accepted_command_is_repeated_in_a_new_epoch_and_accepted_once() {
        let mut outbox = outbox(&["say"]);
        outbox.take(room::OPS, 9);
        outbox.replied(now(), &ok(1, json!({"at": 7})));
        outbox.reconnected(false);
        assert_eq!(outbox.durable(9), [], "a position of the old epoch counts");
        outbox.reconnected(false);
        assert_eq!(keys(&outbox.take(room::OPS, 9)), [(2, Some("ksay"))]);
        assert_eq!(outbox.replied(now(), &ok(2, json!({"at": 4}))), Replied::News(vec![]));
        assert_eq!(outbox.durable(4), [Outcome::Durable { key: "ksay".into(), ok: json!({"at": 4}) }]);
    }

    #[test]
    fn accepted_command_that_is_refused_when_repeated_is_lost() {
        let mut outbox = outbox(&["say"]);
        outbox.take(room::OPS, 9);
        outbox.replied(now(), &ok(1, json!({"at": 7})));
        outbox.reconnected(false);
        outbox.take(room::OPS, 9);
        let news = outbox.replied(now(), &err(2, RefusalCode::RoomOver, None));
        assert!(matches!(news, Replied::News(news) if matches!(news.as_slice(), [Outcome::Lost { .. }])));
    }

    #[test]
    fn early_command_goes_again_in_its_place() {
        let mut outbox = outbox(&["say", "set"]);
        outbox.take(room::OPS, 9);
        let paced = outbox.replied(now(), &err(1, RefusalCode::TooFast, Some(800)));
        assert_eq!(paced, Replied::Paced(Duration::from_millis(800)));
        assert_eq!(keys(&outbox.take(room::OPS, 9)), [(3, Some("ksay"))]);
    }

    #[test]
    fn temporary_refusal_is_retried_five_times_then_told() {
        let mut outbox = outbox(&["say"]);
        for id in 1..=5 {
            outbox.take(room::OPS, 9);
            let news = outbox.replied(now(), &err(id, RefusalCode::Unavailable, Some(100)));
            assert_eq!(news, Replied::News(vec![]));
            assert_eq!(outbox.retry_at(), Some(Time::from_ms(100)));
            outbox.retry(Time::from_ms(99));
            assert!(!outbox.has_unsent());
            outbox.retry(Time::from_ms(100));
            assert!(outbox.has_unsent());
        }
        outbox.take(room::OPS, 9);
        let news = outbox.replied(now(), &err(6, RefusalCode::Unavailable, Some(100)));
        assert!(matches!(news, Replied::News(news) if matches!(news.as_slice(), [Outcome::Refused { .. }])));
    }

    #[test]
    fn command_without_an_event_is_done_with_its_reply() {
        let mut outbox = outbox(&["seen"]);
        assert_eq!(keys(&outbox.take(room::OPS, 9)), [(1, None)]);
        let Replied::News(news) = outbox.replied(now(), &ok(1, json!({}))) else { panic!("no news") };
        assert_eq!(news.len(), 2);
        assert_eq!(outbox.pending().count(), 0);
    }
}
