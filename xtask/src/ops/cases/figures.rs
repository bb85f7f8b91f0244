//! The tests of the alerts on one figure.

use std::collections::BTreeSet;

use super::{Case, MARGIN, Subject, Test, part};
use crate::cost::{COUNTED, Prices};
use crate::ops::samples::{self, Input, Phase, counter, gauge, times};
use crate::ops::series::Labels;
use crate::ops::slo::{Alert, Figure, Limit, Slo};
use crate::ops::span::Span;

/// The most units in a window: a longer window is tested in longer units.
const UNITS: u64 = 60;
/// The least number of events in a unit.
const EVENTS: f64 = 1000.0;
/// A value for a label by which a figure is divided.
const GROUP: &str = "other";

/// Returns the tests of all alerts.
pub(super) fn tests(slo: &Slo, prices: &Prices, units: &BTreeSet<Span>) -> Vec<Test> {
    let longest = units.last().copied().unwrap_or(Span::from_secs(60));
    let of = |alert: &Alert| {
        let fits = |unit: &&Span| alert.window.in_units(**unit) <= UNITS;
        FigureTests { alert, prices, unit: units.iter().find(fits).copied().unwrap_or(longest) }.tests()
    };
    slo.alerts.iter().flat_map(of).collect()
}

struct FigureTests<'a> {
    alert: &'a Alert,
    prices: &'a Prices,
    unit: Span,
}

impl FigureTests<'_> {
    fn tests(&self) -> Vec<Test> {
        let alert = self.alert;
        let mut subject = Subject { name: alert.name.clone(), unit: self.unit, said: alert.said() };
        if let Figure::Gauge { by: Some(_), .. } = alert.figure {
            subject = subject.with("pool", GROUP);
        }
        let window = alert.window.in_units(self.unit);
        let (part, value) = (part(window + alert.hold.in_units(self.unit)), alert.limit.value());
        let (over, within) = match alert.limit {
            Limit::Above(_) => (value * (1.0 + MARGIN), value * (1.0 - MARGIN)),
            Limit::Below(_) => (value * (1.0 - MARGIN), value.midpoint(1.0)),
        };
        let count = (3.0 * alert.floor / times(window)).max(EVENTS);
        let mut tests = vec![
            subject.test(
                Case::Fires,
                self.series(count, &[(part, within), (part, over), (part, within)]),
                &[(part - 1, false), (2 * part - 1, true), (3 * part - 1, false)],
            ),
            subject.test(Case::Within, self.series(count, &[(part, within)]), &[(part - 1, false)]),
            subject.test(Case::Absent, Vec::new(), &[(part - 1, false)]),
        ];
        let few = match alert.figure {
            Figure::Quantile { .. } | Figure::Share { .. } => {
                self.series(alert.floor * (1.0 - MARGIN) / times(window), &[(part, over)])
            }
            // One event, or one connection, or one second.
            Figure::Gauge { .. } | Figure::Growth { .. } => self.series(count, &[(part, 1.0)]),
            Figure::Cost => self.series(count, &[(part, value / 1000.0)]),
        };
        tests.push(subject.test(Case::Few, few, &[(part - 1, false)]));
        tests
    }

    /// The series for a figure with a value in each phase: the count of units, and the value.
    fn series(&self, count: f64, phases: &[(u64, f64)]) -> Vec<Input> {
        let growth = |of: &dyn Fn(f64) -> f64| samples::phases(phases, of);
        let window = times(self.alert.window.in_units(self.unit));
        match &self.alert.figure {
            Figure::Quantile { histogram, quantile } => {
                // The share of events above the limit is half as large again as the quantile allows, or half of that.
                let slow = |value: f64| {
                    let share = if value > self.alert.limit.value() { 1.5 } else { 0.5 };
                    count * (1.0 - quantile) * share
                };
                let (fast, all) = (growth(&|value| count - slow(value)), growth(&|_| count));
                let limit = self.alert.limit.value();
                let buckets = [(limit, &fast[..]), (limit * 2.0, &all[..])];
                samples::histogram(histogram, &histogram.sample(), &buckets, &all)
            }
            Figure::Share { part, whole } if part.name == whole.name => vec![
                counter(&part.name, &part.sample(), &growth(&|value| count * value)),
                counter(&whole.name, &whole.sample_without(part), &growth(&|value| count * (1.0 - value))),
            ],
            Figure::Share { part, whole } => vec![
                counter(&part.name, &part.sample(), &growth(&|value| count * value)),
                counter(&whole.name, &whole.sample(), &growth(&|_| count)),
            ],
            Figure::Gauge { series, by, .. } => {
                let group = by.iter().map(|label| (label.clone(), GROUP.to_owned()));
                let labels: Labels = series.sample().into_iter().chain(group).collect();
                vec![gauge(&series.name, &labels, &growth(&|value| value))]
            }
            Figure::Growth { counter: series } => {
                vec![counter(&series.name, &series.sample(), &growth(&|value| value / window))]
            }
            Figure::Cost => self.cost(&growth(&|value| value / window)),
        }
    }

    /// The growth of all counters that costs these US dollars in each unit, in equal parts.
    fn cost(&self, phases: &[Phase]) -> Vec<Input> {
        let parts = times(COUNTED.len() as u64);
        let of = |counted: &crate::cost::Counted| {
            let price = self.prices.items().get(&counted.item)?;
            let each = price.per / price.usd / counted.billed / parts;
            let phases: Vec<Phase> =
                phases.iter().map(|phase| Phase::of(phase.units, phase.value * each)).collect();
            Some(counter(counted.series, &Labels::new(), &phases))
        };
        COUNTED.iter().filter_map(of).collect()
    }
}
