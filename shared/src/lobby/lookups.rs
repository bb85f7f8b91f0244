//! The limit on concurrent region lookups.
//!
//! A few players are looked up at a time, the others in order of arrival. So a rush of players queues in the
//! lobby instead of in the region.

use crate::limits;
use crate::time::Time;
use std::collections::{BTreeSet, VecDeque};

/// Lookups by number: those in flight, and those that wait.
#[derive(Debug, Clone, Default)]
pub(in crate::lobby) struct Lookups {
    in_flight: BTreeSet<u64>,
    waiting: VecDeque<(u64, Time)>,
}

/// The next step of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lobby) enum LookupStep {
    /// The lookup starts now.
    Start(u64),
    /// The lookup waited longer than `limits::LOOKUP_QUEUE_TIMEOUT` and is dropped.
    Expired(u64),
}

impl Lookups {
    /// Returns true if one more lookup may start or wait.
    pub(in crate::lobby) fn has_room(&self) -> bool {
        self.waiting.len() < limits::LOOKUPS_QUEUED_MAX
    }

    /// Adds a lookup. `None` if it waits.
    pub(in crate::lobby) fn join(&mut self, now: Time, lookup: u64) -> Option<LookupStep> {
        if self.in_flight.len() < limits::LOOKUPS_CONCURRENT_MAX {
            self.in_flight.insert(lookup);
            return Some(LookupStep::Start(lookup));
        }
        self.waiting.push_back((lookup, now));
        None
    }

    /// Removes a waiting lookup.
    pub(in crate::lobby) fn leave(&mut self, lookup: u64) {
        self.waiting.retain(|(waiting, _)| *waiting != lookup);
    }

    /// Ends a lookup and returns the steps of the waiting ones.
    pub(in crate::lobby) fn done(&mut self, now: Time, lookup: u64) -> Vec<LookupStep> {
        self.in_flight.remove(&lookup);
        let mut steps = Vec::new();
        while self.in_flight.len() < limits::LOOKUPS_CONCURRENT_MAX
            && let Some((lookup, since)) = self.waiting.pop_front()
        {
            if now.since(since) > limits::LOOKUP_QUEUE_TIMEOUT {
                steps.push(LookupStep::Expired(lookup));
            } else {
                self.in_flight.insert(lookup);
                steps.push(LookupStep::Start(lookup));
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Conn, ConnectionInput, Identity};
    use crate::lobby::{Disk, Effect, Input, Lobby};
    use crate::pool::Shard;

    fn full(now: Time) -> Lookups {
        let mut lookups = Lookups::default();
        for lookup in 1..=limits::LOOKUPS_CONCURRENT_MAX as u64 {
            assert_eq!(lookups.join(now, lookup), Some(LookupStep::Start(lookup)));
        }
        lookups
    }

    #[test]
    fn waiting_lookups_start_in_order_of_arrival() {
        let mut lookups = full(Time::default());
        for lookup in [101, 102, 103] {
            assert_eq!(lookups.join(Time::default(), lookup), None);
        }
        lookups.leave(102);
        assert_eq!(lookups.done(Time::default(), 1), [LookupStep::Start(101)]);
        // A repeated end frees one place only.
        assert_eq!(lookups.done(Time::default(), 1), []);
        assert_eq!(lookups.done(Time::default(), 101), [LookupStep::Start(103)]);
        assert_eq!(lookups.done(Time::default(), 103), []);
        assert_eq!(lookups.join(Time::default(), 104), Some(LookupStep::Start(104)));
    }

    #[test]
    fn lookup_that_waited_too_long_expires_and_frees_its_place() {
        let mut lookups = full(Time::default());
        assert_eq!(lookups.join(Time::from_ms(1), 101), None);
        assert_eq!(lookups.join(Time::from_ms(2), 102), None);
        let late = Time::from_ms(2) + limits::LOOKUP_QUEUE_TIMEOUT;
        assert_eq!(lookups.done(late, 1), [LookupStep::Expired(101), LookupStep::Start(102)]);
    }

    #[test]
    fn rush_is_looked_up_a_few_at_a_time_with_spread_retry_times() {
        let pool = crate::pool::read_one("p", serde_json::from_str(r#"{"seats":2}"#).unwrap()).unwrap();
        let (shard, disk, now) = (Shard::Child(0), Disk::default(), Time::from_ms(1000));
        let restored = Lobby::restore("p".parse().unwrap(), shard, &pool, &disk, &[], now);
        let mut lobby = restored.unwrap().0;
        let mut asked = VecDeque::new();
        let text = r#"{"id":1,"op":"enter","key":"k"}"#;
        for nth in 1..=50 {
            let identity = Identity {
                player: format!("p_{nth}").parse().unwrap(),
                sid: format!("s_{nth}").parse().unwrap(),
                ep: 0,
                exp: now + limits::RETRY_MAX,
            };
            let (conn, current_match) = (Conn(nth), None);
            lobby.handle(now, Input::Opened { conn, identity, current_match });
            asked.extend(looked(&lobby.handle(now, ConnectionInput::Text { conn, text }.into())));
        }
        assert_eq!(asked.len(), limits::LOOKUPS_CONCURRENT_MAX);
        let (mut all, mut pauses) = (BTreeSet::new(), BTreeSet::new());
        while let Some(lookup) = asked.pop_front() {
            assert!(all.insert(lookup), "each lookup starts once");
            let answer = None;
            let effects = lobby.handle(now, Input::LookedUp { lookup, answer });
            asked.extend(looked(&effects));
            assert!(asked.len() <= limits::LOOKUPS_CONCURRENT_MAX);
            let said = effects.iter().find_map(|effect| match effect {
                Effect::Send { text, .. } => text.split_once("after_ms\":"),
                _ => None,
            });
            pauses.insert(said.unwrap().1[..4].to_owned());
        }
        assert_eq!(all.len(), 50);
        assert!(pauses.len() > 40, "{pauses:?}");
    }

    fn looked(effects: &[Effect]) -> Vec<u64> {
        let lookups = effects.iter().filter_map(|effect| match effect {
            Effect::LookUp { lookup, .. } => Some(*lookup),
            _ => None,
        });
        lookups.collect()
    }

    #[test]
    fn waiting_lookups_are_limited() {
        let mut lookups = full(Time::default());
        for lookup in 0..limits::LOOKUPS_QUEUED_MAX as u64 {
            assert!(lookups.has_room());
            lookups.join(Time::default(), 1000 + lookup);
        }
        assert!(!lookups.has_room());
    }
}
