//! Prometheus' query language: the expressions of the figures, over a window.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::series::Series;
use super::slo::{Events, Objective};

/// Digits behind the point of a number in an expression.
const DIGITS: usize = 10;

/// Writes a number as short as it can be.
#[must_use]
pub fn number(value: f64) -> String {
    let text = format!("{value:.DIGITS$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `sum(…)`, or `sum by (label) (…)`.
fn sum(by: Option<&str>, inner: &str) -> String {
    aggregate("sum", by, inner)
}

/// An aggregation of `inner`, by a label or of all.
#[must_use]
pub fn aggregate(how: &str, by: Option<&str>, inner: &str) -> String {
    by.map_or_else(|| format!("{how}({inner})"), |label| format!("{how} by ({label}) ({inner})"))
}

/// The events a second of a series, over a window.
#[must_use]
pub fn rate(series: &Series, by: Option<&str>, window: &str) -> String {
    sum(by, &format!("rate({series}[{window}])"))
}

/// The events of a series in a window.
#[must_use]
pub fn increase(series: &Series, by: Option<&str>, window: &str) -> String {
    sum(by, &format!("increase({series}[{window}])"))
}

/// The share of `part` in `whole`; 0 while only `whole` has series, and none without events.
#[must_use]
pub fn share(part: &Series, whole: &Series, by: Option<&str>, window: &str) -> String {
    let (part, whole) = (rate(part, by, window), rate(whole, by, window));
    format!("({part} or 0 * {whole}) / {whole}")
}

/// A quantile of a histogram over a window.
#[must_use]
pub fn quantile(histogram: &Series, quantile: f64, by: Option<&str>, window: &str) -> String {
    let labels = by.map_or_else(|| "le".to_owned(), |label| format!("le, {label}"));
    let buckets = histogram.part("_bucket");
    format!("histogram_quantile({}, sum by ({labels}) (rate({buckets}[{window}])))", number(quantile))
}

/// The expression that matches a bound of a bucket, however many zeros it is written with.
fn bound(seconds: f64) -> String {
    let text = number(seconds);
    match text.split_once('.') {
        Some((whole, part)) => format!("{whole}[.]{part}0*"),
        None => format!("{text}([.]0*)?"),
    }
}

impl Objective {
    /// The series that counts all events.
    #[must_use]
    pub fn total(&self) -> Series {
        match &self.events {
            Events::Bad { total, .. } | Events::Good { total, .. } => total.clone(),
            Events::Within { histogram, .. } => histogram.part("_count"),
        }
    }

    /// The share of events that were bad, over a window.
    #[must_use]
    pub fn bad_share(&self, window: &str) -> String {
        let by = self.by.as_deref();
        match &self.events {
            Events::Bad { bad, total } => share(bad, total, by, window),
            Events::Good { good, total } => format!("1 - {}", share(good, total, by, window)),
            Events::Within { histogram, default, by: values } => {
                let good = within(histogram, *default, values, by, window);
                format!("1 - ({good}) / {}", rate(&histogram.part("_count"), by, window))
            }
        }
    }
}

/// The events a second of at most the bound of each value of the label.
fn within(
    histogram: &Series,
    default: f64,
    values: &BTreeMap<String, f64>,
    by: Option<&str>,
    window: &str,
) -> String {
    let bucket = |seconds| histogram.part("_bucket").matching("le", true, &bound(seconds));
    let Some(label) = by.filter(|_| !values.is_empty()) else { return rate(&bucket(default), by, window) };
    let others = values.keys().map(String::as_str).collect::<Vec<_>>().join("|");
    let mut text = rate(&bucket(default).matching(label, false, &others), by, window);
    for (value, seconds) in values {
        // Writing to a String does not fail.
        let _ = write!(text, " or {}", rate(&bucket(*seconds).matching(label, true, value), by, window));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected);
        check(0.5, "0.5");
        check(1.0 - 0.9995, "0.0005");
        check(45_000.0, "45000");
        check(14.4, "14.4");
    }

    #[test]
    fn bounds_match_with_and_without_zeros() {
        assert_eq!(bound(0.1), "0[.]10*");
        assert_eq!(bound(60.0), "60([.]0*)?");
    }

    #[test]
    fn pools_have_bounds_of_their_own() -> anyhow::Result<()> {
        let histogram: Series = "matchpoint_wait".parse()?;
        let values = BTreeMap::from([("slow".to_owned(), 300.0)]);
        assert_eq!(
            within(&histogram, 60.0, &values, Some("pool"), "5m"),
            "sum by (pool) (rate(matchpoint_wait_bucket{le=~\"60([.]0*)?\",pool!~\"slow\"}[5m])) or \
             sum by (pool) (rate(matchpoint_wait_bucket{le=~\"300([.]0*)?\",pool=~\"slow\"}[5m]))"
        );
        Ok(())
    }
}
