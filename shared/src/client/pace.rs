//! The client's side of the rate limit: how many messages the server certainly accepts now.

use crate::time::{Time, ms};
use crate::wire::welcome::Limits;
use std::collections::VecDeque;
use std::time::Duration;

/// After this time a message without an `id`, which has no reply, counts as received.
const RECEIVED_AFTER: Duration = Duration::from_secs(2);
/// Parts of a message in which the level is counted, so that it stays a whole number.
const PARTS: u64 = 1_000;

/// A message that was sent without a known answer: the `id` of a command, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unanswered {
    id: Option<u64>,
    at: Time,
}

/// A lower bound of the server's token bucket.
///
/// The server takes a token when a message arrives, and the client cannot see when; it counts each message at the latest
/// possible time, which is that of its reply, and keeps a token for each message without one. A bucket that is drained later
/// never holds more, so what is sent within this bound is not refused, whatever the delays. Commands then stay in order
/// without waiting for each reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pace {
    per_s: u64,
    burst: u64,
    /// In thousandths of a message.
    level: u64,
    at: Time,
    held_until: Time,
    unanswered: VecDeque<Unanswered>,
}

impl Pace {
    /// Starts with the full bucket of a new connection.
    pub(super) fn start(&mut self, limits: Limits, now: Time) {
        let burst = u64::from(limits.burst);
        *self =
            Self { per_s: u64::from(limits.per_s), burst, level: burst * PARTS, at: now, ..Self::default() };
    }

    /// Returns how many messages may be sent now.
    pub(super) fn available(&mut self, now: Time) -> usize {
        self.pass(now);
        let free = (self.level / PARTS).saturating_sub(self.unanswered.len() as u64);
        if now < self.held_until { 0 } else { usize::try_from(free).unwrap_or(usize::MAX) }
    }

    /// Returns the time at which `count` messages may be sent; none if a reply must come first.
    pub(super) fn ready_at(&mut self, count: u64, now: Time) -> Option<Time> {
        self.pass(now);
        let soonest = self.held_until.max(now + Duration::from_millis(1));
        let needed = count.min(self.burst) + self.unanswered.len() as u64;
        if needed > self.burst {
            // A message without an id is answered by time.
            let oldest = self.unanswered.front().filter(|message| message.id.is_none())?;
            return Some(soonest.max(oldest.at + RECEIVED_AFTER));
        }
        let missing = (needed * PARTS).saturating_sub(self.level);
        // A thousandth of a message grows in a millisecond for each message of a second.
        let wait = missing.div_ceil(self.per_s.max(1));
        Some(soonest.max(now + Duration::from_millis(wait)))
    }

    /// Notes a message that was sent.
    pub(super) fn sent(&mut self, id: Option<u64>, now: Time) {
        self.unanswered.push_back(Unanswered { id, at: now });
    }

    /// Notes a reply: the server has received its message, and all messages before it.
    pub(super) fn answered(&mut self, id: u64, now: Time) {
        if let Some(index) = self.unanswered.iter().position(|message| message.id == Some(id)) {
            self.take(index + 1, now);
        }
    }

    /// Notes a refusal for the rate: the server's bucket is empty, whatever this one says.
    pub(super) fn refused(&mut self, after: Duration, now: Time) {
        self.pass(now);
        self.level = 0;
        self.held_until = self.held_until.max(now + after);
    }

    fn pass(&mut self, now: Time) {
        let is_unknown =
            |message: &Unanswered| message.id.is_some() || now.since(message.at) < RECEIVED_AFTER;
        let known = self.unanswered.iter().position(is_unknown);
        self.take(known.unwrap_or(self.unanswered.len()), now);
    }

    fn take(&mut self, count: usize, now: Time) {
        let gained = ms(now.since(self.at)).saturating_mul(self.per_s);
        let level = self.level.saturating_add(gained).min(self.burst * PARTS);
        self.level = level.saturating_sub(count as u64 * PARTS);
        self.at = self.at.max(now);
        self.unanswered.drain(..count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Pace {
        let mut pace = Pace::default();
        pace.start(Limits { frame_bytes: 1, per_s: 20, burst: 40, batch: 1 }, Time::from_ms(0));
        pace
    }

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    #[test]
    fn message_without_a_reply_keeps_its_token() {
        let mut pace = started();
        for id in 0..40 {
            pace.sent(Some(id), at(0));
        }
        assert_eq!((pace.available(at(9_000)), pace.ready_at(1, at(9_000))), (0, None));
        pace.answered(39, at(9_000));
        assert_eq!(pace.available(at(9_000)), 0);
        assert_eq!(pace.ready_at(1, at(9_000)), Some(at(9_050)));
        assert_eq!(pace.available(at(9_100)), 2);
    }

    #[test]
    fn message_without_an_id_is_answered_by_time() {
        let mut pace = started();
        for _ in 0..40 {
            pace.sent(None, at(0));
        }
        assert_eq!(pace.ready_at(1, at(10)), Some(at(2_000)));
        assert_eq!(pace.available(at(2_000)), 0);
        assert_eq!(pace.available(at(2_050)), 1);
    }

    #[test]
    fn refusal_holds_all_messages_back() {
        let mut pace = started();
        pace.refused(Duration::from_millis(800), at(100));
        assert_eq!((pace.available(at(899)), pace.ready_at(1, at(100))), (0, Some(at(900))));
        assert_eq!(pace.available(at(900)), 16);
    }
}
