//! How fast somebody may go: a token bucket that is a value, with a verdict.

use crate::time::{self, Time};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many a second, so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Kept up for ever.
    pub per_s: u32,
    /// At once, after rest.
    pub burst: u32,
}

/// What is left of a pace, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    left: u64,
    since: Time,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn full(pace: Pace, now: Time) -> Self {
        Self { left: u64::from(pace.burst) * 1000, since: now }
    }

    /// Takes one, or says how long until there is one.
    pub fn take(&mut self, pace: Pace, now: Time) -> Result<(), Duration> {
        let gained = time::ms(now.since(self.since)).saturating_mul(u64::from(pace.per_s));
        self.left = self.left.saturating_add(gained).min(u64::from(pace.burst) * 1000);
        self.since = now;
        if let Some(left) = self.left.checked_sub(1000) {
            self.left = left;
            return Ok(());
        }
        let missing = 1000 - self.left;
        Err(Duration::from_millis(missing.div_ceil(u64::from(pace.per_s.max(1)))))
    }
}

/// A bucket each, for as many as come, in bounded space: there are two generations, and when the younger one is full
/// the older is forgotten. Whoever is among the last `most / 2` to come is remembered; who was forgotten begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    most: usize,
    young: BTreeMap<String, Bucket>,
    old: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// Room for `most` buckets.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Takes one of theirs, or says how long until there is one.
    pub fn take(&mut self, whose: &str, pace: Pace, now: Time) -> Result<(), Duration> {
        if let Some(bucket) = self.young.get_mut(whose) {
            return bucket.take(pace, now);
        }
        let mut bucket = self.old.remove(whose).unwrap_or_else(|| Bucket::full(pace, now));
        let verdict = bucket.take(pace, now);
        if self.young.len() >= self.most / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(whose.to_owned(), bucket);
        verdict
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether nobody came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { per_s: 20, burst: 3 };

    fn check(times: &[u64], expected: &[Option<u64>]) {
        let mut bucket = Bucket::full(PACE, Time::from_ms(0));
        let got: Vec<_> =
            times.iter().map(|&ms| bucket.take(PACE, Time::from_ms(ms)).err().map(time::ms)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn the_burst_goes_and_the_next_waits_its_share() {
        check(&[0, 0, 0, 0], &[None, None, None, Some(50)]);
    }

    #[test]
    fn time_gives_back_and_no_more_than_the_burst() {
        check(&[0, 0, 0, 50, 60], &[None, None, None, None, Some(40)]);
        check(&[9000, 9000, 9000, 9000], &[None, None, None, Some(50)]);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_and_takes_nothing() {
        check(&[100, 50, 50, 50], &[None, None, None, Some(50)]);
    }

    #[test]
    fn each_has_a_bucket_of_their_own() {
        let (mut all, now) = (Buckets::new(8), Time::from_ms(0));
        for _ in 0..3 {
            assert_eq!(all.take("ana", PACE, now), Ok(()));
        }
        assert!(all.take("ana", PACE, now).is_err());
        assert_eq!(all.take("bo", PACE, now), Ok(()));
    }

    #[test]
    fn a_crowd_takes_no_more_space_and_hides_nobody_who_keeps_coming() {
        let (mut all, now) = (Buckets::new(8), Time::from_ms(0));
        let mut granted = 0;
        for n in 0..1000 {
            granted += u32::from(all.take("mallory", PACE, now).is_ok());
            let _ = all.take(&format!("somebody {n}"), PACE, now);
            assert!(all.len() <= 8);
        }
        assert_eq!(granted, PACE.burst);
    }
}
