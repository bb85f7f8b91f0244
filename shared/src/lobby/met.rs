//! Who met whom, and is not to meet again so soon.

use crate::caps;
use crate::id::PlayerId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The pairs that met last, and until when each is kept apart. It does not matter who is named first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Pair>", into = "Vec<Pair>")]
pub struct Met(BTreeMap<(PlayerId, PlayerId), Time>);

/// As it is written.
type Pair = (PlayerId, PlayerId, Time);

impl Met {
    /// Until when these two are kept apart; none, they are not.
    #[must_use]
    pub fn until(&self, a: &PlayerId, b: &PlayerId) -> Option<Time> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&pair(a, b)).copied()
    }

    /// They met, and are kept apart until then. Pairs whose time is over are forgotten, then those whose time is over
    /// soonest.
    pub fn add(&mut self, now: Time, a: &PlayerId, b: &PlayerId, until: Time) {
        self.0.retain(|_, until| *until > now);
        self.0.insert(pair(a, b), until);
        while self.0.len() > caps::MET {
            let soonest = self.0.iter().min_by_key(|(_, until)| **until);
            let Some(pair) = soonest.map(|(pair, _)| pair.clone()) else {
                return;
            };
            self.0.remove(&pair);
        }
    }
}

fn pair(a: &PlayerId, b: &PlayerId) -> (PlayerId, PlayerId) {
    if a <= b {
        (a.clone(), b.clone())
    } else {
        (b.clone(), a.clone())
    }
}

impl From<Vec<Pair>> for Met {
    fn from(pairs: Vec<Pair>) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(a, b, until)| ((a, b), until)).collect())
    }
}

impl From<Met> for Vec<Pair> {
    fn from(met: Met) -> Self {
        let pairs = met.0.into_iter();
        pairs.map(|((a, b), until)| (a, b, until)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(n: usize) -> PlayerId {
        format!("p_{n}").parse().unwrap()
    }

    fn check(met: &Met, a: usize, b: usize, expected: Option<u64>) {
        let expected = expected.map(Time::from_ms);
        assert_eq!(met.until(&player(a), &player(b)), expected);
        assert_eq!(met.until(&player(b), &player(a)), expected);
    }

    #[test]
    fn who_met_is_kept_apart_from_both_sides() {
        let t = Time::from_ms;
        for a in 0..12 {
            for b in (0..12).filter(|&b| b != a) {
                let mut met = Met::default();
                met.add(t(0), &player(a), &player(b), t(9));
                let back: Met =
                    serde_json::from_str(&serde_json::to_string(&met).unwrap()).unwrap();
                assert_eq!(back, met);
                for c in 0..12 {
                    check(&met, a, c, (c == b).then_some(9));
                }
            }
        }
    }

    #[test]
    fn only_the_last_pairs_are_remembered() {
        let (t, mut met) = (Time::from_ms, Met::default());
        for n in 0..=caps::MET {
            met.add(t(0), &player(n), &player(n + 1), t(100 + n as u64));
        }
        check(&met, 0, 1, None);
        check(&met, 1, 2, Some(101));
        met.add(t(5000), &player(1), &player(3), t(6000));
        check(&met, caps::MET, caps::MET + 1, None);
    }
}
