//! A histogram of durations or amounts, and its lines in Prometheus' text format.

use super::catalog::{bounds, is_time};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The counts of the buckets of a histogram. The bounds follow from its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Histogram {
    /// One more than there are bounds: the last bucket is beyond them.
    #[serde(rename = "classes")]
    buckets: Vec<u64>,
    /// The sum of all values, in the unit of the bounds.
    #[serde(rename = "sum_ms")]
    sum: u64,
}

impl Histogram {
    /// Adds a value.
    pub(super) fn add(&mut self, name: &str, value: u64) {
        let bounds = bounds(name);
        self.buckets.resize(bounds.len() + 1, 0);
        let bucket = bounds.partition_point(|bound| value > *bound);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(value);
    }

    /// Adds the counts of another histogram of the same name.
    pub(super) fn merge(&mut self, name: &str, other: &Self) {
        self.buckets.resize(bounds(name).len() + 1, 0);
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// Writes the lines. `labels` are those of the series, or empty.
    pub(super) fn write(&self, out: &mut String, name: &str, labels: &str) {
        let is_time = is_time(name);
        let number = |value: u64| {
            if is_time { format!("{}.{:03}", value / 1000, value % 1000) } else { value.to_string() }
        };
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        let bounds = bounds(name).iter().map(|bound| number(*bound)).chain(["+Inf".to_owned()]);
        for (count, bound) in self.buckets.iter().zip(bounds) {
            below += count;
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}");
        }
        let series = |kind: &str| match labels {
            "" => format!("{name}_{kind}"),
            _ => format!("{name}_{kind}{{{labels}}}"),
        };
        let _ = writeln!(out, "{} {}", series("sum"), number(self.sum));
        let _ = writeln!(out, "{} {below}", series("count"));
    }
}
