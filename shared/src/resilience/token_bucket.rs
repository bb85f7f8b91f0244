//! Token buckets as values: they limit a rate and say how long to wait.

use crate::time::{self, Time};
use std::collections::BTreeMap;
use std::time::Duration;

/// A sustained rate and a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Tokens per second, sustained.
    pub per_s: u32,
    /// Tokens available at once after an idle time.
    pub burst: u32,
}

/// One token bucket, counted in thousandths of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    left: u64,
    since: Time,
}

impl Bucket {
    /// Returns a full bucket.
    #[must_use]
    pub fn full(pace: Pace, now: Time) -> Self {
        Self { left: u64::from(pace.burst) * 1000, since: now }
    }

    /// Takes one token, or returns the time until one is available.
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

/// One bucket per key in bounded space. There are two generations; when the younger one is full, the older is
/// discarded. Keys among the last `capacity / 2` to arrive keep their bucket; a discarded key starts with a
/// full one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    capacity: usize,
    young: BTreeMap<String, Bucket>,
    old: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// Returns an empty set with room for `capacity` buckets.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Takes one token from the key's bucket, or returns the time until one is available.
    pub fn take(&mut self, key: &str, pace: Pace, now: Time) -> Result<(), Duration> {
        if let Some(bucket) = self.young.get_mut(key) {
            return bucket.take(pace, now);
        }
        let mut bucket = self.old.remove(key).unwrap_or_else(|| Bucket::full(pace, now));
        let result = bucket.take(pace, now);
        if self.young.len() >= self.capacity / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.to_owned(), bucket);
        result
    }

    /// True if a token is left in the key's bucket. It takes none.
    #[must_use]
    pub fn has_token(&self, key: &str, pace: Pace, now: Time) -> bool {
        let bucket = self.young.get(key).or_else(|| self.old.get(key));
        bucket.copied().is_none_or(|mut bucket| bucket.take(pace, now).is_ok())
    }

    /// Returns the number of buckets that are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// True if no bucket is kept.
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
    fn burst_is_granted_and_the_next_request_waits() {
        check(&[0, 0, 0, 0], &[None, None, None, Some(50)]);
    }

    #[test]
    fn tokens_refill_up_to_the_burst() {
        check(&[0, 0, 0, 50, 60], &[None, None, None, None, Some(40)]);
        check(&[9000, 9000, 9000, 9000], &[None, None, None, Some(50)]);
    }

    #[test]
    fn clock_that_steps_back_changes_nothing() {
        check(&[100, 50, 50, 50], &[None, None, None, Some(50)]);
    }

    #[test]
    fn keys_have_separate_buckets() {
        let (mut all, now) = (Buckets::new(8), Time::from_ms(0));
        for _ in 0..3 {
            assert_eq!(all.take("ana", PACE, now), Ok(()));
        }
        assert!(all.take("ana", PACE, now).is_err());
        assert_eq!(all.take("bo", PACE, now), Ok(()));
    }

    #[test]
    fn question_takes_no_token() {
        let (mut all, now) = (Buckets::new(8), Time::from_ms(0));
        for _ in 0..3 {
            assert!(all.has_token("ana", PACE, now));
        }
        for _ in 0..3 {
            assert_eq!(all.take("ana", PACE, now), Ok(()));
        }
        assert!(!all.has_token("ana", PACE, now) && all.has_token("bo", PACE, now));
        assert!(all.has_token("ana", PACE, Time::from_ms(50)));
    }

    #[test]
    fn many_keys_stay_in_bounds_and_a_busy_key_stays_limited() {
        let (mut all, now) = (Buckets::new(8), Time::from_ms(0));
        let mut granted = 0;
        for n in 0..1000 {
            granted += u32::from(all.take("mallory", PACE, now).is_ok());
            let _ = all.take(&format!("player {n}"), PACE, now);
            assert!(all.len() <= 8);
        }
        assert_eq!(granted, PACE.burst);
    }
}
