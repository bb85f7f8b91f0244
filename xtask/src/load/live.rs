//! The figures of a running load: a block that is redrawn each second on a terminal, and a line a second elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::drive::Plan;
use super::sample::Sample;
use super::scenario::Scenario;
use super::stage::{LIVE, LIVE_REQUESTS, Stage};
use super::tally::Counts;
use super::verdict::LAG_MAX;

/// Codes of errors that the block shows.
const CODES: usize = 3;

/// The block or the lines of a running load.
#[derive(Debug)]
pub(super) struct Live {
    title: String,
    end: Duration,
    stages: &'static [Stage],
    /// None where the output is no terminal.
    block: Option<ProgressBar>,
    /// The time and the counts of the last sample.
    last: (f64, Counts),
}

impl Live {
    pub(super) fn new(plan: &Plan, scenario: &Scenario) -> Self {
        let title = format!("{}, scale {}, time {}", plan.name, plan.scale, plan.time);
        let block = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            // The template has no field that could be unknown.
            bar.with_style(
                ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        });
        let stages = if scenario.people.is_some() { LIVE } else { LIVE_REQUESTS };
        Self { title, end: scenario.time(), stages, block, last: (0.0, Counts::default()) }
    }

    /// Shows the last second.
    pub(super) fn show(&mut self, sample: &Sample, errors: &BTreeMap<String, u64>) {
        match &self.block {
            Some(block) => block.set_message(self.block_of(sample, errors)),
            None => eprintln!("{}", self.line_of(sample)),
        }
        self.last = (sample.at_s, sample.counts);
    }

    /// Removes the block.
    pub(super) fn close(&self) {
        if let Some(block) = &self.block {
            block.finish_and_clear();
        }
    }

    /// Returns how often something happened in a second, since the last sample.
    fn rate(&self, sample: &Sample, of: fn(&Counts) -> u64) -> f64 {
        let (at, counts) = &self.last;
        let more = u32::try_from(of(&sample.counts).saturating_sub(of(counts))).unwrap_or(u32::MAX);
        f64::from(more) / (sample.at_s - at).max(0.001)
    }

    fn people(&self, sample: &Sample) -> String {
        let counts = &sample.counts;
        if self.stages == LIVE_REQUESTS {
            let rate = self.rate(sample, |counts| counts.operations);
            return format!("requests   {rate:.0} of {:.0} a second", sample.target);
        }
        format!("people     {} of {:.0} online, {} in rooms", counts.online, sample.target, counts.talking)
    }

    fn block_of(&self, sample: &Sample, errors: &BTreeMap<String, u64>) -> String {
        let counts = &sample.counts;
        let end = self.end.as_secs_f64();
        let mut out = format!("{}: {:.0} of {end:.0} s\n{}\n", self.title, sample.at_s, self.people(sample));
        if self.stages == LIVE {
            // Two players are in a match. Writing to a String does not fail.
            let matches = self.rate(sample, |counts| counts.matched) / 2.0;
            let (sent, received) =
                (self.rate(sample, |counts| counts.sent), self.rate(sample, |counts| counts.received));
            let _ = writeln!(
                out,
                "a second   {matches:.1} matches, {sent:.0} messages sent, {received:.0} received"
            );
        }
        let names = cells(self.stages.iter().map(|stage| stage.name().to_owned()));
        let _ = writeln!(out, "ms       {names}");
        for (name, quantile) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let cells = cells(self.stages.iter().map(|stage| time(sample, *stage, quantile)));
            let _ = writeln!(out, "{name}      {cells}");
        }
        let _ = write!(out, "errors     {} of {}", counts.errors, counts.operations);
        let mut codes: Vec<(&String, &u64)> = errors.iter().collect();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (code, count) in codes.into_iter().take(CODES) {
            let _ = write!(out, "; {count} {code}");
        }
        if self.stages == LIVE {
            let _ = write!(
                out,
                "\ncuts       {} of {} resumed, {} with a snapshot",
                counts.resumed, counts.cuts, counts.snapshots
            );
        }
        let _ = write!(out, "\ngenerator  {}", lag(sample));
        out
    }

    fn line_of(&self, sample: &Sample) -> String {
        let counts = &sample.counts;
        let mut line = format!("{:>5.0} s  {}", sample.at_s, self.people(sample).replace("     ", " "));
        if self.stages == LIVE {
            let _ = write!(
                line,
                ", {:.1} matches/s, {:.0}/{:.0} messages/s, cuts {}/{}",
                self.rate(sample, |counts| counts.matched) / 2.0,
                self.rate(sample, |counts| counts.sent),
                self.rate(sample, |counts| counts.received),
                counts.resumed,
                counts.cuts
            );
        }
        line.push_str(", p95 ms:");
        for stage in self.stages {
            let _ = write!(line, " {} {},", stage.name(), time(sample, *stage, 0.95));
        }
        let _ = write!(line, " errors {}/{}, {}", counts.errors, counts.operations, lag(sample));
        line
    }
}

/// Joins the cells of a row.
fn cells(cells: impl Iterator<Item = String>) -> String {
    let mut row = String::new();
    for cell in cells {
        let _ = write!(row, "{cell:>13}");
    }
    row
}

fn time(sample: &Sample, stage: Stage, quantile: f64) -> String {
    let at = sample.stages.get(&stage).and_then(|times| times.at(quantile));
    at.map_or("–".to_owned(), |at| format!("{:.1}", at.as_secs_f64() * 1000.0))
}

fn lag(sample: &Sample) -> String {
    let limit =
        if Duration::from_millis(sample.lag_ms) > LAG_MAX { ": the generator is the limit" } else { "" };
    format!("{} ms late{limit}", sample.lag_ms)
}
