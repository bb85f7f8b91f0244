//! The verdict on a run: what must hold in every run, and the goals of the plans.

use std::time::Duration;

use serde::Serialize;

use super::run::Run;
use super::stage::Stage;
use super::times::Times;

/// The goals of the plans: the 95th percentile of each.
const HTTP_P95: Duration = Duration::from_millis(200);
const STORE_P95: Duration = Duration::from_millis(50);
const SOCKET_P95: Duration = Duration::from_millis(100);
/// The share of steps that may fail.
const ERRORS_MAX: f64 = 0.001;
/// The share of profile reads that the edge answers itself.
const HITS_MIN: f64 = 0.85;
/// Delay of the generator beyond which it is the limit, and not the server: the 99th percentile.
pub(super) const LAG_MAX: Duration = Duration::from_millis(50);
/// A message that takes longer from its due moment is late.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// The kind of a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It must hold on any machine.
    Promise,
    /// A figure that the plans ask for, which a small machine may miss.
    Goal,
}

/// A criterion and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Criterion {
    pub kind: Kind,
    pub what: &'static str,
    pub limit: String,
    pub value: String,
    /// None if the run cannot tell.
    pub passed: Option<bool>,
}

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    /// The generator was the limit, or the run has nothing to judge.
    Undecided,
}

/// Returns the criteria that apply to a run.
#[must_use]
pub fn criteria(run: &Run) -> Vec<Criterion> {
    let mut all = promises(run);
    all.extend(goals(run));
    all
}

/// Returns the result of the criteria of one kind, or of all.
#[must_use]
pub fn verdict(criteria: &[Criterion], kind: Option<Kind>) -> Verdict {
    let mut of_kind = criteria.iter().filter(|one| kind.is_none_or(|kind| one.kind == kind));
    if of_kind.clone().any(|one| one.passed == Some(false)) {
        Verdict::Failed
    } else if of_kind.any(|one| one.passed.is_none()) {
        Verdict::Undecided
    } else {
        Verdict::Passed
    }
}

fn promises(run: &Run) -> Vec<Criterion> {
    let promise = |what, limit: &str, value: String, passed| Criterion {
        kind: Kind::Promise,
        what,
        limit: limit.to_owned(),
        value,
        passed: Some(passed),
    };
    let (counts, talks, tickets) = (&run.counts, &run.talks, &run.tickets);
    let mut all = Vec::new();
    if run.scenario.people.is_some() {
        for (what, count) in [
            ("lost messages", talks.lost),
            ("doubled messages", talks.doubled),
            ("reordered messages", talks.reordered),
            ("damaged messages", talks.damaged),
        ] {
            all.push(promise(what, "0", format!("{count} of {}", talks.sent), count == 0));
        }
        all.push(promise(
            "talks without the accounts of both players",
            "0",
            talks.one_sided.to_string(),
            talks.one_sided == 0,
        ));
        let rooms = format!("{} of {} tickets, {} rooms", tickets.faults, tickets.entered, tickets.rooms);
        let what = "tickets without exactly one end, rooms without exactly two players";
        all.push(promise(what, "0", rooms, tickets.faults == 0));
        let violations = counts.violations;
        all.push(promise(
            "contradictions in the logs of rooms",
            "0",
            violations.to_string(),
            violations == 0,
        ));
        let arrived = talks.received > 0;
        all.push(promise("messages that arrived", "some", talks.received.to_string(), arrived));
    }
    let errors = ratio(counts.errors, counts.operations.max(counts.errors));
    let value = format!("{:.3} % of {}", errors * 100.0, counts.operations);
    let passed = errors < ERRORS_MAX && counts.operations > 0;
    all.push(promise("errors", "< 0.1 %", value, passed));
    all
}

fn goals(run: &Run) -> Vec<Criterion> {
    let is_late = run.lag.at(0.99).is_some_and(|lag| lag > LAG_MAX);
    let goal = |what, limit: String, value: String, passed: Option<bool>| Criterion {
        kind: Kind::Goal,
        what,
        limit,
        value,
        passed,
    };
    let latency = |what, times: &Times, limit: Duration| {
        let p95 = times.at(0.95);
        // A late generator makes each latency longer: a failure may be its own.
        let passed = p95.map(|p95| p95 < limit).filter(|passed| *passed || !is_late);
        goal(what, format!("< {}", ms(limit)), p95.map_or("none".to_owned(), ms), passed)
    };
    let mut all = vec![latency("HTTP requests, p95", &run.http(), HTTP_P95)];
    if run.store.count() > 0 {
        all.push(latency("store of the region, p95", &run.store, STORE_P95));
    }
    if run.scenario.people.is_some() {
        let none = Times::default();
        all.push(latency("message, p95", run.stages.get(&Stage::Message).unwrap_or(&none), SOCKET_P95));
    }
    if let Some(reads) = run.reads.filter(|reads| reads.all > 0.0) {
        let hits = reads.hits / reads.all;
        let value = format!("{:.1} % of {:.0}", hits * 100.0, reads.all);
        all.push(goal(
            "profile reads answered at the edge",
            "> 85 %".to_owned(),
            value,
            Some(hits > HITS_MIN),
        ));
    }
    let lag = run.lag.at(0.99).unwrap_or_default();
    let value = format!("{}{}", ms(lag), if is_late { ": the generator is the limit" } else { "" });
    let passed = (!is_late).then_some(true);
    all.push(goal("lag of the generator, p99", format!("< {}", ms(LAG_MAX)), value, passed));
    all
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run")]
fn ratio(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

/// Writes a time in milliseconds.
#[must_use]
pub(super) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests;
