//! A circuit breaker as a value: it stops calls to a server that keeps failing.

use crate::limits;
use crate::time::Time;
use std::time::Duration;

/// The outcomes of the last calls, and whether further ones are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    state: State,
    /// The last outcomes, newest in the lowest bit; a set bit is a failure.
    last: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// All calls are allowed.
    #[default]
    Closed,
    /// No call is allowed before this time.
    Open { until: Time, open_for: Duration },
    /// One probe is in flight; if its result is lost, another may start at this time.
    Probing { until: Time, open_for: Duration },
}

impl Breaker {
    /// True if a call may be made now. The caller then reports its result.
    pub fn allow(&mut self, now: Time) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until, open_for } | State::Probing { until, open_for } if until <= now => {
                let until = now + limits::CALL_TIMEOUT;
                self.state = State::Probing { until, open_for };
                true
            }
            State::Open { .. } | State::Probing { .. } => false,
        }
    }

    /// Records that a call was answered.
    pub fn succeeded(&mut self) {
        match self.state {
            State::Closed => self.last <<= 1,
            // The result of a call that began before the breaker opened changes nothing.
            State::Open { .. } => {}
            State::Probing { .. } => *self = Self::default(),
        }
    }

    /// Records that a call failed.
    pub fn failed(&mut self, now: Time) {
        let open_for = match self.state {
            State::Closed => {
                self.last = self.last << 1 | 1;
                if self.last.count_ones() < limits::BREAKER_FAILURES_MAX {
                    return;
                }
                limits::BREAKER_OPEN_FIRST
            }
            State::Open { .. } => return,
            State::Probing { open_for, .. } => (open_for * 2).min(limits::BREAKER_OPEN_MAX),
        };
        let until = now + open_for;
        self.state = State::Open { until, open_for };
    }

    /// True if all calls are allowed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    fn broken() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..limits::BREAKER_FAILURES_MAX {
            assert!(breaker.allow(at(0)));
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn breaker_opens_when_half_of_the_last_calls_fail() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for failed in [false, false, true] {
                if failed {
                    breaker.failed(at(0));
                } else {
                    breaker.succeeded();
                }
            }
        }
        assert!(breaker.is_closed(), "a third failed");
        for _ in 0..100 {
            breaker.failed(at(0));
            breaker.succeeded();
            breaker.failed(at(0));
        }
        assert!(!breaker.is_closed(), "two thirds failed");
    }

    #[test]
    fn successful_probe_closes_the_breaker() {
        let mut breaker = broken();
        let open_for = time::ms(limits::BREAKER_OPEN_FIRST);
        assert!(!breaker.allow(at(open_for - 1)));
        assert!(breaker.allow(at(open_for)));
        assert!(!breaker.allow(at(open_for)), "one probe is enough");
        breaker.succeeded();
        assert!(breaker.is_closed() && breaker.allow(at(open_for)));
        breaker.failed(at(open_for));
        assert!(breaker.is_closed(), "old failures are forgotten");
    }

    #[test]
    fn failed_probes_double_the_open_time_up_to_a_bound() {
        let (mut breaker, mut now, mut open_times) = (broken(), 0, Vec::new());
        for _ in 0..8 {
            let mut open_for = 0;
            while !breaker.allow(at(now + open_for)) {
                open_for += 100;
            }
            open_times.push(open_for);
            now += open_for;
            breaker.failed(at(now));
        }
        assert_eq!(open_times, [1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
    }

    #[test]
    fn probe_without_a_result_expires() {
        let mut breaker = broken();
        let then = time::ms(limits::BREAKER_OPEN_FIRST);
        assert!(breaker.allow(at(then)));
        assert!(!breaker.allow(at(then + time::ms(limits::CALL_TIMEOUT) - 1)));
        assert!(breaker.allow(at(then + time::ms(limits::CALL_TIMEOUT))));
    }
}
