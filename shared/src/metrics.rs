//! What operators count: tallies of isolates, added up, in the words of Prometheus.
//!
//! An isolate keeps a [`Tally`] and tells it from time to time; one object adds them to its [`Totals`]. What rises and
//! falls (sockets, rooms) is told as changes. A process that is lost never tells what it lost, so changes count for
//! [`caps::METRICS_HEAL`] only: nothing that they count lives much longer, and no error stays.

pub mod crowd;

use crate::caps;
use crate::id::PlayerId;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use crowd::Crowd;

/// Upper bounds of the classes of durations, milliseconds.
const CLASSES: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000];

/// What an isolate has counted since it last told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// By series, `name{label="…"}`.
    counts: BTreeMap<String, u64>,
    /// By series; it rises and falls.
    changes: BTreeMap<String, i64>,
    /// By route.
    durations: BTreeMap<String, Durations>,
    people: Crowd,
}

/// How long requests took, classed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Durations {
    /// One more than there are bounds: the last is beyond them.
    classes: Vec<u64>,
    sum_ms: u64,
}

impl Tally {
    /// One more of a series. Beyond [`caps::SERIES`] no new one begins.
    pub fn count(&mut self, series: &str) {
        if let Some(count) = self.counts.get_mut(series) {
            *count += 1;
        } else if self.counts.len() < caps::SERIES {
            self.counts.insert(series.to_owned(), 1);
        }
    }

    /// More, or fewer, of something.
    pub fn change(&mut self, series: &str, by: i64) {
        if let Some(change) = self.changes.get_mut(series) {
            *change += by;
        } else if self.changes.len() < caps::SERIES {
            self.changes.insert(series.to_owned(), by);
        }
    }

    /// A request was answered.
    pub fn took(&mut self, route: &str, ms: u64) {
        if self.durations.len() < caps::SERIES || self.durations.contains_key(route) {
            let durations = self.durations.entry(route.to_owned()).or_default();
            durations.add(ms);
        }
    }

    /// Somebody was there.
    pub fn saw(&mut self, player: &PlayerId) {
        self.people.add(player);
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes another's counts as well.
    pub fn add(&mut self, other: &Self) {
        for (series, count) in &other.counts {
            if self.counts.len() < caps::SERIES || self.counts.contains_key(series) {
                *self.counts.entry(series.clone()).or_default() += count;
            }
        }
        for (series, by) in &other.changes {
            self.change(series, *by);
        }
        for (route, more) in &other.durations {
            if self.durations.len() < caps::SERIES || self.durations.contains_key(route) {
                self.durations.entry(route.clone()).or_default().merge(more);
            }
        }
        self.people.merge(&other.people);
    }
}

impl Durations {
    fn add(&mut self, ms: u64) {
        self.classes.resize(CLASSES.len() + 1, 0);
        let class = CLASSES.iter().take_while(|bound| ms > **bound).count();
        if let Some(count) = self.classes.get_mut(class) {
            *count += 1;
        }
        self.sum_ms += ms;
    }

    fn merge(&mut self, other: &Self) {
        self.classes.resize(CLASSES.len() + 1, 0);
        for (class, more) in self.classes.iter_mut().zip(&other.classes) {
            *class += more;
        }
        self.sum_ms += other.sum_ms;
    }
}

/// What all isolates have told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    ever: Tally,
    /// What rose and fell, by the hour since 1970.
    hours: BTreeMap<u64, BTreeMap<String, i64>>,
    /// Who was there, by spans of a token's life since 1970: this one and the last.
    spans: BTreeMap<u64, Crowd>,
}

impl Totals {
    /// An isolate tells.
    pub fn add(&mut self, now: Time, mut tally: Tally) {
        let hour = self.hours.entry(now.secs() / 3600).or_default();
        for (series, by) in std::mem::take(&mut tally.changes) {
            if hour.len() < caps::SERIES || hour.contains_key(&series) {
                *hour.entry(series).or_default() += by;
            }
        }
        let span = now.ms() / time::ms(caps::TOKEN);
        self.spans.entry(span).or_default().merge(&tally.people);
        tally.people = Crowd::default();
        self.ever.add(&tally);
        let oldest = (now - caps::METRICS_HEAL).secs() / 3600;
        self.hours.retain(|hour, _| *hour > oldest);
        self.spans.retain(|one, _| one + 1 >= span);
    }

    /// Everything, in Prometheus' text format.
    #[must_use]
    pub fn text(&self, now: Time) -> String {
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
        let mut people = Crowd::default();
        let span = now.ms() / time::ms(caps::TOKEN);
        for (_, crowd) in self.spans.iter().filter(|(one, _)| **one + 1 >= span) {
            people.merge(crowd);
        }
        let name = "matchpoint_players_active";
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(name));
        let _ = writeln!(out, "{name} {}", people.about());
        self.durations(&mut out);
        out
    }

    fn durations(&self, out: &mut String) {
        let name = "matchpoint_request_duration_seconds";
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} histogram", help(name));
        for (route, durations) in &self.ever.durations {
            let mut below = 0;
            for (at, count) in durations.classes.iter().enumerate() {
                below += count;
                let bound = match CLASSES.get(at) {
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
        "matchpoint_requests_total" => "HTTP requests and openings of sockets, by route and status.",
        "matchpoint_refusals_total" => "What was refused, by code: of a problem document, or of a close.",
        "matchpoint_reads_total" => {
            "Reads of profiles: from a copy, from the region, or old because it is away."
        }
        "matchpoint_sockets_opened_total" => "Sockets that opened, by the kind of object.",
        "matchpoint_sockets" => "Sockets that are open; too many for some hours where a process was lost.",
        "matchpoint_rooms_opened_total" => "Rooms that were made.",
        "matchpoint_rooms" => "Rooms that are there; too many for some hours where one was never erased.",
        "matchpoint_players_active" => "About how many players showed a token in the last 10 to 20 minutes.",
        "matchpoint_request_duration_seconds" => "How long requests took, as the Worker's clock sees it.",
        _ => "Counted by a newer version.",
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
        let text = totals.text(now);
        assert!(text.lines().any(|line| line == expected), "{expected} in\n{text}");
    }

    #[test]
    fn tallies_add_up() {
        let mut totals = Totals::default();
        for _ in 0..3 {
            let mut tally = changed(2);
            tally.count("matchpoint_reads_total{how=\"hit\"}");
            tally.took("/v1/rooms", 7);
            tally.took("/v1/rooms", 4000);
            // As it comes over the wire.
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
    fn what_a_lost_process_never_closed_is_forgotten() {
        let mut totals = Totals::default();
        totals.add(NOW, changed(10));
        check(&totals, NOW, "matchpoint_sockets{kind=\"room\"} 10");
        let later = NOW + caps::METRICS_HEAL;
        totals.add(later, changed(1));
        check(&totals, later, "matchpoint_sockets{kind=\"room\"} 1");
        totals.add(later, changed(-3));
        check(&totals, later, "matchpoint_sockets{kind=\"room\"} 0");
    }

    #[test]
    fn people_are_counted_once_and_for_a_while() {
        let mut totals = Totals::default();
        for _ in 0..3 {
            let mut tally = Tally::default();
            for n in 0..100 {
                tally.saw(&format!("p_{n}").parse().unwrap());
            }
            totals.add(NOW, tally);
        }
        let about = |totals: &Totals, now| {
            let text = totals.text(now);
            let line = text.lines().find(|line| line.starts_with("matchpoint_players_active"));
            line.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap()
        };
        assert!((90..=110).contains(&about(&totals, NOW)), "{}", about(&totals, NOW));
        assert_eq!(about(&totals, NOW + caps::TOKEN * 3), 0);
    }

    #[test]
    fn series_are_bounded() {
        let (mut tally, mut totals) = (Tally::default(), Totals::default());
        for n in 0..caps::SERIES * 2 {
            tally.count(&format!("a{{n=\"{n}\"}}"));
            tally.change(&format!("b{{n=\"{n}\"}}"), 1);
            tally.took(&format!("/{n}"), 1);
        }
        totals.add(NOW, tally.clone());
        totals.add(NOW + Duration::from_secs(1), tally);
        let lines = totals.text(NOW).lines().count();
        assert!(lines < caps::SERIES * 16, "{lines} lines");
    }
}
