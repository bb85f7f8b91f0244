//! One fetch at a time for each key: who goes, who waits for who went, and who need not try.

use crate::caps;
use crate::id::PlayerId;
use crate::time::Time;
use std::collections::BTreeMap;

/// What is being fetched, and what could not be had a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flights(BTreeMap<PlayerId, Flight>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    until: Time,
    failed: bool,
}

/// What to do about a key that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Fetch it, and say how that went.
    Go,
    /// Somebody does: look again in a moment.
    Wait,
    /// Somebody could not: it would be the same now.
    Rest,
}

impl Flights {
    /// Whose turn it is. Somebody who went and never said how it ended is waited for no longer than a call may take.
    pub fn begin(&mut self, player: &PlayerId, now: Time) -> Turn {
        match self.0.get(player) {
            Some(flight) if now < flight.until && flight.failed => Turn::Rest,
            Some(flight) if now < flight.until => Turn::Wait,
            Some(_) | None => {
                self.0.retain(|_, flight| now < flight.until);
                let until = now + caps::CALL;
                let flight = Flight { until, failed: false };
                self.0.insert(player.clone(), flight);
                Turn::Go
            }
        }
    }

    /// It was fetched.
    pub fn landed(&mut self, player: &PlayerId) {
        self.0.remove(player);
    }

    /// It could not be had.
    pub fn failed(&mut self, player: &PlayerId, now: Time) {
        let until = now + caps::COPY_REST;
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
    fn one_goes_and_the_others_wait() {
        let (mut flights, ana) = (Flights::default(), "p_ana".parse().unwrap());
        assert_eq!(flights.begin(&ana, at(0)), Turn::Go);
        assert_eq!(flights.begin(&ana, at(1)), Turn::Wait);
        assert_eq!(flights.begin(&"p_bo".parse().unwrap(), at(1)), Turn::Go);
        flights.landed(&ana);
        assert_eq!(flights.begin(&ana, at(2)), Turn::Go);
        // Whose request was cut off never says so.
        assert_eq!(flights.begin(&ana, at(2 + time::ms(caps::CALL))), Turn::Go);
    }

    #[test]
    fn after_a_failure_everybody_rests() {
        let (mut flights, ana) = (Flights::default(), "p_ana".parse().unwrap());
        assert_eq!(flights.begin(&ana, at(0)), Turn::Go);
        flights.failed(&ana, at(10));
        assert_eq!(flights.begin(&ana, at(11)), Turn::Rest);
        let later = at(10 + time::ms(caps::COPY_REST));
        assert_eq!(flights.begin(&ana, later), Turn::Go);
        assert_eq!(flights.begin(&ana, later), Turn::Wait);
    }

    #[test]
    fn what_is_over_takes_no_space() {
        let mut flights = Flights::default();
        for n in 0..100 {
            let player = format!("p_{n}").parse().unwrap();
            let now = at(n * 10_000);
            assert_eq!(flights.begin(&player, now), Turn::Go);
            flights.failed(&player, now);
        }
        assert_eq!(flights.0.len(), 1);
    }
}
