//! The token buckets that hold how many requests each caller may still make.

use shared::limits;
use shared::resilience::token_bucket::{Bucket, Pace};
use shared::time::Time;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One token bucket for each caller, in bounded space. A caller always has the same pace.
#[derive(Debug, Default)]
pub struct RateBuckets {
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl RateBuckets {
    /// Takes one token from the caller's bucket, or returns the time until there is one.
    pub fn take(&self, caller: &str, pace: Pace, now: Time) -> Result<(), Duration> {
        // Each bucket is consistent at all times, so a poisoned lock is safe to use.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(caller) && buckets.len() >= limits::RATE_BUCKETS_MAX {
            evict(&mut buckets, pace, now);
        }
        let bucket = buckets.entry(caller.to_owned());
        bucket.or_insert_with(|| Bucket::full(pace, now)).take(pace, now)
    }
}

/// Evicts the full buckets, and if none is full, all of them: a flood of addresses resets some limits, but never grows the
/// memory.
fn evict(buckets: &mut HashMap<String, Bucket>, pace: Pace, now: Time) {
    let full = |mut bucket: Bucket| (0..pace.burst).all(|_| bucket.take(pace, now).is_ok());
    buckets.retain(|_, bucket| !full(*bucket));
    if buckets.len() >= limits::RATE_BUCKETS_MAX {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { per_s: 10, burst: 2 };

    fn check(calls: &[(&str, u64)], expected: &[bool]) {
        let table = RateBuckets::default();
        let got: Vec<_> =
            calls.iter().map(|(caller, ms)| table.take(caller, PACE, Time::from_ms(*ms)).is_ok()).collect();
        assert_eq!(got, expected, "{calls:?}");
    }

    #[test]
    fn callers_have_separate_buckets() {
        let calls = [("a", 0), ("a", 0), ("a", 0), ("b", 0), ("a", 99), ("a", 100)];
        check(&calls, &[true, true, false, true, false, true]);
    }

    #[test]
    fn table_stays_bounded_under_a_flood_of_callers() {
        let table = RateBuckets::default();
        for name in 0..limits::RATE_BUCKETS_MAX * 3 {
            assert!(table.take(&name.to_string(), PACE, Time::from_ms(0)).is_ok());
        }
        let held = table.buckets.lock().map_or(0, |buckets| buckets.len());
        assert!(held <= limits::RATE_BUCKETS_MAX, "{held}");
    }

    #[test]
    fn eviction_keeps_the_buckets_of_fast_callers() {
        let table = RateBuckets::default();
        let at = Time::from_ms;
        for name in 1..limits::RATE_BUCKETS_MAX {
            assert!(table.take(&name.to_string(), PACE, at(0)).is_ok());
        }
        for _ in 0..2 {
            assert!(table.take("fast", PACE, at(1000)).is_ok());
        }
        assert!(table.take("new", PACE, at(1000)).is_ok());
        assert!(table.take("fast", PACE, at(1000)).is_err());
    }
}
