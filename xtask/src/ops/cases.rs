//! The tests of the rules, for promtool: each alert fires, does not fire, ends, and is silent with little traffic and without series.
//!
//! They are made from the data, as the rules are, but by other means: the rules compute, and the tests have the samples for which a
//! limit is crossed by a fifth, or missed by a fifth. A fault of the rules' generator is a failure here.

mod burning;
mod figures;
mod scrape;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::rules::Said;
use super::samples::Input;
use super::slo::{Burn, Slo};
use super::span::Span;
use super::yaml;
use crate::cost::Prices;

/// The share by which samples cross a limit or stay within it.
const MARGIN: f64 = 0.2;
/// Samples in the short window of a burn, which is the unit of time of its tests.
const SHORT: u64 = 5;
/// Units between two evaluations of the rules. A test with all of them would take minutes.
const STEP: u64 = 5;
/// The files, by their unit. Each evaluates the rules as often as its windows need.
pub const FILES: [&str; 3] = [
    "ops/prometheus/rules_test.yml",
    "ops/prometheus/rules_test_hours.yml",
    "ops/prometheus/rules_test_days.yml",
];

#[derive(Debug, Serialize)]
struct File {
    rule_files: [&'static str; 1],
    evaluation_interval: String,
    tests: Vec<Test>,
}

/// The part of an alert's promise that a test is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// It fires over its limit, and ends after the cause.
    Fires,
    /// It is silent within its limit.
    Within,
    /// It is silent in a short burst.
    Burst,
    /// It is silent with little traffic.
    Few,
    /// It is silent without series; that on the scrape fires.
    Absent,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fires, Self::Within, Self::Burst, Self::Few, Self::Absent];

    const fn name(self) -> &'static str {
        match self {
            Self::Fires => "fires over its limit, and ends after the cause",
            Self::Within => "silent within its limit",
            Self::Burst => "silent in a short burst",
            Self::Few => "silent with little traffic",
            Self::Absent => "without series",
        }
    }
}

/// Samples, and the alerts at some times.
#[derive(Debug, Serialize)]
struct Test {
    name: String,
    interval: String,
    input_series: Vec<Input>,
    #[serde(rename = "alert_rule_test")]
    checks: Vec<Check>,
    #[serde(skip)]
    case: Case,
}

/// The alerts of a name at one time; none means that it is silent.
#[derive(Debug, Serialize)]
struct Check {
    eval_time: String,
    alertname: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exp_alerts: Vec<Expected>,
}

#[derive(Debug, Serialize)]
struct Expected {
    exp_labels: BTreeMap<&'static str, String>,
    exp_annotations: BTreeMap<&'static str, String>,
}

/// The alert that a test is about, with its unit of time.
#[derive(Debug, Clone)]
struct Subject {
    name: String,
    unit: Span,
    said: Said,
}

impl Subject {
    /// A test of this alert: at some units it fires, or is silent.
    fn test(&self, case: Case, input_series: Vec<Input>, checks: &[(u64, bool)]) -> Test {
        let check = |(units, fires): &(u64, bool)| Check {
            eval_time: Span::from_secs(self.unit.secs() * units).to_string(),
            alertname: self.name.clone(),
            exp_alerts: fires.then(|| self.expected()).into_iter().collect(),
        };
        Test {
            name: self.name.clone(),
            interval: self.unit.to_string(),
            input_series,
            checks: checks.iter().map(check).collect(),
            case,
        }
    }

    /// The label of a group of series, such as a pool.
    fn with(mut self, label: &'static str, value: &str) -> Self {
        self.said.labels.insert(label, value.to_owned());
        self
    }

    fn expected(&self) -> Expected {
        let Said { labels, annotations } = self.said.clone();
        Expected { exp_labels: labels, exp_annotations: annotations }
    }
}

/// Returns the unit of time of the tests of a speed.
fn unit(burn: &Burn) -> Span {
    Span::from_secs(burn.short.secs() / SHORT)
}

/// Returns the units of a phase in which an alert crosses its limit and fires: its window and hold, each with the evaluation that
/// sees its end.
const fn part(window_and_hold: u64) -> u64 {
    (window_and_hold + 2 * STEP).next_multiple_of(STEP)
}

impl Test {
    /// The names of its series, without labels.
    fn names(&self) -> BTreeSet<&str> {
        self.input_series.iter().filter_map(|input| input.series.split('{').next()).collect()
    }

    /// Adds a test that has no series in common, so that both are one run of the rules.
    fn join(&mut self, other: Self) {
        self.name = format!("{}, {}", self.name, other.name);
        self.input_series.extend(other.input_series);
        self.checks.extend(other.checks);
    }
}

/// Returns the files of the tests with their texts: all of these cases.
pub fn documents(slo: &Slo, prices: &Prices, cases: &[Case]) -> Result<Vec<(&'static str, String)>> {
    let units: BTreeSet<Span> = slo.burns.iter().map(unit).collect();
    let mut tests = burning::tests(slo);
    tests.extend(figures::tests(slo, prices, &units));
    tests.extend(scrape::tests(slo));
    tests.retain(|test| cases.contains(&test.case));
    let mut by_unit: BTreeMap<String, Vec<Test>> = BTreeMap::new();
    for test in joined(tests) {
        by_unit.entry(test.interval.clone()).or_default().push(test);
    }
    let file = |(file, unit): (&&'static str, Span)| {
        let evaluation_interval = Span::from_secs(unit.secs() * STEP).to_string();
        let tests = by_unit.remove(&unit.to_string()).unwrap_or_default();
        Ok((*file, yaml::document(&File { rule_files: ["rules.yml"], evaluation_interval, tests })?))
    };
    FILES.iter().zip(units).map(file).collect()
}

/// Joins tests of the same case whose series differ.
fn joined(tests: Vec<Test>) -> Vec<Test> {
    let mut all: Vec<Test> = Vec::new();
    for test in tests {
        let fits = |other: &&mut Test| {
            other.case == test.case
                && other.interval == test.interval
                && other.names().is_disjoint(&test.names())
        };
        match all.iter_mut().find(fits) {
            Some(other) => other.join(test),
            None => all.push(test),
        }
    }
    for test in &mut all {
        test.name = format!("{}: {}", test.case.name(), test.name);
    }
    all
}
