//! Samples in the notation of promtool: the values of a series, a sample each unit of time, in phases.

use std::fmt::Write as _;

use serde::Serialize;

use super::query::number;
use super::series::{Labels, Series, labelled};

/// The least growth from one phase of a counter to the next. Without it, promtool's sums and those here could differ in their last
/// digit, and a counter that falls has begun again.
const APART: f64 = 1e-5;

/// A series with its samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    pub series: String,
    pub values: String,
}

/// A time with one value: of a gauge, or the growth of a counter in each unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    pub units: u64,
    pub value: f64,
}

impl Phase {
    /// Returns a phase of this many units.
    #[must_use]
    pub const fn of(units: u64, value: f64) -> Self {
        Self { units, value }
    }
}

/// Returns phases of these units, each with the value that `of` makes of the one beside them.
#[must_use]
pub fn phases(parts: &[(u64, f64)], of: impl Fn(f64) -> f64) -> Vec<Phase> {
    parts.iter().map(|(units, value)| Phase::of(*units, of(*value))).collect()
}

/// Returns the series of a histogram: its buckets by their bounds, and the count of all events.
#[must_use]
pub fn histogram(series: &Series, labels: &Labels, buckets: &[(f64, &[Phase])], all: &[Phase]) -> Vec<Input> {
    let bounds = buckets.iter().map(|(bound, phases)| (format!("{bound:.3}"), *phases));
    let bucket = |(bound, phases): (String, &[Phase])| {
        let labels = [labels.clone(), vec![("le".to_owned(), bound)]].concat();
        counter(&series.part("_bucket").name, &labels, phases)
    };
    let count = counter(&series.part("_count").name, labels, all);
    bounds.chain([("+Inf".to_owned(), all)]).map(bucket).chain([count]).collect()
}

/// Returns a counter that grows by each phase's value in each of its units. It begins at 0.
#[must_use]
pub fn counter(name: &str, labels: &Labels, phases: &[Phase]) -> Input {
    let (mut values, mut total) = (String::from("0"), 0.0);
    for (at, phase) in phases.iter().filter(|phase| phase.units > 0).enumerate() {
        total += if at > 0 { APART } else { 0.0 };
        let (first, step) = (number(total + phase.value), number(phase.value));
        // Writing to a String does not fail.
        let _ = write!(values, " {first}+{step}x{}", phase.units - 1);
        total += times(phase.units) * phase.value;
    }
    Input { series: labelled(name, labels), values }
}

/// Returns a gauge with each phase's value in each of its units.
#[must_use]
pub fn gauge(name: &str, labels: &Labels, phases: &[Phase]) -> Input {
    let first = phases.first().map_or(0.0, |phase| phase.value);
    let mut values = number(first);
    for phase in phases.iter().filter(|phase| phase.units > 0) {
        let _ = write!(values, " {}+0x{}", number(phase.value), phase.units - 1);
    }
    Input { series: labelled(name, labels), values }
}

/// Returns a count as a factor.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
pub fn times(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other_without_a_gap() {
        let labels = Labels::from([("a".to_owned(), "b".to_owned())]);
        let made = counter("x", &labels, &[Phase::of(3, 2.0), Phase::of(0, 9.0), Phase::of(2, 0.5)]);
        // 0, 2, 4, 6, about 6.5, 7
        assert_eq!((made.series.as_str(), made.values.as_str()), ("x{a=\"b\"}", "0 2+2x2 6.50001+0.5x1"));
        let made = gauge("x", &labels, &[Phase::of(2, 7.0), Phase::of(1, 1.0)]);
        assert_eq!(made.values, "7 7+0x1 1+0x0");
    }
}
