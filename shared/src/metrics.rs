//! Metrics for operators: per-isolate counts, added up and written in Prometheus' text format.
//!
//! A machine counts what it alone knows as [`Observed`]. An isolate keeps a [`Tally`] and sends it from time to time; one object adds
//! it to its [`Totals`]. Gauges (sockets, rooms) are sent as changes. A process that is lost never sends the closing change, so
//! changes count only for [`limits::GAUGE_TTL`]: nothing that they count lives much longer, and every error expires.

pub mod catalog;
pub mod distinct_players;
mod histogram;
pub mod observed;
pub mod readiness;
pub mod recent;
mod tally;

use crate::limits;
use crate::time::{self, Time};
use catalog::REQUEST_DURATION;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tally::{name_of, with_series};

pub(crate) use catalog::help;
pub use catalog::{Counter, Measure};
pub use distinct_players::DistinctPlayers;
pub use observed::Observed;
pub use readiness::ReadyDay;
pub use recent::Recent;
pub(crate) use tally::OTHER;
pub use tally::Tally;

/// The counts of all isolates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    ever: Tally,
    /// Gauge changes by the hour since 1970.
    hours: BTreeMap<u64, BTreeMap<String, i64>>,
    /// Distinct players by spans of one token lifetime since 1970: the current span and the last one.
    spans: BTreeMap<u64, DistinctPlayers>,
    ready: ReadyDay,
    /// When an isolate last reported.
    reported_at: Time,
}

impl Totals {
    /// Adds the report of an isolate.
    pub fn add(&mut self, now: Time, mut tally: Tally) {
        self.reported_at = now;
        self.ready.add(now, &std::mem::take(&mut tally.ready));
        let hour = self.hours.entry(now.secs() / 3600).or_default();
        for (series, by) in std::mem::take(&mut tally.changes) {
            with_series(hour, &series, |all| *all += by);
        }
        let span = now.ms() / time::ms(limits::ACCESS_TOKEN_TTL);
        self.spans.entry(span).or_default().merge(&tally.players);
        tally.players = DistinctPlayers::default();
        self.ever.add(&tally);
        let oldest = (now - limits::GAUGE_TTL).secs() / 3600;
        self.hours.retain(|hour, _| *hour > oldest);
        self.spans.retain(|other, _| other + 1 >= span);
    }

    /// Returns the state of each minute of the last day.
    #[must_use]
    pub fn ready(&self) -> &ReadyDay {
        &self.ready
    }

    /// Returns all series in Prometheus' text format.
    #[must_use]
    pub fn to_prometheus(&self, now: Time) -> String {
        let mut out = String::new();
        let counts = self.ever.counts.iter().map(|(series, count)| (series.as_str(), *count));
        write_series(&mut out, "counter", counts);
        let mut gauges: BTreeMap<&str, i64> = BTreeMap::new();
        for (series, by) in self.hours.values().flatten() {
            *gauges.entry(series).or_default() += by;
        }
        let gauges = gauges.into_iter().map(|(series, value)| (series, value.max(0).unsigned_abs()));
        write_series(&mut out, "gauge", gauges);
        let mut players = DistinctPlayers::default();
        let span = now.ms() / time::ms(limits::ACCESS_TOKEN_TTL);
        for (_, distinct) in self.spans.iter().filter(|(other, _)| **other + 1 >= span) {
            players.merge(distinct);
        }
        let figures = [
            ("matchpoint_players_active", players.estimate()),
            ("matchpoint_as_of_seconds", self.reported_at.secs()),
        ];
        write_series(&mut out, "gauge", figures.into_iter());
        head(&mut out, REQUEST_DURATION, "histogram");
        for (route, durations) in &self.ever.durations {
            durations.write(&mut out, REQUEST_DURATION, &format!("route=\"{route}\""));
        }
        let mut last = "";
        for (series, histogram) in &self.ever.histograms {
            let name = name_of(series);
            if name != last {
                head(&mut out, name, "histogram");
                last = name;
            }
            let labels = series.strip_prefix(name).unwrap_or_default();
            histogram.write(&mut out, name, labels.trim_matches(['{', '}']));
        }
        out
    }
}

/// Writes series in the order of their names, each metric with its type.
fn write_series<'a>(out: &mut String, kind: &str, all: impl Iterator<Item = (&'a str, u64)>) {
    let mut last = "";
    for (series, value) in all {
        let name = name_of(series);
        if name != last {
            head(out, name, kind);
            last = name;
        }
        // Writing to a String does not fail.
        let _ = writeln!(out, "{series} {value}");
    }
}

fn head(out: &mut String, name: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", help(name));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn changed(by: i64) -> Tally {
        let mut tally = Tally::default();
        tally.change("matchpoint_sockets{kind=\"room\"}", by);
        tally
    }

    fn check(totals: &Totals, now: Time, expected: &str) {
        let text = totals.to_prometheus(now);
        assert!(text.lines().any(|line| line == expected), "{expected} in\n{text}");
    }

    #[test]
    fn reports_of_isolates_add_up() {
        let mut totals = Totals::default();
        for _ in 0..3 {
            let mut tally = changed(2);
            tally.count("matchpoint_reads_total{how=\"hit\"}");
            tally.observe_duration("/v1/rooms", 7);
            tally.observe_duration("/v1/rooms", 4000);
            // As it arrives over the wire.
            let tally = serde_json::from_str(&serde_json::to_string(&tally).unwrap()).unwrap();
            totals.add(NOW, tally);
        }
        totals.add(NOW, changed(-1));
        check(&totals, NOW, "matchpoint_reads_total{how=\"hit\"} 3");
        check(&totals, NOW, "# TYPE matchpoint_reads_total counter");
        check(&totals, NOW, "matchpoint_sockets{kind=\"room\"} 5");
        let name = "matchpoint_request_duration_seconds";
        check(&totals, NOW, &format!("{name}_bucket{{route=\"/v1/rooms\",le=\"0.005\"}} 0"));
        check(&totals, NOW, &format!("{name}_bucket{{route=\"/v1/rooms\",le=\"0.010\"}} 3"));
        check(&totals, NOW, &format!("{name}_bucket{{route=\"/v1/rooms\",le=\"+Inf\"}} 6"));
        check(&totals, NOW, &format!("{name}_count{{route=\"/v1/rooms\"}} 6"));
        check(&totals, NOW, &format!("{name}_sum{{route=\"/v1/rooms\"}} 12.021"));
    }

    #[test]
    fn gauge_changes_of_a_lost_process_expire() {
        let mut totals = Totals::default();
        totals.add(NOW, changed(10));
        check(&totals, NOW, "matchpoint_sockets{kind=\"room\"} 10");
        let later = NOW + limits::GAUGE_TTL;
        totals.add(later, changed(1));
        check(&totals, later, "matchpoint_sockets{kind=\"room\"} 1");
        totals.add(later, changed(-3));
        check(&totals, later, "matchpoint_sockets{kind=\"room\"} 0");
    }

    #[test]
    fn players_are_counted_once_for_a_limited_time() {
        let mut totals = Totals::default();
        for _ in 0..3 {
            let mut tally = Tally::default();
            for n in 0..100 {
                tally.record_player(&format!("p_{n}").parse().unwrap());
            }
            totals.add(NOW, tally);
        }
        let about = |totals: &Totals, now| {
            let text = totals.to_prometheus(now);
            let line = text.lines().find(|line| line.starts_with("matchpoint_players_active"));
            line.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap()
        };
        assert!((90..=110).contains(&about(&totals, NOW)), "{}", about(&totals, NOW));
        assert_eq!(about(&totals, NOW + limits::ACCESS_TOKEN_TTL * 3), 0);
    }

    #[test]
    fn histogram_with_labels_and_one_without_are_written() {
        let (mut tally, mut totals) = (Tally::default(), Totals::default());
        tally.observe("matchpoint_match_wait_seconds{pool=\"a\"}", 2_500);
        tally.observe("matchpoint_match_wait_seconds{pool=\"b\"}", 4_000_000);
        tally.observe("matchpoint_unread_bytes", 5_000);
        totals.add(NOW, tally);
        let name = "matchpoint_match_wait_seconds";
        check(&totals, NOW, &format!("{name}_bucket{{pool=\"a\",le=\"1.000\"}} 0"));
        check(&totals, NOW, &format!("{name}_bucket{{pool=\"a\",le=\"2.500\"}} 1"));
        check(&totals, NOW, &format!("{name}_bucket{{pool=\"b\",le=\"3600.000\"}} 0"));
        check(&totals, NOW, &format!("{name}_count{{pool=\"b\"}} 1"));
        check(&totals, NOW, "matchpoint_unread_bytes_bucket{le=\"4096\"} 0");
        check(&totals, NOW, "matchpoint_unread_bytes_bucket{le=\"16384\"} 1");
        check(&totals, NOW, "matchpoint_unread_bytes_sum 5000");
        check(&totals, NOW, &format!("matchpoint_as_of_seconds {}", NOW.secs()));
    }

    #[test]
    fn totals_of_an_earlier_version_are_read() {
        let row = r#"{"ever":{"counts":{"a_total":3},"durations":{"/":{"classes":[1],"sum_ms":2}}},"hours":{},"spans":{}}"#;
        let mut totals: Totals = serde_json::from_str(row).unwrap();
        totals.add(NOW, changed(1));
        check(&totals, NOW, "a_total 3");
        check(&totals, NOW, "matchpoint_request_duration_seconds_count{route=\"/\"} 1");
    }

    #[test]
    fn number_of_series_is_bounded() {
        let (mut tally, mut totals) = (Tally::default(), Totals::default());
        for n in 0..limits::SERIES_MAX * 2 {
            tally.count(&format!("a{{n=\"{n}\"}}"));
            tally.change(&format!("b{{n=\"{n}\"}}"), 1);
            tally.observe_duration(&format!("/{n}"), 1);
        }
        totals.add(NOW, tally.clone());
        totals.add(NOW + Duration::from_secs(1), tally);
        let lines = totals.to_prometheus(NOW).lines().count();
        assert!(lines < limits::SERIES_MAX * 16, "{lines} lines");
    }
}
