//! The report as one HTML page with tables and plots, without external resources, for light and dark mode.

use std::collections::BTreeSet;
use std::fmt::Write;

use shared::time::{self, Time};

use super::report::{FIGURES, Report, Run, span};
use super::summary::Summary;
use crate::page::{document, head, row};
use crate::plot::{Series, Words, bars, escape, lines};

/// Returns the whole page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut body = String::new();
    let log = escape(&report.log);
    let _ = write!(
        body,
        "<h1>Replay of {log}</h1><p>{} people in {}.</p>",
        report.people,
        span(ms(report.span_ms))
    );
    let names: Vec<&str> = report.runs.iter().map(|run| run.name.as_str()).collect();
    let all: Vec<&Summary> = report.runs.iter().map(|run| &run.all).collect();
    table(&mut body, &names, &all);
    body.push_str("<h2>All players</h2><div class=\"plots\">");
    body.push_str(&waits(&report.runs));
    if report.runs.iter().any(|run| run.all.gap.max > 0.0) {
        body.push_str(&gaps(&report.runs));
    }
    body.push_str(&waiting(&report.runs, report.span_ms));
    body.push_str("</div>");
    let columns = report.runs.first().map(|run| run.cohorts.keys());
    for column in columns.into_iter().flatten() {
        cohort(&mut body, column, &report.runs);
    }
    splits(&mut body, report);
    exact(&mut body, report);
    document(&format!("Replay of {}", report.log), &body)
}

fn ms(ms: u64) -> f64 {
    // Spans of a log are far below what a float represents exactly.
    #[allow(clippy::cast_precision_loss)]
    let ms = ms as f64;
    ms
}

fn table(body: &mut String, names: &[&str], all: &[&Summary]) {
    let first = std::iter::once("");
    head(body, &{ first }.chain(names.iter().copied()).collect::<Vec<_>>());
    for (name, figure) in FIGURES {
        let cells: Vec<String> = all.iter().map(|summary| figure(summary)).collect();
        row(body, std::iter::once(*name).chain(cells.iter().map(String::as_str)));
    }
    body.push_str("</table></div>");
}

/// Returns the share, in percent, of values that are at or below each of these ascending numbers.
fn shares(numbers: &[f64], all: u64) -> Vec<(f64, f64)> {
    let percent = |nth: usize| 100.0 * ms(u64::try_from(nth).unwrap_or(u64::MAX)) / ms(all.max(1));
    let counted = (1..).zip(numbers).map(|(nth, &number)| (number, percent(nth)));
    std::iter::once((0.0, 0.0)).chain(counted).collect()
}

/// Returns the end of an axis.
fn end(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, f64::max)
}

fn waits(runs: &[Run]) -> String {
    let seconds = |run: &Run| run.waits.iter().map(|&it| ms(it) / 1000.0).collect::<Vec<_>>();
    let series: Vec<Series> = runs
        .iter()
        .map(|run| Series { name: &run.name, points: shares(&seconds(run), run.all.people) })
        .collect();
    let words = Words { title: "Matched after", x: "seconds, up to the longest p99", y: "% of all players" };
    let most = end(runs.iter().map(|run| run.all.wait_ms.p99 / 1000.0));
    lines(&words, &series, most, Some(100.0))
}

fn gaps(runs: &[Run]) -> String {
    let series: Vec<Series> = runs
        .iter()
        .map(|run| Series { name: &run.name, points: shares(&run.gaps, run.all.matched) })
        .collect();
    let words =
        Words { title: "Rating gap of a match", x: "points, up to the largest p99", y: "% of those matched" };
    let most = end(runs.iter().map(|run| run.all.gap.p99));
    lines(&words, &series, most, Some(100.0))
}

/// Stretches of time for which a plot of the queue shows the mean.
const STRETCHES: u32 = 120;

fn waiting(runs: &[Run], span_ms: u64) -> String {
    let began = runs.iter().filter_map(|run| run.waiting.first());
    let began = began.map(|it| it.0).min().unwrap_or_default();
    let stretch = (ms(span_ms) / f64::from(STRETCHES)).max(1.0);
    let series: Vec<Series> =
        runs.iter().map(|run| Series { name: &run.name, points: means(run, began, stretch) }).collect();
    let words = Words { title: "Waiting players", x: "minutes", y: "players, on average" };
    lines(&words, &series, ms(span_ms) / 60_000.0, None)
}

/// Returns the mean number of waiting players in each stretch of time, by its beginning in minutes.
fn means(run: &Run, began: Time, stretch: f64) -> Vec<(f64, f64)> {
    let mut sums = vec![0.0; usize::try_from(STRETCHES).unwrap_or_default()];
    for (nth, &(from, many)) in run.waiting.iter().enumerate() {
        let (mut at, many) = (ms(time::ms(from.since(began))), ms(u64::try_from(many).unwrap_or(0)));
        let until = run.waiting.get(nth + 1).map_or(at, |next| ms(time::ms(next.0.since(began))));
        for (place, sum) in (0_u32..).zip(&mut sums) {
            let end = f64::from(place + 1) * stretch;
            if at >= end {
                continue;
            }
            let here = until.min(end) - at;
            if here <= 0.0 {
                break;
            }
            *sum += here * many;
            at += here;
        }
    }
    let sums = (0_u32..).zip(sums);
    sums.map(|(nth, sum)| (f64::from(nth) * stretch / 60_000.0, sum / stretch)).collect()
}

/// Groups of a column that one plot can show; the tables have all of them.
const GROUPS: usize = 16;

fn cohort(body: &mut String, column: &str, runs: &[Run]) {
    let _ = write!(body, "<h2>By {}</h2>", escape(column));
    let names: BTreeSet<&str> = runs
        .iter()
        .filter_map(|run| run.cohorts.get(column))
        .flat_map(|groups| groups.keys().map(String::as_str))
        .collect();
    let names: Vec<&str> = names.into_iter().take(GROUPS).collect();
    let plot = |title: &str, y: &str, value: fn(&Summary) -> f64| {
        let series: Vec<Series> = runs
            .iter()
            .map(|run| {
                let of = |name: &&str| run.cohorts.get(column)?.get(*name).map(value);
                let points = (0_u32..).zip(&names);
                Series {
                    name: &run.name,
                    points: points
                        .map(|(nth, name)| (f64::from(nth), of(name).unwrap_or_default()))
                        .collect(),
                }
            })
            .collect();
        bars(&Words { title, x: column, y }, &names, &series)
    };
    body.push_str("<div class=\"plots\">");
    body.push_str(&plot("Wait, 90th percentile", "seconds", |it| it.wait_ms.p90 / 1000.0));
    body.push_str(&plot("Left unmatched", "% of the group", |it| {
        super::summary::percent(it.unmatched(), it.people)
    }));
    body.push_str("</div>");
    for run in runs {
        let Some(groups) = run.cohorts.get(column) else {
            continue;
        };
        let _ = write!(body, "<h3>{}</h3>", escape(&run.name));
        let names: Vec<&str> = groups.keys().map(String::as_str).collect();
        table(body, &names, &groups.values().collect::<Vec<_>>());
    }
}

fn splits(body: &mut String, report: &Report) {
    if report.shards.is_empty() {
        return;
    }
    body.push_str("<h2>Several shards and one lobby</h2>");
    head(body, &["", "escalated", "wait, mean", "wait p90", "gap", "unmatched"]);
    for split in &report.shards {
        let signed = |by: f64| {
            let sign = if by < 0.0 { "−" } else { "+" };
            format!("{sign}{}", span(by.abs()))
        };
        let cells = [
            split.split.clone(),
            split.climbed.to_string(),
            signed(split.added_wait_ms),
            signed(split.added_p90_ms),
            format!("{:+.1}", split.added_gap),
            format!("{:+}", split.added_unmatched),
        ];
        row(body, cells.iter().map(String::as_str));
    }
    body.push_str("</table></div>");
}

fn exact(body: &mut String, report: &Report) {
    for (pool, comparison) in &report.exact {
        let _ = write!(
            body,
            "<h2>{} and the best possible pairs</h2><p>Consecutive entries, as if no player had been matched until the \
             last entered; an exact minimum-weight matching of maximum cardinality.</p>",
            escape(pool)
        );
        head(
            body,
            &[
                "people",
                "snapshots",
                "pairs",
                "best pairs",
                "mean gap",
                "best mean gap",
                "ratio",
                "same people",
            ],
        );
        for it in &comparison.rows {
            let cells = [
                it.people.to_string(),
                it.snapshots.to_string(),
                it.ours.pairs.to_string(),
                it.best.pairs.to_string(),
                format!("{:.1}", it.ours.mean()),
                format!("{:.1}", it.best.mean()),
                format!("{:.3}", it.ratio()),
                format!("{:.3}", it.same_ratio()),
            ];
            row(body, cells.iter().map(String::as_str));
        }
        body.push_str("</table></div>");
    }
}
