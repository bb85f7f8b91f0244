//! The tests of the alerts on the scrape, and on objectives that count nothing.

use super::{Case, MARGIN, STEP, Subject, Test, part, unit};
use crate::ops::samples::{self, Input, Phase, counter, gauge, times};
use crate::ops::series::Labels;
use crate::ops::slo::{Objective, Seen, Slo};
use crate::ops::span::Span;

/// Returns all of them.
pub(super) fn tests(slo: &Slo) -> Vec<Test> {
    let unit = slo.burns.iter().map(unit).min().unwrap_or(Span::from_secs(60));
    let mut tests = up(slo, unit);
    for objective in &slo.objectives {
        if let Some(seen) = &objective.seen {
            tests.extend(missing(slo, objective, seen, unit));
        }
    }
    tests
}

fn up(slo: &Slo, unit: Span) -> Vec<Test> {
    let scrape = &slo.scrape;
    let subject = Subject { name: scrape.alert.clone(), unit, said: slo.scrape_said() };
    let part = part(scrape.hold.in_units(unit));
    let labels =
        Labels::from([("job".to_owned(), scrape.job.clone()), ("instance".to_owned(), "edge".to_owned())]);
    let up = |parts: &[(u64, f64)]| vec![gauge("up", &labels, &samples::phases(parts, |value| value))];
    vec![
        subject.test(
            Case::Fires,
            up(&[(part, 1.0), (part, 0.0), (part, 1.0)]),
            &[(part - 1, false), (2 * part - 1, true), (3 * part - 1, false)],
        ),
        // One failed scrape, at an evaluation.
        subject.test(
            Case::Few,
            up(&[(part - 1, 1.0), (1, 0.0), (STEP, 1.0)]),
            &[(part, false), (part + STEP, false)],
        ),
        subject.test(Case::Absent, Vec::new(), &[(part, true)]),
    ]
}

fn missing(slo: &Slo, objective: &Objective, seen: &Seen, unit: Span) -> Vec<Test> {
    let subject = Subject { name: slo.missing.alert.clone(), unit, said: slo.missing_said(objective) };
    let window = slo.missing.window.in_units(unit);
    let part = part(window + slo.missing.hold.in_units(unit));
    let others: Vec<Input> = slo
        .objectives
        .iter()
        .filter(|other| other.name != objective.name && other.total() != objective.total())
        .map(|other| counted(other, &[Phase::of(2 * part, 1.0)]))
        .collect();
    let with = |events: f64, own: Option<Input>| {
        let each = events / times(window);
        let witness = counter(&seen.series.name, &seen.series.sample(), &[Phase::of(2 * part, each)]);
        others.iter().cloned().chain([witness]).chain(own).collect::<Vec<_>>()
    };
    let (many, few) = (seen.floor * (1.0 + MARGIN), seen.floor * (1.0 - MARGIN));
    let mut late = counted(objective, &[Phase::of(part, 1.0)]);
    late.values = format!("_x{part} {}", late.values);
    vec![
        subject.test(Case::Fires, with(many, Some(late)), &[(part - 1, true), (part + STEP + 1, false)]),
        subject.test(
            Case::Within,
            with(many, Some(counted(objective, &[Phase::of(2 * part, 1.0)]))),
            &[(part - 1, false)],
        ),
        subject.test(Case::Few, with(few, None), &[(part - 1, false)]),
        subject.test(Case::Absent, Vec::new(), &[(part - 1, false)]),
    ]
}

/// The series of an objective's events.
fn counted(objective: &Objective, phases: &[Phase]) -> Input {
    let total = objective.total();
    counter(&total.name, &total.sample(), phases)
}
