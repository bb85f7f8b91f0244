//! ops/prometheus/rules.yml: the recorded series of each objective, and all alerts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::cost;
use super::query::{self, number};
use super::slo::{Alert, Burn, Figure, Limit, Objective, Severity, Slo};
use super::span::{Pace, Span};
use super::yaml;
use crate::cost::Prices;

/// The file of the rules.
pub const FILE: &str = "ops/prometheus/rules.yml";
/// The page with a heading for each alert.
pub const RUNBOOK: &str = "docs/runbook.md";
/// The recorded cost of a day, by line of the bill.
pub const COST: &str = "matchpoint:cost_usd:increase1d";

#[derive(Debug, Serialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Default, Serialize)]
struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

/// The labels of an alert, and the sentences that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub labels: BTreeMap<&'static str, String>,
    pub annotations: BTreeMap<&'static str, String>,
}

/// Returns the rules, with all durations at a pace.
pub fn document(slo: &Slo, prices: &Prices, pace: Pace) -> Result<String> {
    let mut groups: Vec<Group> = slo.objectives.iter().map(|objective| group(slo, objective, pace)).collect();
    // The alert on the cost reads the recorded cost: rules see each other's results in one group only.
    let figures = costs(prices, pace).into_iter().chain(slo.alerts.iter().map(|alert| figure(alert, pace)));
    groups.push(Group { name: "figures".to_owned(), rules: figures.collect() });
    groups.push(Group { name: "scrape".to_owned(), rules: scrape(slo, pace) });
    yaml::document(&Rules { groups })
}

/// The recorded series of an objective, which its alerts read.
fn group(slo: &Slo, objective: &Objective, pace: Pace) -> Group {
    let labels = BTreeMap::from([("slo", objective.name.clone())]);
    let record =
        |name: String, expr| Rule { record: Some(name), expr, labels: labels.clone(), ..Rule::default() };
    let windows: BTreeSet<Span> = slo.burns.iter().flat_map(|burn| [burn.short, burn.long]).collect();
    let mut rules: Vec<Rule> = windows
        .into_iter()
        .map(|window| record(bad_share(window), objective.bad_share(&pace.text(window))))
        .collect();
    let (total, by) = (objective.total(), objective.by.as_deref());
    let longs: BTreeSet<Span> = slo.burns.iter().map(|burn| burn.long).collect();
    rules.extend(
        longs
            .into_iter()
            .map(|window| record(events(window), query::increase(&total, by, &pace.text(window)))),
    );
    rules.extend(slo.burns.iter().map(|burn| burning(objective, burn, pace)));
    Group { name: format!("slo-{}", objective.name), rules }
}

/// The name of the recorded share of bad events.
#[must_use]
pub fn bad_share(window: Span) -> String {
    format!("slo:bad:ratio_rate{window}")
}

fn events(window: Span) -> String {
    format!("slo:events:increase{window}")
}

fn burning(objective: &Objective, burn: &Burn, pace: Pace) -> Rule {
    let of = |name: String| format!("{name}{{slo=\"{}\"}}", objective.name);
    let limit = format!("{} * {}", number(burn.factor), number(objective.budget()));
    let (long, short) = (of(bad_share(burn.long)), of(bad_share(burn.short)));
    let count = of(events(burn.long));
    let expr =
        format!("{long} > {limit} and {short} > {limit} and {long} * {count} >= {}", number(objective.floor));
    alerting(objective.alert_of(burn), expr, burn.hold, objective.said(burn), pace)
}

fn alerting(name: String, expr: String, hold: Span, said: Said, pace: Pace) -> Rule {
    let (labels, annotations) = (said.labels, said.annotations);
    Rule { alert: Some(name), expr, hold: Some(pace.text(hold)), labels, annotations, record: None }
}

fn figure(alert: &Alert, pace: Pace) -> Rule {
    let window = pace.text(alert.window);
    let limit = match alert.limit {
        Limit::Above(value) => format!("> {}", number(value)),
        Limit::Below(value) => format!("< {}", number(value)),
    };
    let enough =
        |events| format!(" and {} >= {}", query::increase(events, None, &window), number(alert.floor));
    let expr = match &alert.figure {
        Figure::Quantile { histogram, quantile } => {
            let figure = query::quantile(histogram, *quantile, None, &window);
            format!("{figure} {limit}{}", enough(&histogram.part("_count")))
        }
        Figure::Share { part, whole } => {
            format!("{} {limit}{}", query::share(part, whole, None, &window), enough(whole))
        }
        Figure::Gauge { series, by, largest } => {
            let how = if *largest { "max" } else { "sum" };
            format!("{} {limit}", query::aggregate(how, by.as_deref(), &series.to_string()))
        }
        Figure::Growth { counter } => format!("{} {limit}", query::increase(counter, None, &window)),
        Figure::Cost => format!("sum({COST}) {limit}"),
    };
    alerting(alert.name.clone(), expr, alert.hold, alert.said(), pace)
}

/// The cost of each line of the bill in a day.
fn costs(prices: &Prices, pace: Pace) -> Vec<Rule> {
    let day = pace.text(Span::from_secs(86_400));
    let lines = cost::lines(prices, &day);
    let record = |line: cost::Line| Rule {
        record: Some(COST.to_owned()),
        expr: line.expr,
        labels: BTreeMap::from([("item", line.item)]),
        ..Rule::default()
    };
    lines.into_iter().map(record).collect()
}

/// The alerts on the scrape, and on objectives that count nothing.
fn scrape(slo: &Slo, pace: Pace) -> Vec<Rule> {
    let up = format!("(max(up{{job=\"{}\"}}) or vector(0)) == 0", slo.scrape.job);
    let first = alerting(slo.scrape.alert.clone(), up, slo.scrape.hold, slo.scrape_said(), pace);
    let window = pace.text(slo.missing.window);
    let missing = slo.objectives.iter().filter_map(|objective| {
        let seen = objective.seen.as_ref()?;
        let expr = format!(
            "{} >= {} unless sum(count_over_time({}[{window}])) > 0",
            query::increase(&seen.series, None, &window),
            number(seen.floor),
            objective.total(),
        );
        Some(alerting(slo.missing.alert.clone(), expr, slo.missing.hold, slo.missing_said(objective), pace))
    });
    std::iter::once(first).chain(missing).collect()
}

impl Objective {
    /// The labels and sentences of its alert for a speed.
    #[must_use]
    pub fn said(&self, burn: &Burn) -> Said {
        let summary = format!(
            "{} % of the events are bad, at least {} times the budget, over {} and over {}",
            number(burn.factor * self.budget() * 100.0),
            number(burn.factor),
            burn.long,
            burn.short
        );
        Said::new(burn.severity, &summary, &self.question, &self.runbook).with("slo", &self.name)
    }
}

impl Alert {
    /// Its labels and sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let (side, value) = match self.limit {
            Limit::Above(value) => ("above", value),
            Limit::Below(value) => ("below", value),
        };
        let figure = match &self.figure {
            Figure::Quantile { quantile, .. } => {
                format!("the quantile {} over {}", number(*quantile), self.window)
            }
            Figure::Share { .. } => format!("the share over {}", self.window),
            Figure::Gauge { .. } => "the current value".to_owned(),
            Figure::Growth { .. } => format!("the growth over {}", self.window),
            Figure::Cost => "US dollars of a day".to_owned(),
        };
        let summary = format!("{figure}: {side} {}", number(value));
        Said::new(self.severity, &summary, &self.question, &self.runbook)
    }
}

impl Slo {
    /// The labels and sentences of the alert on the scrape.
    #[must_use]
    pub fn scrape_said(&self) -> Said {
        let scrape = &self.scrape;
        let summary = format!("no answer with metrics for {}", scrape.hold);
        Said::new(scrape.severity, &summary, &scrape.question, &scrape.runbook)
    }

    /// The labels and sentences of the alert on an objective that counts nothing.
    #[must_use]
    pub fn missing_said(&self, objective: &Objective) -> Said {
        let missing = &self.missing;
        let summary = format!("{} has no series, though its events must occur", objective.total());
        Said::new(missing.severity, &summary, &missing.question, &missing.runbook)
            .with("slo", &objective.name)
    }
}

impl Said {
    fn new(severity: Severity, summary: &str, question: &str, runbook: &str) -> Self {
        let severity = match severity {
            Severity::Page => "page",
            Severity::Ticket => "ticket",
        };
        let annotations = BTreeMap::from([
            ("question", question.to_owned()),
            ("runbook", format!("{RUNBOOK}#{}", anchor(runbook))),
            ("summary", summary.to_owned()),
        ]);
        Self { labels: BTreeMap::from([("severity", severity.to_owned())]), annotations }
    }

    fn with(mut self, label: &'static str, value: &str) -> Self {
        self.labels.insert(label, value.to_owned());
        self
    }
}

/// Returns the anchor of a heading, as GitHub makes it.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let title = heading.to_lowercase().replace(' ', "-");
    title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}
