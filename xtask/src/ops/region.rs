//! ops/region.toml: the alarms and graphs of the region in `CloudWatch`, and the part of template.yaml that is made from them.

mod template;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::root::Root;
pub use template::{TEMPLATE, document};

/// The file of the alarms and graphs.
pub const FILE: &str = "ops/region.toml";
/// The most values of one dimension, so that a sum has at most nine metrics, and the graphs stay readable.
const RESOURCES_MAX: usize = 8;

/// The alarms and graphs of the region.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    #[serde(rename = "alarm")]
    pub alarms: Vec<Alarm>,
    #[serde(rename = "graph")]
    pub graphs: Vec<Graph>,
}

/// An alarm of `CloudWatch`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Its name as a resource of the template.
    pub name: String,
    pub description: String,
    /// The condition of the template without which it does not exist.
    pub condition: Option<String>,
    pub namespace: String,
    pub metrics: Vec<String>,
    pub dimensions: BTreeMap<String, String>,
    /// A dimension with several values, of which the alarm takes the sum.
    #[serde(default)]
    pub resources: BTreeMap<String, Vec<String>>,
    pub stat: String,
    pub period_s: u32,
    pub periods: u32,
    pub at_least: f64,
    pub runbook: String,
}

/// A graph of the dashboard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    pub title: String,
    /// The unit of its values, if they are no counts.
    pub unit: Option<String>,
    pub namespace: String,
    pub metrics: Vec<String>,
    /// One dimension with its values.
    #[serde(default)]
    pub resources: BTreeMap<String, Vec<String>>,
    /// The dimension with a line for each of its values.
    pub by: Option<String>,
    pub stat: String,
}

/// Seconds of a point in a graph.
pub const PERIOD_S: u32 = 60;

impl Graph {
    /// Returns the search of `CloudWatch` for the series of a metric by one dimension, with `more` conditions.
    #[must_use]
    pub fn search(&self, dimension: &str, metric: &str, more: &str) -> String {
        let Self { namespace, stat, .. } = self;
        format!("SEARCH('{{{namespace},{dimension}}} MetricName=\"{metric}\"{more}', '{stat}', {PERIOD_S})")
    }
}

impl Region {
    /// Reads and checks the file. An error names the entry, the limit and the remedy.
    pub fn read(root: &Root) -> Result<Self> {
        let text = fs::read_to_string(root.path(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let region: Self =
            toml::from_str(text).with_context(|| format!("{FILE} is not as its comments say"))?;
        for alarm in &region.alarms {
            alarm.check().with_context(|| format!("{FILE}: alarm {:?}", alarm.name))?;
        }
        for graph in &region.graphs {
            let one = graph.by.is_some() != (graph.resources.len() == 1);
            ensure!(one, "{FILE}: graph {:?}: write `by`, or `resources` with one dimension", graph.title);
            ensure!(!graph.metrics.is_empty(), "{FILE}: graph {:?}: `metrics` is empty", graph.title);
        }
        Ok(region)
    }
}

impl Alarm {
    fn check(&self) -> Result<()> {
        ensure!(
            self.name.chars().all(|c| c.is_ascii_alphanumeric()),
            "`name` must have letters and digits only"
        );
        ensure!(!self.metrics.is_empty(), "`metrics` is empty: name at least one");
        ensure!(
            matches!(self.period_s, 10 | 30) || (self.period_s > 0 && self.period_s.is_multiple_of(60)),
            "`period_s` must be 10, 30 or a multiple of 60"
        );
        ensure!(self.periods > 0, "`periods` must be at least 1");
        ensure!(self.resources.len() <= 1, "`resources` must have one dimension at most");
        ensure!(
            self.resources.values().all(|values| (1..=RESOURCES_MAX).contains(&values.len())),
            "`resources` must have 1 to {RESOURCES_MAX} values"
        );
        Ok(())
    }

    /// Returns each metric with its dimensions.
    #[must_use]
    pub fn sources(&self) -> Vec<(&str, BTreeMap<&str, &str>)> {
        let fixed: BTreeMap<&str, &str> =
            self.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let values: Vec<BTreeMap<&str, &str>> = match self.resources.iter().next() {
            None => vec![fixed],
            Some((name, values)) => {
                let with =
                    |value| fixed.iter().map(|(n, v)| (*n, *v)).chain([(name.as_str(), value)]).collect();
                values.iter().map(|value| with(value.as_str())).collect()
            }
        };
        self.metrics
            .iter()
            .flat_map(|metric| values.iter().map(move |of| (metric.as_str(), of.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> String {
        fs::read_to_string(Root::here().path(FILE)).unwrap_or_default()
    }

    #[track_caller]
    fn refused(piece: &str, by: &str, words: &[&str]) {
        crate::ops::tests::refused(FILE, Region::parse, piece, by, words);
    }

    #[test]
    fn wrong_alarms_are_refused_with_field_limit_and_remedy() {
        assert!(Region::parse(&repository()).is_ok());
        refused("period_s = 60", "period_s = 45", &["\"ApiErrors\"", "`period_s`", "multiple of 60"]);
        refused("metrics = [\"Errors\"]", "metrics = []", &["\"ApiErrors\"", "`metrics`", "at least one"]);
        refused("by = \"route\"", "", &["\"Latency by route", "`by`", "`resources`"]);
        refused("at_least = 5", "atleast = 5", &["atleast"]);
    }

    #[test]
    fn sums_have_each_metric_of_each_resource() -> Result<()> {
        let region = Region::parse(&repository())?;
        let tables = region.alarms.iter().find(|alarm| alarm.name == "TablesThrottled");
        let sources = tables.map(Alarm::sources).unwrap_or_default();
        assert_eq!(sources.len(), 6);
        assert!(sources.contains(&("WriteThrottleEvents", BTreeMap::from([("TableName", "${CoreTable}")]))));
        Ok(())
    }
}
