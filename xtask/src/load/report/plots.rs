//! The plots of a run over its time.

use super::super::run::Run;
use super::super::sample::Sample;
use super::super::stage::{LIVE, LIVE_REQUESTS, Stage};
use super::super::tally::Counts;
use crate::plot::{Series, Words, lines};

/// A plot: its figure for a page, and the name of its own file.
#[derive(Debug)]
pub(super) struct Plot {
    pub title: String,
    pub file: String,
    pub figure: String,
}

/// Returns all plots of a run.
pub(super) fn all(run: &Run) -> Vec<Plot> {
    let mut plots = Vec::new();
    let mut add = |file: &str, title: &str, y: &str, series: &[Series<'_>]| {
        let words = Words { title, x: "seconds", y };
        let figure = lines(&words, series, run.seconds, None);
        plots.push(Plot { title: title.to_owned(), file: format!("{file}.svg"), figure });
    };
    let is_crowd = run.scenario.people.is_some();
    if is_crowd {
        let people = [
            points(run, "should be online", |sample, _| sample.target),
            points(run, "online", |sample, _| count(sample.counts.online)),
            points(run, "in rooms", |sample, _| count(sample.counts.talking)),
        ];
        add("people", "People", "people", &people);
        let rates =
            [rate(run, "sent", |counts| counts.sent), rate(run, "received", |counts| counts.received)];
        add("messages", "Messages a second", "messages/s", &rates);
        let matches = [rate(run, "players matched", |counts| counts.matched)];
        add("matches", "Players matched a second", "players/s", &matches);
    } else {
        let rates = [
            points(run, "due", |sample, _| sample.target),
            rate(run, "answered", |counts| counts.operations),
        ];
        add("requests", "Requests a second", "requests/s", &rates);
    }
    let main = if is_crowd { Stage::Message } else { Stage::Profile };
    let quantile = |name, quantile| points(run, name, move |sample, _| latency(sample, main, quantile));
    let percentiles = [quantile("p50", 0.5), quantile("p95", 0.95), quantile("p99", 0.99)];
    let title =
        if is_crowd { "From a message's due moment to the other player" } else { "Reads of a profile" };
    add("latency", title, "ms", &percentiles);
    let stages = if is_crowd { LIVE } else { LIVE_REQUESTS };
    let by_stage: Vec<Series> = stages
        .iter()
        .map(|stage| points(run, stage.name(), move |sample, _| latency(sample, *stage, 0.95)))
        .collect();
    add("stages", "Stages, 95th percentile", "ms", &by_stage);
    let errors = [rate(run, "errors", |counts| counts.errors)];
    add("errors", "Errors a second", "errors/s", &errors);
    if run.samples.iter().any(|sample| sample.usage.is_some()) {
        let cpu = [
            points(run, "workerd", |sample, last| cores(sample, last, |usage| usage.workerd_cpu_ms)),
            points(run, "region", |sample, last| cores(sample, last, |usage| usage.region_cpu_ms)),
        ];
        add("cpu", "Processor", "cores", &cpu);
        let memory = |of: fn(&super::super::machine::Usage) -> f64| {
            move |sample: &Sample, _: Option<&Sample>| sample.usage.as_ref().map_or(0.0, of)
        };
        let memory = [
            points(run, "workerd", memory(|usage| usage.workerd_rss_mb)),
            points(run, "region", memory(|usage| usage.region_rss_mb)),
        ];
        add("memory", "Memory", "MB", &memory);
    }
    plots
}

/// Returns a line over all samples; each value may use the sample before.
fn points<'a>(run: &Run, name: &'a str, value: impl Fn(&Sample, Option<&Sample>) -> f64) -> Series<'a> {
    let before = std::iter::once(None).chain(run.samples.iter().map(Some));
    let points = run.samples.iter().zip(before);
    Series { name, points: points.map(|(sample, before)| (sample.at_s, value(sample, before))).collect() }
}

/// Returns how often something happened in a second.
fn rate<'a>(run: &Run, name: &'a str, of: fn(&Counts) -> u64) -> Series<'a> {
    points(run, name, move |sample, before| {
        let earlier = before.map_or(0, |before| of(&before.counts));
        count(of(&sample.counts).saturating_sub(earlier)) / span(sample, before)
    })
}

/// Returns the cores that a process used since the sample before; the first sample has no time before it.
fn cores(sample: &Sample, before: Option<&Sample>, of: fn(&super::super::machine::Usage) -> u64) -> f64 {
    let (Some(usage), Some(earlier)) = (&sample.usage, before.and_then(|before| before.usage.as_ref()))
    else {
        return 0.0;
    };
    count(of(usage).saturating_sub(of(earlier))) / 1000.0 / span(sample, before)
}

fn span(sample: &Sample, before: Option<&Sample>) -> f64 {
    (sample.at_s - before.map_or(0.0, |before| before.at_s)).max(0.001)
}

/// Returns a latency in milliseconds; 0 where nothing was measured.
fn latency(sample: &Sample, stage: Stage, quantile: f64) -> f64 {
    let at = sample.stages.get(&stage).and_then(|times| times.at(quantile));
    at.map_or(0.0, |at| at.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run")]
fn count(count: u64) -> f64 {
    count as f64
}
