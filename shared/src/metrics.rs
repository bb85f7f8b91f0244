//! Metrics for operators: per-isolate counts, added up and written in Prometheus' text format.
//!
//! An isolate keeps a [`Tally`] and sends it from time to time; one object adds it to its [`Totals`]. Gauges
//! (sockets, rooms) are sent as changes. A process that is lost never sends the closing change, so changes
//! count only for [`limits::GAUGE_TTL`]: nothing that they count lives much longer, and every error expires.

pub mod distinct_players;

use crate::id::PlayerId;
use crate::limits;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use distinct_players::DistinctPlayers;

/// Upper bounds of the duration buckets, milliseconds.
const BUCKETS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000];

/// The counts of one isolate since its last report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Counters by series, `name{label="…"}`.
    counts: BTreeMap<String, u64>,
    /// Gauge changes by series.
    changes: BTreeMap<String, i64>,
    /// Request durations by route.
    durations: BTreeMap<String, Durations>,
    #[serde(rename = "people")]
    players: DistinctPlayers,
}

/// A histogram of request durations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Durations {
    /// One more than there are bounds: the last bucket is beyond them.
    #[serde(rename = "classes")]
    buckets: Vec<u64>,
    sum_ms: u64,
}

impl Tally {
    /// Increments a counter. Beyond [`limits::SERIES_MAX`] no new series is added.
    pub fn count(&mut self, series: &str) {
        self.count_by(series, 1);
    }

    /// Adds to a counter. Beyond [`limits::SERIES_MAX`] no new series is added.
    pub fn count_by(&mut self, series: &str, more: u64) {
        if let Some(count) = self.counts.get_mut(series) {
            *count += more;
        } else if self.counts.len() < limits::SERIES_MAX {
            self.counts.insert(series.to_owned(), more);
        }
    }

    /// Changes a gauge by this amount.
    pub fn change(&mut self, series: &str, by: i64) {
        if let Some(change) = self.changes.get_mut(series) {
            *change += by;
        } else if self.changes.len() < limits::SERIES_MAX {
            self.changes.insert(series.to_owned(), by);
        }
    }

    /// Records the duration of a request.
    pub fn observe_duration(&mut self, route: &str, ms: u64) {
        if self.durations.len() < limits::SERIES_MAX || self.durations.contains_key(route) {
            let durations = self.durations.entry(route.to_owned()).or_default();
            durations.add(ms);
        }
    }

    /// Records that a player was seen.
    pub fn record_player(&mut self, player: &PlayerId) {
        self.players.add(player);
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
            if self.durations.len() < limits::SERIES_MAX || self.durations.contains_key(route) {
                self.durations.entry(route.clone()).or_default().merge(more);
            }
        }
        self.players.merge(&other.players);
    }
}

impl Durations {
    fn add(&mut self, ms: u64) {
        self.buckets.resize(BUCKETS.len() + 1, 0);
        let bucket = BUCKETS.iter().take_while(|bound| ms > **bound).count();
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum_ms += ms;
    }

    fn merge(&mut self, other: &Self) {
        self.buckets.resize(BUCKETS.len() + 1, 0);
        for (bucket, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += more;
        }
        self.sum_ms += other.sum_ms;
    }
}

/// The counts of all isolates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    ever: Tally,
    /// Gauge changes by the hour since 1970.
    hours: BTreeMap<u64, BTreeMap<String, i64>>,
    /// Distinct players by spans of one token lifetime since 1970: the current span and the last one.
    spans: BTreeMap<u64, DistinctPlayers>,
}

impl Totals {
    /// Adds the report of an isolate.
    pub fn add(&mut self, now: Time, mut tally: Tally) {
        let hour = self.hours.entry(now.secs() / 3600).or_default();
        for (series, by) in std::mem::take(&mut tally.changes) {
            if hour.len() < limits::SERIES_MAX || hour.contains_key(&series) {
                *hour.entry(series).or_default() += by;
            }
        }
        let span = now.ms() / time::ms(limits::ACCESS_TOKEN_TTL);
        self.spans.entry(span).or_default().merge(&tally.players);
        tally.players = DistinctPlayers::default();
        self.ever.add(&tally);
        let oldest = (now - limits::GAUGE_TTL).secs() / 3600;
        self.hours.retain(|hour, _| *hour > oldest);
        self.spans.retain(|other, _| other + 1 >= span);
    }

    /// Returns all series in Prometheus' text format.
    #[must_use]
    pub fn to_prometheus(&self, now: Time) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let mut last = "";
        for (series, count) in &self.ever.counts {
            let name = series.split('{').next().unwrap_or_default();
            if name != last {
                let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} counter", help(name));
                last = name;
            }
            let _ = writeln!(out, "{series} {count}");
        }
        let mut gauges: BTreeMap<&str, i64> = BTreeMap::new();
        for (series, by) in self.hours.values().flatten() {
            *gauges.entry(series).or_default() += by;
        }
        last = "";
        for (series, value) in gauges {
            let name = series.split('{').next().unwrap_or_default();
            if name != last {
                let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(name));
                last = name;
            }
            let _ = writeln!(out, "{series} {}", value.max(0));
        }
        let mut players = DistinctPlayers::default();
        let span = now.ms() / time::ms(limits::ACCESS_TOKEN_TTL);
        for (_, distinct) in self.spans.iter().filter(|(other, _)| **other + 1 >= span) {
            players.merge(distinct);
        }
        let name = "matchpoint_players_active";
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(name));
        let _ = writeln!(out, "{name} {}", players.estimate());
        self.durations(&mut out);
        out
    }

    fn durations(&self, out: &mut String) {
        let name = "matchpoint_request_duration_seconds";
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} histogram", help(name));
        for (route, durations) in &self.ever.durations {
            let mut below = 0;
            for (at, count) in durations.buckets.iter().enumerate() {
                below += count;
                let bound = match BUCKETS.get(at) {
                    Some(ms) => format!("{}.{:03}", ms / 1000, ms % 1000),
                    None => "+Inf".to_owned(),
                };
                let labels = format!("route=\"{route}\",le=\"{bound}\"");
                let _ = writeln!(out, "{name}_bucket{{{labels}}} {below}");
            }
            let sum = durations.sum_ms;
            let (whole, part) = (sum / 1000, sum % 1000);
            let _ = writeln!(out, "{name}_sum{{route=\"{route}\"}} {whole}.{part:03}");
            let _ = writeln!(out, "{name}_count{{route=\"{route}\"}} {below}");
        }
    }
}

fn help(name: &str) -> &'static str {
    match name {
        "matchpoint_requests_total" => "HTTP requests and socket upgrades, by route and status.",
        "matchpoint_refusals_total" => {
            "Refused requests, by the code of the problem document or of the close."
        }
        "matchpoint_reads_total" => {
            "Profile reads: from the cache, from the region, or stale while the region is unreachable."
        }
        "matchpoint_sockets_opened_total" => "Sockets opened, by the kind of object.",
        "matchpoint_sockets" => "Open sockets; too high for some hours after a process was lost.",
        "matchpoint_rooms_opened_total" => "Rooms created.",
        "matchpoint_rooms" => "Existing rooms; too high for some hours after a room was not erased.",
        "matchpoint_players_active" => {
            "Estimated number of players who presented a token in the last 10 to 20 minutes."
        }
        "matchpoint_object_requests_total" => "Requests to objects, openings of sockets among them.",
        "matchpoint_object_alarms_total" => "Alarms of objects that rang.",
        "matchpoint_object_frames_total" => {
            "Frames that clients sent to objects; twenty are billed as a request."
        }
        "matchpoint_object_rows_read_total" => "Rows that objects read, as the database counts them.",
        "matchpoint_object_rows_written_total" => {
            "Rows that objects wrote, as the database counts them; an alarm that is set is one."
        }
        "matchpoint_object_awake_milliseconds_total" => {
            "Time for which objects waited for an answer or a timer, and could not sleep."
        }
        "matchpoint_request_duration_seconds" => "Request durations, as the Worker's clock measures them.",
        _ => "A metric of a newer version.",
    }
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
