//! The counts of one isolate since its last report.

use super::DistinctPlayers;
use super::catalog::REQUEST_DURATION;
use super::histogram::Histogram;
use super::readiness::Readiness;
use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of each label of the series that counts what has no series of its own, because its metric has too many.
pub(crate) const OTHER: &str = "other";

/// The counts of one isolate since its last report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Counters by series, `name{label="…"}`.
    pub(super) counts: BTreeMap<String, u64>,
    /// Gauge changes by series.
    pub(super) changes: BTreeMap<String, i64>,
    /// Request durations by route.
    pub(super) durations: BTreeMap<String, Histogram>,
    /// The other histograms by series.
    pub(super) histograms: BTreeMap<String, Histogram>,
    #[serde(rename = "people")]
    pub(super) players: DistinctPlayers,
    pub(super) ready: Readiness,
}

impl Tally {
    /// Increments a counter.
    pub fn count(&mut self, series: &str) {
        self.count_by(series, 1);
    }

    /// Adds to a counter. Beyond [`limits::SERIES_PER_METRIC_MAX`] series of a metric, further ones share a series.
    pub fn count_by(&mut self, series: &str, more: u64) {
        with_series(&mut self.counts, series, |count| *count = count.saturating_add(more));
    }

    /// Changes a gauge by this amount.
    pub fn change(&mut self, series: &str, by: i64) {
        with_series(&mut self.changes, series, |change| *change = change.saturating_add(by));
    }

    /// Records the duration of a request.
    pub fn observe_duration(&mut self, route: &str, ms: u64) {
        with_series(&mut self.durations, route, |durations| durations.add(REQUEST_DURATION, ms));
    }

    /// Adds a value to a histogram: milliseconds, or bytes where its name says so.
    pub fn observe(&mut self, series: &str, value: u64) {
        with_series(&mut self.histograms, series, |histogram| histogram.add(name_of(series), value));
    }

    /// Records that a player was seen.
    pub fn record_player(&mut self, player: &PlayerId) {
        self.players.add(player);
    }

    /// Records that the region was found ready, or not.
    pub fn record_ready(&mut self, now: Time, is_ready: bool) {
        self.ready.note(now, is_ready);
    }

    /// True if there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the counts of another tally.
    pub fn add(&mut self, other: &Self) {
        for (series, count) in &other.counts {
            self.count_by(series, *count);
        }
        for (series, by) in &other.changes {
            self.change(series, *by);
        }
        for (route, more) in &other.durations {
            with_series(&mut self.durations, route, |durations| durations.merge(REQUEST_DURATION, more));
        }
        for (series, more) in &other.histograms {
            with_series(&mut self.histograms, series, |all| all.merge(name_of(series), more));
        }
        self.players.merge(&other.players);
        self.ready.merge(&other.ready);
    }
}

/// Returns the name of a series, without its labels.
pub(super) fn name_of(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// Changes a series, which begins with zero. A label that any caller could fill must not fill the memory: a new series
/// beyond the limit of its metric is that of the label `other`, and beyond the limit of all there is none.
pub(super) fn with_series<T: Default>(
    all: &mut BTreeMap<String, T>,
    series: &str,
    change: impl FnOnce(&mut T),
) {
    if let Some(value) = all.get_mut(series) {
        return change(value);
    }
    let labelled = format!("{}{{", name_of(series));
    let of_metric =
        all.range(labelled.clone()..).take_while(|(other, _)| other.starts_with(&labelled)).count();
    // The series of the label `other` is one of them.
    let is_full = of_metric + 1 >= limits::SERIES_PER_METRIC_MAX;
    let series = if is_full { of_others(series) } else { series.to_owned() };
    if all.len() < limits::SERIES_MAX || all.contains_key(&series) {
        change(all.entry(series).or_default());
    }
}

/// Returns the series with `other` in place of each label's value.
fn of_others(series: &str) -> String {
    let mut parts = series.split('"');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), Some(after)) = (parts.next(), parts.next()) {
        out.push('"');
        out.push_str(OTHER);
        out.push('"');
        out.push_str(after);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_beyond_the_limit_of_their_metric_share_one() {
        let mut tally = Tally::default();
        tally.count("a_total");
        for nth in 0..limits::SERIES_PER_METRIC_MAX * 2 {
            tally.count(&format!("a{{pool=\"p{nth}\",result=\"x\"}}"));
            tally.count("b_total");
        }
        let of_a = tally.counts.keys().filter(|series| name_of(series) == "a").count();
        assert_eq!(of_a, limits::SERIES_PER_METRIC_MAX);
        let others = limits::SERIES_PER_METRIC_MAX as u64 + 1;
        assert_eq!(tally.counts.get("a{pool=\"other\",result=\"other\"}"), Some(&others));
        assert_eq!(tally.counts.get("a_total"), Some(&1));
        assert_eq!(tally.counts.get("b_total"), Some(&(limits::SERIES_PER_METRIC_MAX as u64 * 2)));
    }
}
