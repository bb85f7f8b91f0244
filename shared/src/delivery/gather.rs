//! The gathering window of an isolate: how long its objects gather output before they send it.
//!
//! A frame costs the platform far more than the messages in it, so a busy thread must send few large frames and a quiet
//! one must send at once. All objects of an isolate share one thread: how late the timers of *all* of them ring says how
//! busy it is. An object that judged by its own traffic would look quiet to itself among a thousand others.
//!
//! One late timer says little: a collection of garbage or a write to disk delays it on a quiet thread too. A thread is
//! busy if *every* timer of an interval is late, as in CoDel: the smallest delay is the queue that does not drain.

use crate::limits;
use crate::time::Time;
use std::time::Duration;

/// The state of one isolate's gathering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    window: Duration,
    /// The beginning of the interval that is being observed.
    since: Time,
    /// The timers that rang in it.
    rings: u32,
    /// The smallest delay of them.
    delay: Duration,
    /// The last time that a timer rang.
    rang_at: Time,
    /// The last time that any object of the isolate sent output.
    flushed_at: Time,
}

impl Default for Gather {
    fn default() -> Self {
        let never = Time::from_ms(0);
        Self {
            window: Duration::ZERO,
            since: never,
            rings: 0,
            delay: Duration::MAX,
            rang_at: never,
            flushed_at: never,
        }
    }
}

impl Gather {
    /// Returns how long an object that owes output gathers more of it; none if it sends at once: the thread is not
    /// busy, and was observed lately or has nothing to do.
    pub fn window(&mut self, now: Time) -> Option<Duration> {
        self.observe(now);
        let quiet = now.since(self.flushed_at) >= limits::GATHER_QUIET;
        let observed = now.since(self.rang_at) < limits::GATHER_OBSERVE;
        if self.window < limits::GATHER_STEP && (quiet || observed) {
            return None;
        }
        Some(self.window)
    }

    /// Notes that an object sent output.
    pub fn flushed(&mut self, now: Time) {
        self.flushed_at = now;
    }

    /// Notes that a timer of this length rang.
    pub fn rang(&mut self, set_at: Time, window: Duration, now: Time) {
        self.rang_at = now;
        self.rings += 1;
        self.delay = self.delay.min(now.since(set_at).saturating_sub(window));
        self.observe(now);
    }

    /// Ends the interval if it is over: widens the window if every timer was late, else narrows it.
    fn observe(&mut self, now: Time) {
        let passed = now.since(self.since);
        if passed < limits::GATHER_INTERVAL {
            return;
        }
        let seen = self.rings >= limits::GATHER_RINGS_MIN;
        if seen && self.delay > limits::GATHER_STEP {
            self.window = (self.window * 2).max(self.delay * 2).min(limits::GATHER_MAX);
        } else if seen || passed >= limits::GATHER_INTERVAL * 4 {
            let intervals = passed.as_nanos() / limits::GATHER_INTERVAL.as_nanos();
            for _ in 0..intervals.min(32) {
                self.window = self.window.mul_f64(limits::GATHER_NARROWING);
            }
        } else {
            // Too few timers rang to judge by.
            return;
        }
        self.since = now;
        self.rings = 0;
        self.delay = Duration::MAX;
    }
}

/// The effects of a flush.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Flush<E> {
    /// Effects to perform before the queued messages are sent.
    pub before: Vec<E>,
    /// Effects to perform after that. They may queue further messages, for the next flush.
    pub after: Vec<E>,
}

impl<E> Default for Flush<E> {
    fn default() -> Self {
        Self { before: Vec::new(), after: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Time {
        Time::from_ms(1_000_000 + ms)
    }

    /// Rings timers that are late by `late` ms for `intervals` intervals; returns the time.
    fn ring(gather: &mut Gather, mut now: u64, intervals: u32, late: u64) -> u64 {
        let until = ms(now) + limits::GATHER_INTERVAL * intervals;
        while ms(now) < until {
            let set = ms(now);
            let window = gather.window(set).unwrap_or_default();
            now += u64::try_from(window.as_millis()).unwrap() + late.max(1);
            gather.rang(set, window, set + window + Duration::from_millis(late));
            gather.flushed(ms(now));
        }
        now
    }

    #[test]
    fn quiet_isolate_sends_at_once() {
        let mut gather = Gather::default();
        assert_eq!(gather.window(ms(0)), None);
        gather.flushed(ms(0));
        assert_eq!(gather.window(ms(1)), Some(Duration::ZERO), "a timer observes the thread");
        gather.rang(ms(1), Duration::ZERO, ms(1));
        gather.flushed(ms(1));
        assert_eq!(gather.window(ms(2)), None, "the thread was observed lately");
        gather.flushed(ms(6));
        assert_eq!(gather.window(ms(7)), Some(Duration::ZERO));
    }

    #[test]
    fn window_widens_to_its_limit_while_every_timer_is_late() {
        let mut gather = Gather::default();
        let now = ring(&mut gather, 0, 2, 5);
        assert!(gather.window(ms(now)).unwrap() >= Duration::from_millis(10));
        let now = ring(&mut gather, now, 4, 5);
        assert_eq!(gather.window(ms(now)), Some(limits::GATHER_MAX));
    }

    #[test]
    fn one_late_timer_among_many_says_nothing() {
        let mut gather = Gather::default();
        let mut now = 0;
        for _ in 0..50 {
            gather.rang(ms(now), Duration::ZERO, ms(now + 30));
            now = ring(&mut gather, now + 30, 1, 1);
            assert!(gather.window(ms(now)).unwrap_or_default() < limits::GATHER_STEP);
        }
    }

    #[test]
    fn window_narrows_slowly_while_timers_are_on_time_and_fully_in_a_pause() {
        let mut gather = Gather::default();
        let now = ring(&mut gather, 0, 8, 20);
        let narrowed = ring(&mut gather, now, 3, 1);
        let window = gather.window(ms(narrowed)).unwrap();
        assert!(window > limits::GATHER_MAX / 3 && window < limits::GATHER_MAX, "{window:?}");
        assert_eq!(gather.window(ms(narrowed + 5000)), None);
    }
}
