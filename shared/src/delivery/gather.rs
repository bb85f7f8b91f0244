//! The gathering window of an isolate: how long its objects gather output before they send it.
//!
//! A frame costs the platform far more than the messages in it, so a busy thread must send few large frames and a quiet
//! one must send at once. All objects of an isolate share one thread: how late the timer of *any* of them rings says how
//! busy it is. An object that judged by its own traffic would look quiet to itself among a thousand others.

use crate::limits;
use crate::time::Time;
use std::time::Duration;

/// The state of one isolate's gathering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// The window at `decayed_at`.
    window: Duration,
    decayed_at: Time,
    /// The last time that any object of the isolate sent output.
    flushed_at: Time,
}

impl Default for Gather {
    fn default() -> Self {
        Self { window: Duration::ZERO, decayed_at: Time::from_ms(0), flushed_at: Time::from_ms(0) }
    }
}

impl Gather {
    /// Returns how long an object that owes output gathers more of it; none if it sends at once, because the whole
    /// isolate was quiet.
    pub fn window(&mut self, now: Time) -> Option<Duration> {
        self.decay(now);
        if now.since(self.flushed_at) >= limits::GATHER_QUIET && self.window < limits::GATHER_STEP {
            return None;
        }
        Some(self.window)
    }

    /// Notes that an object sent output.
    pub fn flushed(&mut self, now: Time) {
        self.flushed_at = now;
    }

    /// Notes that a timer of this length rang. A late one widens the window at once; the window narrows with time.
    pub fn rang(&mut self, set_at: Time, window: Duration, now: Time) {
        self.decay(now);
        let late = now.since(set_at).saturating_sub(window);
        let wanted = late.saturating_sub(limits::GATHER_STEP) * 2;
        self.window = self.window.max(wanted).min(limits::GATHER_MAX);
    }

    /// Narrows the window by half in each half-life, in whole steps of an eighth of it.
    fn decay(&mut self, now: Time) {
        let step = limits::GATHER_HALF_LIFE / 8;
        let steps = now.since(self.decayed_at).as_nanos() / step.as_nanos();
        if steps == 0 {
            return;
        }
        self.decayed_at = now;
        // 0.917 is the eighth root of a half.
        for _ in 0..steps.min(64) {
            self.window = self.window.mul_f64(0.917);
        }
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

    /// Rings a timer that was set at `set` for as long as the isolate demands, `late` ms late.
    fn ring(gather: &mut Gather, set: u64, late: u64) -> Duration {
        let window = gather.window(ms(set)).unwrap_or_default();
        let rings = ms(set + late) + window;
        gather.rang(ms(set), window, rings);
        gather.flushed(rings);
        window
    }

    #[test]
    fn quiet_isolate_sends_at_once() {
        let mut gather = Gather::default();
        assert_eq!(gather.window(ms(0)), None);
        gather.flushed(ms(0));
        assert_eq!(gather.window(ms(1)), Some(Duration::ZERO));
        assert_eq!(gather.window(ms(2)), None);
    }

    #[test]
    fn late_timer_widens_the_window_at_once_up_to_its_limit() {
        let mut gather = Gather::default();
        ring(&mut gather, 0, 5);
        assert_eq!(gather.window(ms(5)), Some(Duration::from_millis(8)));
        ring(&mut gather, 5, 500);
        assert_eq!(gather.window(ms(518)), Some(limits::GATHER_MAX));
    }

    #[test]
    fn timer_that_is_late_by_the_clock_s_resolution_says_nothing() {
        let mut gather = Gather::default();
        gather.flushed(ms(0));
        for nth in 0..100 {
            assert_eq!(ring(&mut gather, nth, 1), Duration::ZERO);
        }
    }

    #[test]
    fn window_narrows_slowly_and_another_object_s_timer_keeps_it_wide() {
        let mut gather = Gather::default();
        ring(&mut gather, 0, 100);
        let half = u64::try_from(limits::GATHER_HALF_LIFE.as_millis()).unwrap();
        gather.flushed(ms(100 + half));
        let narrowed = gather.window(ms(100 + half)).unwrap();
        assert!(narrowed > limits::GATHER_MAX / 3 && narrowed < limits::GATHER_MAX * 2 / 3, "{narrowed:?}");
        ring(&mut gather, 100 + half, 100);
        assert_eq!(gather.window(ms(200 + half) + narrowed), Some(limits::GATHER_MAX));
    }
}
