//! ops/slo.toml: the objectives and the alerts, read and checked.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::series::Series;
use super::span::Span;
use crate::manifest::Manifest;
use crate::root::Root;

/// The file of the objectives and the alerts.
pub const FILE: &str = "ops/slo.toml";

/// All objectives and alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    pub burns: Vec<Burn>,
    pub objectives: Vec<Objective>,
    pub alerts: Vec<Alert>,
    pub scrape: Scrape,
    pub missing: Missing,
}

/// A speed of using a budget that alerts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burn {
    /// The end of its alerts' names.
    pub name: String,
    pub long: Span,
    pub short: Span,
    pub factor: f64,
    #[serde(rename = "for")]
    pub hold: Span,
    pub severity: Severity,
}

/// How soon a person must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Page,
    Ticket,
}

/// A promise: the share of events that must be good.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    pub name: String,
    /// The beginning of its alerts' names.
    pub alert: String,
    pub question: String,
    pub target: f64,
    pub events: Events,
    /// The label whose values have budgets of their own.
    pub by: Option<String>,
    /// Bad events in the long window below which no alert fires.
    pub floor: f64,
    pub seen: Option<Seen>,
    pub runbook: String,
}

/// The events of an objective.
#[derive(Debug, Clone, PartialEq)]
pub enum Events {
    Bad {
        bad: Series,
        total: Series,
    },
    Good {
        good: Series,
        total: Series,
    },
    /// Good are those of at most these seconds, by the value of the label `by`; `default` for other values.
    Within {
        histogram: Series,
        default: f64,
        by: BTreeMap<String, f64>,
    },
}

/// The events that come with those of an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub series: Series,
    /// Their number in the window of [`Missing`] from which the objective must have counted events.
    pub floor: f64,
}

/// An alert on one figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub name: String,
    pub question: String,
    pub figure: Figure,
    pub limit: Limit,
    pub window: Span,
    pub hold: Span,
    /// Events in the window below which it does not fire.
    pub floor: f64,
    pub severity: Severity,
    pub runbook: String,
}

/// The figure of an alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    Quantile {
        histogram: Series,
        quantile: f64,
    },
    Share {
        part: Series,
        whole: Series,
    },
    Gauge {
        series: Series,
        by: Option<String>,
        largest: bool,
    },
    Growth {
        counter: Series,
    },
    /// US dollars of a day.
    Cost,
}

/// The limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    Above(f64),
    Below(f64),
}

/// The scrape, and the alert on its failure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scrape {
    pub job: String,
    pub interval_s: u64,
    pub alert: String,
    pub question: String,
    #[serde(rename = "for")]
    pub hold: Span,
    pub severity: Severity,
    pub runbook: String,
}

/// The alert on objectives that count nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    pub alert: String,
    pub question: String,
    pub window: Span,
    #[serde(rename = "for")]
    pub hold: Span,
    pub severity: Severity,
    pub runbook: String,
}

impl Slo {
    /// Reads the file. An error names the entry, the limit and the remedy.
    pub fn read(root: &Root) -> Result<Self> {
        let text = fs::read_to_string(root.path(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        let slo = Self::parse(&text)?;
        slo.check_pools(&Manifest::pools(root)?.keys().map(ToString::to_string).collect())?;
        Ok(slo)
    }

    /// Reads and checks a text, apart from the names of pools.
    pub fn parse(text: &str) -> Result<Self> {
        let slo = file::parse(text)?;
        slo.check().context(FILE)?;
        Ok(slo)
    }

    fn check(&self) -> Result<()> {
        for burn in &self.burns {
            ensure!(burn.short < burn.long, "burn {}: `short` must be shorter than `long`", burn.name);
            ensure!(burn.factor > 0.0, "burn {}: `factor` must be positive", burn.name);
        }
        for objective in &self.objectives {
            objective.check(&self.burns).with_context(|| format!("objective {:?}", objective.name))?;
        }
        for alert in &self.alerts {
            alert.check().with_context(|| format!("alert {:?}", alert.name))?;
        }
        let mut names = BTreeSet::new();
        for (name, _) in self.headings() {
            ensure!(names.insert(name.clone()), "two alerts have the name {name}: choose another");
        }
        Ok(())
    }

    fn check_pools(&self, pools: &BTreeSet<String>) -> Result<()> {
        for objective in &self.objectives {
            let Events::Within { by, .. } = &objective.events else { continue };
            for pool in by.keys().filter(|_| objective.by.as_deref() == Some("pool")) {
                ensure!(
                    pools.contains(pool),
                    "{FILE}: objective {:?}: `within_by` has the pool {pool:?}, which wrangler.toml does not",
                    objective.name
                );
            }
        }
        Ok(())
    }

    /// Returns the name of each alert with its heading in the runbook.
    #[must_use]
    pub fn headings(&self) -> Vec<(String, &str)> {
        let burning = self.objectives.iter().flat_map(|objective| {
            self.burns.iter().map(move |burn| (objective.alert_of(burn), objective.runbook.as_str()))
        });
        let figures = self.alerts.iter().map(|alert| (alert.name.clone(), alert.runbook.as_str()));
        let others = [
            (self.scrape.alert.clone(), self.scrape.runbook.as_str()),
            (self.missing.alert.clone(), self.missing.runbook.as_str()),
        ];
        burning.chain(figures).chain(others).collect()
    }
}

impl Objective {
    /// Returns the name of its alert for a speed.
    #[must_use]
    pub fn alert_of(&self, burn: &Burn) -> String {
        format!("{}Burn{}", self.alert, burn.name)
    }

    /// The share of events that may be bad.
    #[must_use]
    pub fn budget(&self) -> f64 {
        1.0 - self.target
    }

    fn check(&self, burns: &[Burn]) -> Result<()> {
        ensure!(self.target > 0.0 && self.target < 1.0, "`target` must be between 0 and 1");
        ensure!(self.floor >= 1.0, "`floor` must be at least 1, so that a single event alerts no one");
        for burn in burns {
            let share = burn.factor * self.budget();
            ensure!(
                share < 0.8,
                "`target` {} is too low for the burn {}: {share:.2} of the events would have to be bad; \
                 raise it above {:.4}",
                self.target,
                burn.name,
                1.0 - 0.8 / burn.factor
            );
        }
        Ok(())
    }
}

impl Alert {
    fn check(&self) -> Result<()> {
        ensure!(self.limit.value() > 0.0, "the limit must be positive");
        ensure!(self.floor >= 0.0, "`floor` must not be negative");
        if let Figure::Quantile { quantile, .. } = self.figure {
            ensure!(quantile > 0.0 && quantile < 1.0, "`quantile` must be between 0 and 1");
        }
        let has_events = matches!(self.figure, Figure::Quantile { .. } | Figure::Share { .. });
        ensure!(
            has_events == (self.floor > 0.0),
            "a quantile or a share needs a `floor` of events, and no other figure has one"
        );
        Ok(())
    }
}

impl Limit {
    /// Returns the value that the figure must not cross.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Above(value) | Self::Below(value) => value,
        }
    }

    /// Returns a limit that is this many times looser: a larger one above, a smaller one below.
    #[must_use]
    pub fn looser(self, factor: f64) -> Self {
        match self {
            Self::Above(value) => Self::Above(value * factor),
            Self::Below(value) => Self::Below(value / factor),
        }
    }
}
