//! Sends the commands of a connection: keeps each in the outbox, repeats it, and paces all.

use super::outbox::{Outbox, Outcome, Pending, Replied};
use super::pace::Pace;
use crate::time::Time;
use crate::wire::envelope::Reply;
use crate::wire::frame::Message;
use crate::wire::ops::Ops;
use crate::wire::welcome::Limits;
use crate::wire::{Refusal, RefusalCode};
use serde_json::Value;

/// The reliable sender of one connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sender {
    ops: Ops,
    outbox: Outbox,
    pace: Pace,
    /// Messages that no reply confirms, the newest of each kind; lost with the connection.
    ephemeral: Vec<Message>,
    /// The limits of the open connection; none while there is no connection.
    limits: Option<Limits>,
    /// The time at which the rate limit allows the next message.
    ready_at: Option<Time>,
}

impl Sender {
    pub(super) fn new(ops: Ops) -> Self {
        let (outbox, pace) = (Outbox::default(), Pace::default());
        Self { ops, outbox, pace, ephemeral: Vec::new(), limits: None, ready_at: None }
    }

    /// Keeps a command until it is durable.
    pub(super) fn put(&mut self, key: String, message: Message) {
        self.outbox.put(key, message);
    }

    /// Keeps a message until the rate limit allows it, if there is a connection. A newer one of the same op and recipient
    /// replaces it.
    pub(super) fn put_ephemeral(&mut self, message: Message) {
        if self.limits.is_none() {
            return;
        }
        self.ephemeral.retain(|other| (&other.op, &other.to) != (&message.op, &message.to));
        self.ephemeral.push(message);
    }

    /// Returns the commands that are not durable yet, oldest first.
    pub(super) fn pending(&self) -> impl Iterator<Item = Pending<'_>> {
        self.outbox.pending()
    }

    /// Forgets a command. Returns false if it is not here.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        self.outbox.remove(key)
    }

    /// Starts a connection: all commands that are not durable are repeated with the same keys.
    pub(super) fn connected(&mut self, limits: Limits, same_epoch: bool, at: u64, now: Time) -> Vec<Outcome> {
        self.limits = Some(limits);
        self.pace.start(limits, now);
        let refused = if same_epoch { Vec::new() } else { self.refuse_conditional_moves(at) };
        self.outbox.reconnected(same_epoch);
        refused
    }

    pub(super) fn disconnected(&mut self) {
        self.limits = None;
        self.ready_at = None;
        self.ephemeral.clear();
    }

    /// Refuses the sent moves with `if_at`: their position is one of another epoch, in which the match went differently.
    fn refuse_conditional_moves(&mut self, at: u64) -> Vec<Outcome> {
        let is_conditional =
            |one: &Pending| one.sent && one.message.op == "move" && one.message.if_at.is_some();
        let moves: Vec<(String, bool)> = self
            .outbox
            .pending()
            .filter(is_conditional)
            .map(|one| (one.key.to_owned(), one.answered))
            .collect();
        let message = "The room lost its last events, and the match is another one: look and decide again.";
        let refusal = Refusal { at: Some(at), ..Refusal::new(RefusalCode::Conflict, message) };
        let refused = moves.into_iter().map(|(key, answered)| {
            self.outbox.remove(&key);
            Outcome::refused(key, answered, refusal.clone())
        });
        refused.collect()
    }

    /// Handles a reply, and returns the news of its command.
    pub(super) fn replied(&mut self, reply: &Reply, now: Time) -> Vec<Outcome> {
        if let Some(id) = reply.id.as_ref().and_then(Value::as_u64) {
            self.pace.answered(id, now);
        }
        match self.outbox.replied(now, reply) {
            Replied::News(news) => news,
            Replied::Paced(after) => {
                self.pace.refused(after, now);
                Vec::new()
            }
        }
    }

    /// Notes that everything up to a position is on disk, and returns the news of those commands.
    pub(super) fn durable(&mut self, to: u64) -> Vec<Outcome> {
        self.outbox.durable(to)
    }

    /// Returns the frames that the rate limit allows now: the client's own messages, then commands in order, then hints, which
    /// leave half of the burst to commands.
    pub(super) fn flush(&mut self, now: Time) -> Vec<String> {
        let Some(limits) = self.limits else { return Vec::new() };
        self.outbox.retry(now);
        let half = usize::try_from(limits.burst / 2).unwrap_or(usize::MAX);
        let mut messages = self.take_ephemeral(|message| message.op != "hint", 0, now);
        let most = self.pace.available(now);
        for (id, message) in self.outbox.take(self.ops, most) {
            self.pace.sent(Some(id), now);
            messages.push(message);
        }
        messages.extend(self.take_ephemeral(|message| message.op == "hint", half, now));
        self.schedule(limits, now);
        frames(&messages, limits)
    }

    /// Takes the waiting messages of one kind, and leaves the rate limit room for `spared` others.
    fn take_ephemeral(&mut self, wanted: fn(&Message) -> bool, spared: usize, now: Time) -> Vec<Message> {
        let mut left = self.pace.available(now).saturating_sub(spared);
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        for message in std::mem::take(&mut self.ephemeral) {
            if left > 0 && wanted(&message) {
                left -= 1;
                self.pace.sent(None, now);
                taken.push(message);
            } else {
                kept.push(message);
            }
        }
        self.ephemeral = kept;
        taken
    }

    /// Notes when the next message may be sent. Where a reply must come first, the reply flushes.
    fn schedule(&mut self, limits: Limits, now: Time) {
        let has_commands =
            self.outbox.has_unsent() || self.ephemeral.iter().any(|message| message.op != "hint");
        let count = if has_commands { 1 } else { u64::from(limits.burst / 2) + 1 };
        let waits = has_commands || !self.ephemeral.is_empty();
        self.ready_at = if waits { self.pace.ready_at(count, now) } else { None };
    }

    /// Returns when a flush is due.
    pub(super) fn wake_at(&self) -> Option<Time> {
        let retry_at = self.outbox.retry_at().filter(|_| self.limits.is_some());
        [self.ready_at, retry_at].into_iter().flatten().min()
    }
}

/// Writes messages into frames within the limits. A single message is not wrapped in an array, and one that is larger than a
/// frame is sent alone, so that the server can refuse it.
fn frames(messages: &[Message], limits: Limits) -> Vec<String> {
    let (mut frames, mut open): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut bytes = 2;
    for message in messages {
        // The maps of a message have string keys and its numbers are finite, so it cannot fail.
        let text = serde_json::to_string(message).unwrap_or_default();
        if open.len() == limits.batch || bytes + text.len() + 1 > limits.frame_bytes {
            frames.extend(frame(&mut open));
            bytes = 2;
        }
        bytes += text.len() + 1;
        open.push(text);
    }
    frames.extend(frame(&mut open));
    frames
}

/// Takes the open messages as one frame.
fn frame(open: &mut Vec<String>) -> Option<String> {
    let mut open = std::mem::take(open);
    match open.len() {
        0 => None,
        1 => open.pop(),
        _ => Some(format!("[{}]", open.join(","))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Json;
    use serde_json::json;

    const LIMITS: Limits = Limits { frame_bytes: 100, per_s: 20, burst: 40, batch: 3 };

    fn message(op: &str, body: &Value) -> Message {
        Message { op: op.to_owned(), body: Json::from(body), ..Message::default() }
    }

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    fn open() -> Sender {
        let mut sender = Sender::new(crate::wire::room::OPS);
        assert_eq!(sender.connected(LIMITS, true, 0, at(0)), []);
        sender
    }

    #[test]
    fn frames_keep_to_the_count_and_the_bytes() {
        let small = message("say", &json!(1));
        let sizes: Vec<usize> = frames(&vec![small.clone(); 7], LIMITS).iter().map(String::len).collect();
        assert_eq!(sizes, [67, 67, 21]);
        let large = message("say", &json!("x".repeat(200)));
        assert_eq!(frames(&[small.clone(), large, small], LIMITS).len(), 3);
    }

    #[test]
    fn commands_beyond_the_burst_wait_for_replies() {
        let mut sender = open();
        for n in 0..50 {
            sender.put(format!("k{n}"), message("say", &json!(n)));
        }
        let sent: usize = sender.flush(at(0)).iter().map(|frame| frame.matches("\"say\"").count()).sum();
        assert_eq!((sent, sender.wake_at()), (40, None));
        let reply = Reply { id: Some(json!(40)), ok: Some(json!({"at": 40})), err: None };
        sender.replied(&reply, at(10));
        assert_eq!(sender.flush(at(10)), Vec::<String>::new());
        assert_eq!(sender.wake_at(), Some(at(60)));
        assert_eq!(sender.flush(at(60)).len(), 1);
    }

    #[test]
    fn newer_hint_replaces_the_waiting_one_and_leaves_half_of_the_burst() {
        let mut sender = open();
        for n in 0..21 {
            sender.put_ephemeral(message("hint", &json!(n)));
            sender.flush(at(0));
        }
        assert_eq!(sender.ephemeral.len(), 1);
        sender.put_ephemeral(message("hint", &json!(99)));
        assert_eq!(sender.ephemeral, [message("hint", &json!(99))]);
    }

    #[test]
    fn conditional_move_is_refused_in_a_new_epoch() {
        let mut sender = open();
        sender.put("k1".into(), Message { if_at: Some(3), ..message("move", &json!(1)) });
        sender.flush(at(0));
        sender.disconnected();
        let news = sender.connected(LIMITS, false, 2, at(5));
        assert!(matches!(news.as_slice(), [Outcome::Refused { refusal, .. }] if refusal.at == Some(2)));
        assert_eq!(sender.pending().count(), 0);
    }
}
