//! Gathering: while many tickets arrive, plans wait until a number of tickets can be compared with each other.
//!
//! A queue without a crowd matches each ticket at once, because the next arrival is far away. In a rush the first fitting
//! partner would be taken although a much nearer one arrives within the second.

use crate::limits;
use crate::time::{self, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// The latest arrivals, and the open gathering.
#[derive(Debug, Clone, Default)]
pub struct Gathering {
    arrivals: VecDeque<Time>,
    /// The end of the open gathering.
    until: Option<Time>,
}

impl Gathering {
    /// Counts an arrival. Begins a gathering if many arrive and none is open.
    pub fn arrived(&mut self, now: Time) {
        self.arrivals.push_back(now);
        if self.arrivals.len() > limits::ENTRY_GATHER_ARRIVALS {
            self.arrivals.pop_front();
        }
        if self.until.is_none() {
            self.until = self.span(now).map(|span| now + span);
        }
    }

    /// Restores the gathering that may have been open before a restart, when the latest waiting ticket arrived.
    pub fn resume(&mut self, now: Time, latest: Time) {
        let until = latest + limits::ENTRY_GATHER_MAX;
        self.until = Some(until).filter(|&until| until > now);
    }

    /// Returns the time of the next plan, which is due at this time without a gathering.
    #[must_use]
    pub fn plan_at(&self, due: Time) -> Time {
        self.until.map_or(due, |until| until.max(due))
    }

    /// Ends a gathering whose time is over.
    pub fn planned(&mut self, now: Time) {
        self.until = self.until.filter(|&until| until > now);
    }

    /// Returns the time in which enough tickets arrive at the present rate; `None` if too few arrive.
    fn span(&self, now: Time) -> Option<Duration> {
        let first = *self.arrivals.front()?;
        let took = now.since(first);
        if self.arrivals.len() < limits::ENTRY_GATHER_ARRIVALS || took > limits::ENTRY_GATHER_WITHIN {
            return None;
        }
        let tickets =
            u64::try_from(limits::ENTRY_GATHER_TICKETS / limits::ENTRY_GATHER_ARRIVALS).unwrap_or(1);
        let span = Duration::from_millis(time::ms(took).saturating_mul(tickets));
        Some(span.clamp(limits::ENTRY_GATHER_MIN, limits::ENTRY_GATHER_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks how long the last of many arrivals, this far apart, waits for its plan.
    fn check(apart_ms: u64, arrivals: u64, expected_ms: u64) {
        let (mut gathering, mut now) = (Gathering::default(), Time::default());
        for nth in 0..arrivals {
            now = Time::from_ms(nth * apart_ms);
            gathering.planned(now);
            gathering.arrived(now);
        }
        assert_eq!(gathering.plan_at(now), now + Duration::from_millis(expected_ms), "every {apart_ms} ms");
    }

    #[test]
    fn quiet_queue_plans_at_once() {
        check(1000, 100, 0);
        check(100, 100, 0);
        check(0, limits::ENTRY_GATHER_ARRIVALS as u64 - 1, 0);
    }

    #[test]
    fn rush_is_gathered_for_a_time_that_depends_on_the_rate() {
        let first = limits::ENTRY_GATHER_ARRIVALS as u64;
        check(0, first, 500);
        check(1, first, 500);
        check(6, first, 900);
        check(60, first, 2000);
    }

    #[test]
    fn gathering_ends_with_its_plan_and_the_next_begins_with_the_next_arrival() {
        let mut gathering = Gathering::default();
        let t = Time::from_ms;
        for _ in 0..limits::ENTRY_GATHER_ARRIVALS {
            gathering.arrived(t(0));
        }
        assert_eq!(gathering.plan_at(t(0)), t(500));
        // A ticket that is due during the gathering is planned with it, a later one in its own time.
        assert_eq!((gathering.plan_at(t(400)), gathering.plan_at(t(600))), (t(500), t(600)));
        gathering.planned(t(499));
        assert_eq!(gathering.plan_at(t(0)), t(500));
        gathering.planned(t(500));
        assert_eq!(gathering.plan_at(t(500)), t(500));
        gathering.arrived(t(600));
        assert_eq!(gathering.plan_at(t(600)), t(2600));
        gathering.planned(t(2600));
        gathering.arrived(t(9000));
        assert_eq!(gathering.plan_at(t(9000)), t(9000));
    }
}
