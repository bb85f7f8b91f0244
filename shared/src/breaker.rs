//! When somebody who fails is left alone: a circuit breaker that is a value, with a verdict.

use crate::caps;
use crate::time::Time;
use std::time::Duration;

/// What is remembered of the last calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    state: State,
    /// The last outcomes, the newest in the lowest bit; a one is a failure.
    last: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Calls go through.
    #[default]
    Closed,
    /// None does until then.
    Open { until: Time, rest: Duration },
    /// One is out to see; where it is lost, another may go then.
    Probing { until: Time, rest: Duration },
}

impl Breaker {
    /// Whether a call may be made now. Whoever is told yes tells how it went.
    pub fn allow(&mut self, now: Time) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until, rest } | State::Probing { until, rest } if until <= now => {
                let until = now + caps::CALL;
                self.state = State::Probing { until, rest };
                true
            }
            State::Open { .. } | State::Probing { .. } => false,
        }
    }

    /// A call was answered.
    pub fn succeeded(&mut self) {
        match self.state {
            State::Closed => self.last <<= 1,
            // One that began before it opened says nothing new.
            State::Open { .. } => {}
            State::Probing { .. } => *self = Self::default(),
        }
    }

    /// A call was not.
    pub fn failed(&mut self, now: Time) {
        let rest = match self.state {
            State::Closed => {
                self.last = self.last << 1 | 1;
                if self.last.count_ones() < caps::BREAKER_FAILURES {
                    return;
                }
                caps::BREAKER_REST
            }
            State::Open { .. } => return,
            State::Probing { rest, .. } => (rest * 2).min(caps::BREAKER_REST_MAX),
        };
        let until = now + rest;
        self.state = State::Open { until, rest };
    }

    /// Whether calls go through without a question.
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
        for _ in 0..caps::BREAKER_FAILURES {
            assert!(breaker.allow(at(0)));
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn it_opens_when_half_of_the_last_fail() {
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
    fn one_call_goes_to_see_and_closes_it() {
        let mut breaker = broken();
        let rest = time::ms(caps::BREAKER_REST);
        assert!(!breaker.allow(at(rest - 1)));
        assert!(breaker.allow(at(rest)));
        assert!(!breaker.allow(at(rest)), "one is enough");
        breaker.succeeded();
        assert!(breaker.is_closed() && breaker.allow(at(rest)));
        breaker.failed(at(rest));
        assert!(breaker.is_closed(), "old failures are forgotten");
    }

    #[test]
    fn each_failed_look_doubles_the_rest_up_to_a_bound() {
        let (mut breaker, mut now, mut rests) = (broken(), 0, Vec::new());
        for _ in 0..8 {
            let mut rest = 0;
            while !breaker.allow(at(now + rest)) {
                rest += 100;
            }
            rests.push(rest);
            now += rest;
            breaker.failed(at(now));
        }
        assert_eq!(rests, [1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
    }

    #[test]
    fn a_look_that_never_ends_is_not_waited_for() {
        let mut breaker = broken();
        let then = time::ms(caps::BREAKER_REST);
        assert!(breaker.allow(at(then)));
        assert!(!breaker.allow(at(then + time::ms(caps::CALL) - 1)));
        assert!(breaker.allow(at(then + time::ms(caps::CALL))));
    }
}
