//! The report of a replay, as text for a terminal.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::Serialize;
use shared::pool::Pool;
use shared::time::Time;

use super::cohort::Cohort;
use super::log::Log;
use super::replay::Outcome;
use super::snapshots::Comparison;
use super::summary::{Summary, by_cohort, percent, player_outcomes};

/// A whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Path of the log.
    pub log: String,
    /// Number of players that enter.
    pub people: usize,
    /// Time from the first line to the last.
    pub span_ms: u64,
    /// The result of each matchmaker.
    pub runs: Vec<Run>,
    /// The comparison with the best possible pairs, by pool, for pools where it applies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exact: BTreeMap<String, Comparison>,
    /// The effect of sharding on waits and quality.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardingEffect>,
}

/// The result of one matchmaker.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub name: String,
    /// Figures of all players.
    pub all: Summary,
    /// Figures by the values of each column of `--by`.
    pub cohorts: BTreeMap<String, BTreeMap<String, Summary>>,
    /// Waits of matched players, milliseconds, ascending.
    #[serde(skip)]
    pub waits: Vec<u64>,
    /// Rating gaps, ascending.
    #[serde(skip)]
    pub gaps: Vec<f64>,
    /// The number of waiting players from each time on.
    #[serde(skip)]
    pub waiting: Vec<(Time, usize)>,
}

/// The differences between one lobby and several shards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardingEffect {
    /// Name of the run with one lobby.
    pub whole: String,
    /// Name of the run with shards.
    pub split: String,
    /// Number of tickets that escalated to the parent.
    pub climbed: u64,
    /// Additional mean wait, milliseconds.
    pub added_wait_ms: f64,
    /// Additional 90th percentile of the wait, milliseconds.
    pub added_p90_ms: f64,
    /// Additional mean rating gap.
    pub added_gap: f64,
    /// Additional unmatched players.
    pub added_unmatched: i64,
}

impl Run {
    /// Returns the figures of an outcome.
    #[must_use]
    pub fn new(name: &str, log: &Log, outcome: &Outcome, pool: &Pool, cohorts: &[Cohort]) -> Self {
        let lots = player_outcomes(log, outcome, pool);
        let matched = lots.iter().filter(|(_, lot)| lot.gap.is_some());
        let (mut waits, mut gaps): (Vec<u64>, Vec<f64>) =
            matched.map(|(_, lot)| (lot.wait_ms, lot.gap.unwrap_or_default())).unzip();
        waits.sort_unstable();
        gaps.sort_by(f64::total_cmp);
        let by = |cohort: &Cohort| (cohort.column.clone(), by_cohort(cohort, &lots));
        Self {
            name: name.to_owned(),
            all: Summary::of(lots.iter().map(|(_, lot)| lot)),
            cohorts: cohorts.iter().map(by).collect(),
            waits,
            gaps,
            waiting: outcome.waiting.clone(),
        }
    }
}

/// Formats a span: `850 ms`, `4.2 s`, `3.5 min`.
#[must_use]
pub fn span(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else if ms < 120_000.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        format!("{:.1} min", ms / 60_000.0)
    }
}

/// A figure of a summary and its label.
type Figure = (&'static str, fn(&Summary) -> String);

/// Every figure of a summary, in the order of the report.
pub const FIGURES: &[Figure] = &[
    ("people", |it| it.people.to_string()),
    ("matched", |it| format!("{} ({:.1} %)", it.matched, percent(it.matched, it.people))),
    ("wait p50", |it| span(it.wait_ms.p50)),
    ("wait p90", |it| span(it.wait_ms.p90)),
    ("wait p99", |it| span(it.wait_ms.p99)),
    ("wait max", |it| span(it.wait_ms.max)),
    ("gap mean", |it| format!("{:.1}", it.gap.mean)),
    ("gap p90", |it| format!("{:.1}", it.gap.p90)),
    ("team gap mean", |it| format!("{:.1}", it.team_gap.mean)),
    ("wants given way", |it| share(it.relaxed, it.wants)),
    ("left unmatched", |it| it.unmatched().to_string()),
    ("  by leaving", |it| it.left.to_string()),
    ("  out of patience", |it| it.gave_up.to_string()),
    ("  after too long", |it| it.expired.to_string()),
    ("  party too large", |it| it.refused.to_string()),
    ("longest wait of all", |it| span(ms(it.longest_ms))),
    ("passed over", |it| it.passed_over.to_string()),
    ("within estimate p50", |it| share(it.within_p50, it.estimated)),
    ("within estimate p90", |it| share(it.within_p90, it.estimated)),
];

/// Formats a part of a whole: `53.1 % of 9995`.
fn share(part: u64, whole: u64) -> String {
    format!("{:.1} % of {whole}", percent(part, whole))
}

fn ms(ms: u64) -> f64 {
    // An hour of milliseconds is far below what a float represents exactly.
    #[allow(clippy::cast_precision_loss)]
    let ms = ms as f64;
    ms
}

/// Upper ends of the bars of waits, seconds.
const WAITS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0];
/// Upper ends of the bars of gaps, points.
const GAPS: &[f64] = &[10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0];
/// Length of the longest bar.
const BAR: usize = 40;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} players in {}\n", self.log, self.people, span(ms(self.span_ms)))?;
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        let all: Vec<&Summary> = self.runs.iter().map(|run| &run.all).collect();
        table(f, "", &names, &all)?;
        for run in &self.runs {
            let waits: Vec<f64> = run.waits.iter().map(|&it| ms(it) / 1000.0).collect();
            histogram(f, &format!("waits of {}, seconds", run.name), &waits, WAITS)?;
            if run.all.gap.max > 0.0 {
                histogram(f, &format!("rating gaps of {}", run.name), &run.gaps, GAPS)?;
            }
        }
        let columns = self.runs.first().map(|run| run.cohorts.keys());
        for column in columns.into_iter().flatten() {
            for run in &self.runs {
                let Some(groups) = run.cohorts.get(column) else {
                    continue;
                };
                let names: Vec<&str> = groups.keys().map(String::as_str).collect();
                let title = format!("{} by {column}", run.name);
                table(f, &title, &names, &groups.values().collect::<Vec<_>>())?;
            }
        }
        for split in &self.shards {
            writeln!(
                f,
                "{} and {}: {} escalated; wait {} on average, {} at p90; gap {:+.1}; unmatched {:+}",
                split.split,
                split.whole,
                split.climbed,
                signed(split.added_wait_ms),
                signed(split.added_p90_ms),
                split.added_gap,
                split.added_unmatched
            )?;
        }
        for (pool, comparison) in &self.exact {
            writeln!(f, "\n{pool}, as if no player had been matched until the last entered:")?;
            write!(f, "{comparison}")?;
        }
        Ok(())
    }
}

fn signed(by: f64) -> String {
    let sign = if by < 0.0 { '−' } else { '+' };
    format!("{sign}{}", span(by.abs()))
}

/// Groups that fit side by side; more are listed below each other.
const BESIDE: usize = 7;

fn table(f: &mut fmt::Formatter<'_>, title: &str, names: &[&str], all: &[&Summary]) -> fmt::Result {
    for (names, all) in names.chunks(BESIDE).zip(all.chunks(BESIDE)) {
        let mut columns: Vec<Vec<String>> = Vec::new();
        let first = std::iter::once(title).chain(FIGURES.iter().map(|(name, _)| *name));
        columns.push(first.map(str::to_owned).collect());
        for (name, summary) in names.iter().zip(all) {
            let figures = FIGURES.iter().map(|(_, figure)| figure(summary));
            columns.push(std::iter::once((*name).to_owned()).chain(figures).collect());
        }
        let widths: Vec<usize> = columns
            .iter()
            .map(|column| column.iter().map(|it| it.chars().count()).max().unwrap_or(0))
            .collect();
        for row in 0..=FIGURES.len() {
            let mut line = String::new();
            for (nth, (column, width)) in columns.iter().zip(&widths).enumerate() {
                let cell = column.get(row).map_or("", String::as_str);
                if nth == 0 {
                    write!(line, "{cell:<width$}")?;
                } else {
                    write!(line, "   {cell:>width$}")?;
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn histogram(f: &mut fmt::Formatter<'_>, title: &str, numbers: &[f64], ends: &[f64]) -> fmt::Result {
    writeln!(f, "{title}")?;
    let mut low = 0.0;
    let mut rows = Vec::new();
    for &high in ends.iter().chain(&[f64::INFINITY]) {
        let is_in = |it: &&f64| (low..high).contains(*it);
        rows.push((low, high, numbers.iter().filter(is_in).count()));
        low = high;
    }
    let most = rows.iter().map(|(_, _, count)| *count).max().unwrap_or(0).max(1);
    let last = rows.iter().rposition(|(_, _, count)| *count > 0).unwrap_or(0);
    for (low, high, count) in rows.into_iter().take(last + 1) {
        let name = if high.is_finite() { format!("{low}–{high}") } else { format!("{low} and more") };
        let bar = "█".repeat((count * BAR).div_ceil(most));
        writeln!(f, "  {name:>12}  {bar:<BAR$} {count:>7}")?;
    }
    writeln!(f)
}
