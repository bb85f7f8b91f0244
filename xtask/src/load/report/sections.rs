//! The sections of a report: what a reader looks at first comes first.

use std::time::{Duration, SystemTime};

use super::super::run::{Run, Tickets};
use super::super::times::Times;
use super::super::verdict::{Kind, Verdict, criteria, ms, verdict};
use crate::cost::{Prices, text};
use crate::root::Root;

/// The people and the hours of the bill: those of the plans.
const BILL: (u32, u32) = (4_000, 720);
/// The difference of two figures that is called one: less is noise on a shared machine.
const NOISE: f64 = 0.1;

/// A part of the report: sentences, a table whose first row has the columns, and preformatted text.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub title: &'static str,
    pub notes: Vec<String>,
    pub table: Vec<Vec<String>>,
    pub text: String,
}

/// Returns all sections of a run.
pub(super) fn all(root: &Root, run: &Run, against: Option<&Run>) -> Vec<Section> {
    let mut sections = vec![verdict_of(run), latencies(run)];
    if run.scenario.people.is_some() {
        sections.push(accounts(run));
    }
    sections.extend(errors(run));
    sections.extend(against.map(|former| comparison(run, former)));
    sections.push(environment(run));
    sections.extend(bill(root, run));
    sections
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn verdict_of(run: &Run) -> Section {
    let criteria = criteria(run);
    let result = match verdict(&criteria, None) {
        Verdict::Passed => "PASSED",
        Verdict::Failed => "FAILED",
        Verdict::Undecided => "UNDECIDED",
    };
    let scaled = format!("at scale {} and time {}", run.scale, run.time);
    let mut notes = vec![run.scenario.about.clone()];
    notes.push(if run.is_full() {
        format!("{result}: the whole scenario `{}`.", run.name)
    } else {
        format!("{result} {scaled}. This is no pass of the whole scenario `{}`.", run.name)
    });
    if run.shards.len() > 1 {
        notes.push(format!("Merged from {} generators.", run.shards.len()));
    } else if let Some(shard) = run.shards.first() {
        notes.push(format!(
            "Generator {} of {}: merge all with `cargo xtask load merge`.",
            shard.nth, shard.of
        ));
    }
    let mut table = vec![row(["criterion", "kind", "limit", "measured", "result"])];
    for one in &criteria {
        let kind = match one.kind {
            Kind::Promise => "promise",
            Kind::Goal => "goal",
        };
        let result = match one.passed {
            Some(true) => "pass",
            Some(false) => "FAIL",
            None => "not decided",
        };
        table.push(row([one.what, kind, &one.limit, &one.value, result]));
    }
    let text = run.faults.join("\n");
    Section { title: "Verdict", notes, table, text }
}

fn latencies(run: &Run) -> Section {
    let mut table = vec![row(["stage", "count", "p50", "p95", "p99", "longest"])];
    let mut add = |name: &str, times: &Times| {
        let at = |quantile| times.at(quantile).map_or("–".to_owned(), ms);
        table.push(row([name, &times.count().to_string(), &at(0.5), &at(0.95), &at(0.99), &at(1.0)]));
    };
    for (stage, times) in &run.stages {
        add(stage.name(), times);
    }
    add("all HTTP requests", &run.http());
    add("store of the region", &run.store);
    add("lag of the generator", &run.lag);
    let notes = vec![
        "Each latency counts from the moment at which its step was due by the schedule, also if the generator or the server \
         was late."
            .to_owned(),
    ];
    Section { title: "Latencies", notes, table, text: String::new() }
}

fn accounts(run: &Run) -> Section {
    let (counts, talks) = (&run.counts, &run.talks);
    let Tickets { entered, matched, left, failed, rooms, faults } = run.tickets;
    let mut table = vec![row(["account", "count"])];
    for (what, count) in [
        ("messages that players sent", talks.sent),
        ("of them received by the other player", talks.received),
        ("lost", talks.lost),
        ("doubled", talks.doubled),
        ("reordered", talks.reordered),
        ("later than one second", counts.late),
        ("hints sent, which may be lost", counts.hints_sent),
        ("hints received", counts.hints_received),
        ("connections cut", counts.cuts),
        ("of them resumed", counts.resumed),
        ("resumes with a snapshot", counts.snapshots),
        ("tickets", entered),
        ("of them matched", matched),
        ("of them withdrawn", left),
        ("of them failed", failed),
        ("rooms", rooms),
        ("faults of tickets and rooms", faults),
    ] {
        table.push(row([what, &count.to_string()]));
    }
    Section { title: "Accounts", table, ..Section::default() }
}

fn errors(run: &Run) -> Option<Section> {
    let mut codes: Vec<(&String, &u64)> = run.errors.iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut table = vec![row(["error", "count"])];
    table.extend(codes.iter().map(|(code, count)| row([code, &count.to_string()])));
    (!codes.is_empty()).then_some(Section { title: "Errors", table, ..Section::default() })
}

fn comparison(run: &Run, former: &Run) -> Section {
    let mut table = vec![row(["95th percentile", "former", "this", "change"])];
    let mut add = |name: &str, old: Option<Duration>, new: Option<Duration>| {
        let (Some(old), Some(new)) = (old, new) else { return };
        let change = new.as_secs_f64() / old.as_secs_f64().max(1e-6) - 1.0;
        let word = match change {
            _ if change > NOISE => "slower",
            _ if change < -NOISE => "faster",
            _ => "the same",
        };
        table.push(row([name, &ms(old), &ms(new), &format!("{:+.0} %, {word}", change * 100.0)]));
    };
    for (stage, times) in &run.stages {
        let old = former.stages.get(stage).and_then(|times| times.at(0.95));
        add(stage.name(), old, times.at(0.95));
    }
    add("all HTTP requests", former.http().at(0.95), run.http().at(0.95));
    add("store of the region", former.store.at(0.95), run.store.at(0.95));
    let mut notes = vec![format!(
        "The former run is of {}, at {} with load {:.1}; this one has {} and load {:.1}.",
        former.when,
        former.environment.commit,
        former.environment.load_before,
        run.environment.commit,
        run.environment.load_before
    )];
    if former.name != run.name || former.scenario != run.scenario {
        notes.push("The two runs are of different scenarios or scales: compare with care.".to_owned());
    }
    Section { title: "Compared with a former run", notes, table, text: String::new() }
}

fn environment(run: &Run) -> Section {
    let environment = &run.environment;
    let mut table = vec![row(["what", "value"])];
    for (what, value) in [
        ("began", format!("{} UTC", run.when)),
        ("seconds", format!("{:.0}", run.seconds)),
        ("commit", environment.commit.clone()),
        ("workerd", environment.workerd.clone()),
        ("system", environment.system.clone()),
        ("cores", environment.cores.to_string()),
        (
            "load average before, after",
            format!("{:.1}, {:.1}", environment.load_before, environment.load_after),
        ),
    ] {
        table.push(row([what, &value]));
    }
    let notes =
        vec!["Generator and server share the machine, unless the run had a `--target` elsewhere.".to_owned()];
    Section { title: "Environment", notes, table, text: String::new() }
}

fn bill(root: &Root, run: &Run) -> Option<Section> {
    let measured = run.measured.as_ref()?;
    let priced =
        Prices::read(root, SystemTime::now()).and_then(|prices| text(&prices, measured, BILL.0, BILL.1));
    let text = priced.unwrap_or_else(|error| format!("no bill: {error:#}"));
    let notes = vec![
        "The CPU time is all of workerd's, and each call of the store is priced as a write: both are upper bounds. Durations \
         of the region are those of this machine."
            .to_owned(),
    ];
    Some(Section { title: "Bill", notes, text, ..Section::default() })
}
