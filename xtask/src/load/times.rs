//! Latencies that can be merged: histograms with three digits, and their sparse form in files.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;
/// The longest latency; a longer one counts as this one.
const LONGEST: Duration = Duration::from_secs(3600);

/// Latencies, with a resolution of one microsecond.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Times(Option<Histogram<u64>>);

impl Times {
    /// Adds a latency.
    pub(super) fn record(&mut self, time: Duration) {
        self.add(micros(time.min(LONGEST)), 1);
    }

    fn add(&mut self, micros: u64, count: u64) {
        if self.0.is_none() {
            // The number of digits is one that the crate accepts; the range grows with the values.
            self.0 = Histogram::new(DIGITS).ok();
        }
        if let Some(all) = &mut self.0 {
            // It grows as far as the longest latency, which is far below its limit.
            let _ = all.record_n(micros.max(1), count);
        }
    }

    /// Adds all latencies of another generator or time.
    pub(super) fn merge(&mut self, other: &Self) {
        for (micros, count) in other.buckets() {
            self.add(micros, count);
        }
    }

    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let recorded = self.0.iter().flat_map(|all| all.iter_recorded());
        recorded.map(|value| (value.value_iterated_to(), value.count_at_value()))
    }

    /// Returns the number of latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// Returns the latency at a quantile from 0 to 1; none without a latency.
    #[must_use]
    pub fn at(&self, quantile: f64) -> Option<Duration> {
        let all = self.0.as_ref().filter(|all| !all.is_empty())?;
        Some(Duration::from_micros(all.value_at_quantile(quantile)))
    }

    /// Returns the number of latencies that are longer.
    #[must_use]
    pub fn beyond(&self, limit: Duration) -> u64 {
        self.buckets().filter(|(at, _)| *at > micros(limit)).map(|(_, count)| count).sum()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The pairs of microseconds and count that occur.
impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.buckets())
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut times = Self::default();
        for (micros, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            times.add(micros.min(self::micros(LONGEST)), count);
        }
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: &[u64]) -> Times {
        let mut times = Times::default();
        for ms in ms {
            times.record(Duration::from_millis(*ms));
        }
        times
    }

    #[test]
    fn merged_times_have_the_percentiles_of_all() {
        let (mut fast, slow) = (of(&[1; 90]), of(&[100; 10]));
        fast.merge(&slow);
        assert_eq!(fast.count(), 100);
        let near = |quantile, ms: f64| {
            let at = fast.at(quantile).unwrap_or_default().as_secs_f64() * 1000.0;
            assert!((at / ms - 1.0).abs() < 0.01, "{at} is not {ms}");
        };
        near(0.5, 1.0);
        near(0.95, 100.0);
        assert_eq!(fast.beyond(Duration::from_millis(50)), 10);
    }

    #[test]
    fn file_keeps_all_times() {
        let times = of(&[0, 3, 7, 7, 900, 10_000_000]);
        let text = serde_json::to_string(&times).unwrap_or_default();
        let read: Times = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!((read.count(), read.at(0.5), read.at(1.0)), (6, times.at(0.5), times.at(1.0)));
        assert_eq!(Times::default().at(0.5), None);
    }
}
