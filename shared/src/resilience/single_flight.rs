//! Request coalescing: one fetch per key at a time, and a pause after a failed one.

use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use std::collections::BTreeMap;

/// The fetches in progress, and those that failed a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SingleFlight(BTreeMap<PlayerId, Flight>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    until: Time,
    failed: bool,
}

/// The role of a request for a missing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlightRole {
    /// It fetches the value and reports the result.
    Lead,
    /// Another request fetches it: this one polls until the value is there.
    Follow,
    /// A fetch failed a moment ago: this request does not repeat it.
    BackOff,
}

impl SingleFlight {
    /// Returns the role of a new request. A leader that never reports its result is waited for no longer than
    /// a call may take.
    pub fn begin(&mut self, player: &PlayerId, now: Time) -> FlightRole {
        match self.0.get(player) {
            Some(flight) if now < flight.until && flight.failed => FlightRole::BackOff,
            Some(flight) if now < flight.until => FlightRole::Follow,
            Some(_) | None => {
                self.0.retain(|_, flight| now < flight.until);
                let until = now + limits::CALL_TIMEOUT;
                let flight = Flight { until, failed: false };
                self.0.insert(player.clone(), flight);
                FlightRole::Lead
            }
        }
    }

    /// Records that the fetch succeeded.
    pub fn completed(&mut self, player: &PlayerId) {
        self.0.remove(player);
    }

    /// Records that the fetch failed: further requests back off for `limits::FETCH_BACK_OFF`.
    pub fn failed(&mut self, player: &PlayerId, now: Time) {
        let until = now + limits::FETCH_BACK_OFF;
        let flight = Flight { until, failed: true };
        self.0.insert(player.clone(), flight);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::time;

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    #[test]
    fn one_request_leads_and_the_others_follow() {
        let (mut fetches, ana) = (SingleFlight::default(), "p_ana".parse().unwrap());
        assert_eq!(fetches.begin(&ana, at(0)), FlightRole::Lead);
        assert_eq!(fetches.begin(&ana, at(1)), FlightRole::Follow);
        assert_eq!(fetches.begin(&"p_bo".parse().unwrap(), at(1)), FlightRole::Lead);
        fetches.completed(&ana);
        assert_eq!(fetches.begin(&ana, at(2)), FlightRole::Lead);
        // A request that was cut off never reports its result.
        assert_eq!(fetches.begin(&ana, at(2 + time::ms(limits::CALL_TIMEOUT))), FlightRole::Lead);
    }

    #[test]
    fn all_requests_back_off_after_a_failure() {
        let (mut fetches, ana) = (SingleFlight::default(), "p_ana".parse().unwrap());
        assert_eq!(fetches.begin(&ana, at(0)), FlightRole::Lead);
        fetches.failed(&ana, at(10));
        assert_eq!(fetches.begin(&ana, at(11)), FlightRole::BackOff);
        let later = at(10 + time::ms(limits::FETCH_BACK_OFF));
        assert_eq!(fetches.begin(&ana, later), FlightRole::Lead);
        assert_eq!(fetches.begin(&ana, later), FlightRole::Follow);
    }

    #[test]
    fn expired_fetches_take_no_space() {
        let mut fetches = SingleFlight::default();
        for n in 0..100 {
            let player = format!("p_{n}").parse().unwrap();
            let now = at(n * 10_000);
            assert_eq!(fetches.begin(&player, now), FlightRole::Lead);
            fetches.failed(&player, now);
        }
        assert_eq!(fetches.0.len(), 1);
    }
}
