//! The gathering window of an isolate: how long its objects gather output before they send it.
//!
//! A frame costs the platform far more than the messages in it, so a busy thread must send few large frames and a quiet
//! one must send at once. All objects of an isolate share one thread: how late the timers of *all* of them ring says how
//! busy it is. An object that judged by its own traffic would look quiet to itself among a thousand others.
//!
//! One late timer says little: a collection of garbage or a write to disk delays it on a quiet thread too. A thread is
//! busy if most timers of an interval are late. It is also busy, though its timers are on time, if the frames
//! that it sends take a large part of it alone.

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
    /// Those of them that were late.
    late: u32,
    /// The sum of all their delays.
    delays: Duration,
    /// The frames that were sent in it.
    frames: u32,
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
            late: 0,
            delays: Duration::ZERO,
            frames: 0,
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

    /// Notes that an object sent this many frames.
    pub fn flushed(&mut self, now: Time, frames: u32) {
        self.flushed_at = now;
        self.frames = self.frames.saturating_add(frames);
    }

    /// Notes that a timer of this length rang.
    pub fn rang(&mut self, set_at: Time, window: Duration, now: Time) {
        self.rang_at = now;
        self.rings += 1;
        let delay = now.since(set_at).saturating_sub(window);
        self.late += u32::from(delay > limits::GATHER_STEP);
        self.delays += delay;
        self.observe(now);
    }

    /// Ends the interval if it is over: widens the window if the thread was busy, else narrows it.
    fn observe(&mut self, now: Time) {
        let passed = now.since(self.since);
        if passed < limits::GATHER_INTERVAL {
            return;
        }
        let seen = self.rings >= limits::GATHER_RINGS_MIN;
        let late = seen && self.late * 2 > self.rings;
        let crowded = f64::from(self.frames) > limits::GATHER_FRAMES_PER_S * passed.as_secs_f64();
        if late || crowded {
            let delay = self.delays.checked_div(self.rings).unwrap_or_default();
            let wider = (self.window * 2).max(delay * 2).max(limits::GATHER_STEP * 2);
            self.window = wider.min(limits::GATHER_MAX);
        } else if seen || passed >= limits::GATHER_INTERVAL * 4 {
            let intervals = passed.as_nanos() / limits::GATHER_INTERVAL.as_nanos();
            for _ in 0..intervals.min(32) {
                self.window = self.window.mul_f64(limits::GATHER_NARROWING);
            }
        } else {
            // Too few timers rang to judge by.
            return;
        }
        let Self { window, rang_at, flushed_at, .. } = *self;
        *self = Self { window, rang_at, flushed_at, since: now, ..Self::default() };
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
            gather.flushed(ms(now), 1);
        }
        now
    }

    #[test]
    fn quiet_isolate_sends_at_once() {
        let mut gather = Gather::default();
        assert_eq!(gather.window(ms(0)), None);
        gather.flushed(ms(0), 1);
        assert_eq!(gather.window(ms(1)), Some(Duration::ZERO), "a timer observes the thread");
        gather.rang(ms(1), Duration::ZERO, ms(1));
        gather.flushed(ms(1), 1);
        assert_eq!(gather.window(ms(2)), None, "the thread was observed lately");
        gather.flushed(ms(6), 1);
        assert_eq!(gather.window(ms(7)), Some(Duration::ZERO));
    }

    #[test]
    fn window_widens_to_its_limit_while_most_timers_are_late() {
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
    fn window_widens_while_frames_crowd_the_thread_though_its_timers_are_on_time() {
        let mut gather = Gather::default();
        assert_eq!(gather.window(ms(0)), None);
        let mut now = 0;
        for _ in 0..5 {
            gather.flushed(ms(now), 2000);
            now = ring(&mut gather, now, 1, 1);
        }
        assert_eq!(gather.window(ms(now)), Some(limits::GATHER_MAX));
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
