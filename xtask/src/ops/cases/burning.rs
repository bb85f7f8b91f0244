//! The tests of the alerts on the budgets of objectives.

use super::{Case, MARGIN, SHORT, STEP, Subject, Test, unit};
use crate::ops::samples::{self, Input, counter, times};
use crate::ops::series::Labels;
use crate::ops::slo::{Burn, Events, Objective, Slo};

/// Units behind the long window at which an alert is looked at: its hold has passed.
const HELD: u64 = 6;
/// Units of a test's first part.
const BEHIND: u64 = 10;
/// The least number of events in a unit.
const EVENTS: f64 = 1000.0;

/// Returns the tests of all objectives at all speeds.
pub(super) fn tests(slo: &Slo) -> Vec<Test> {
    let pairs = slo.objectives.iter().flat_map(|objective| {
        slo.burns
            .iter()
            .flat_map(move |burn| values(objective).into_iter().map(move |value| (objective, burn, value)))
    });
    pairs.flat_map(|(objective, burn, value)| of(objective, burn, value.as_deref())).collect()
}

/// The values of the label by which an objective is divided: one with a bound of its own, and one without.
fn values(objective: &Objective) -> Vec<Option<String>> {
    let Some(_) = &objective.by else { return vec![None] };
    let own = match &objective.events {
        Events::Within { by, .. } => by.keys().next().cloned(),
        Events::Bad { .. } | Events::Good { .. } => None,
    };
    own.into_iter().chain(["other".to_owned()]).map(Some).collect()
}

fn of(objective: &Objective, burn: &Burn, value: Option<&str>) -> Vec<Test> {
    let unit = unit(burn);
    let mut subject = Subject { name: objective.alert_of(burn), unit, said: objective.said(burn) };
    let mut shared = Labels::new();
    if let (Some(label), Some(value)) = (&objective.by, value) {
        shared.push((label.clone(), value.to_owned()));
        // The only label by which an objective is divided.
        subject = subject.with("pool", value);
    }
    let limit = burn.factor * objective.budget();
    let window = burn.long.in_units(unit);
    let count = (3.0 * objective.floor / (limit * times(window))).ceil().max(EVENTS);
    let series = |phases: &[(u64, f64)]| events(objective, &shared, value, count, phases);
    let (end, at) = (window + BEHIND, window + HELD);
    // As many as the floor allows without an alert, and all of them bad.
    let few = objective.floor * (1.0 - MARGIN) / times(window);
    let burst = (limit * 1.5).min(1.0);
    vec![
        subject.test(
            Case::Fires,
            series(&[(end, limit * (1.0 + MARGIN)), (BEHIND, 0.0)]),
            &[(at, true), (end + BEHIND - 1, false)],
        ),
        subject.test(Case::Within, series(&[(end, limit * (1.0 - MARGIN))]), &[(at, false)]),
        // Two evaluations see the burst in the whole of the short window.
        subject.test(
            Case::Burst,
            series(&[(window, 0.0), (SHORT + STEP + 1, burst)]),
            &[(window + SHORT + STEP, false)],
        ),
        subject.test(Case::Few, events(objective, &shared, value, few, &[(end, 1.0)]), &[(at, false)]),
        subject.test(Case::Absent, Vec::new(), &[(at, false)]),
    ]
}

/// The series of an objective's events: `count` in each unit, of which a share is bad in each phase.
fn events(
    objective: &Objective,
    shared: &Labels,
    value: Option<&str>,
    count: f64,
    phases: &[(u64, f64)],
) -> Vec<Input> {
    let growth = |of: fn(f64) -> f64| samples::phases(phases, |bad| count * of(bad));
    let (bad, good, all) = (growth(|bad| bad), growth(|bad| 1.0 - bad), growth(|_| 1.0));
    let joined = |labels: Labels| labels.into_iter().chain(shared.clone()).collect::<Labels>();
    match &objective.events {
        Events::Bad { bad: part, total } => vec![
            counter(&part.name, &joined(part.sample()), &bad),
            counter(&total.name, &joined(total.sample_without(part)), &good),
        ],
        Events::Good { good: part, total } => vec![
            counter(&part.name, &joined(part.sample()), &good),
            counter(&total.name, &joined(total.sample_without(part)), &bad),
        ],
        Events::Within { histogram, default, by } => {
            let bound = value.and_then(|value| by.get(value)).unwrap_or(default);
            // Nothing is faster, so that a lower bound would find no good event; and all is faster than twice the bound.
            let (none, labels) = (growth(|_| 0.0), joined(histogram.sample()));
            let buckets = [(bound / 2.0, &none[..]), (*bound, &good[..]), (bound * 2.0, &all[..])];
            samples::histogram(histogram, &labels, &buckets, &all)
        }
    }
}
