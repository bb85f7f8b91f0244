//! The entries of ops/slo.toml as they are written, and their meaning.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use super::super::series::Series;
use super::super::span::Span;
use super::{Alert, Burn, Events, FILE, Figure, Limit, Missing, Objective, Scrape, Seen, Severity, Slo};

/// The window of a gauge, which has none.
const NOW: Span = Span::from_secs(60);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    burn: Vec<Burn>,
    objective: Vec<ObjectiveEntry>,
    alert: Vec<AlertEntry>,
    scrape: Scrape,
    missing: Missing,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectiveEntry {
    name: String,
    alert: String,
    question: String,
    target: f64,
    bad: Option<Series>,
    good: Option<Series>,
    total: Option<Series>,
    histogram: Option<Series>,
    within_s: Option<f64>,
    #[serde(default)]
    within_by: BTreeMap<String, f64>,
    by: Option<String>,
    floor: f64,
    seen_by: Option<Series>,
    seen_floor: Option<f64>,
    runbook: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertEntry {
    name: String,
    question: String,
    histogram: Option<Series>,
    quantile: Option<f64>,
    part: Option<Series>,
    whole: Option<Series>,
    gauge: Option<Series>,
    by: Option<String>,
    #[serde(default)]
    largest: bool,
    counter: Option<Series>,
    #[serde(default)]
    cost: bool,
    above: Option<f64>,
    below: Option<f64>,
    window: Option<Span>,
    #[serde(rename = "for")]
    hold: Span,
    #[serde(default)]
    floor: f64,
    severity: Severity,
    runbook: String,
}

/// Reads the text of the file.
pub(super) fn parse(text: &str) -> Result<Slo> {
    let file: File = toml::from_str(text).with_context(|| format!("{FILE} is not as its comments say"))?;
    let objectives = file.objective.into_iter().map(objective).collect::<Result<_>>()?;
    let alerts = file.alert.into_iter().map(alert).collect::<Result<_>>()?;
    Ok(Slo { burns: file.burn, objectives, alerts, scrape: file.scrape, missing: file.missing })
}

fn objective(entry: ObjectiveEntry) -> Result<Objective> {
    let what = || format!("{FILE}: objective {:?}", entry.name);
    let by = entry.within_by;
    let events = match (entry.bad, entry.good, entry.total, entry.histogram, entry.within_s) {
        (Some(bad), None, Some(total), None, None) => Events::Bad { bad, total },
        (None, Some(good), Some(total), None, None) => Events::Good { good, total },
        (None, None, None, Some(histogram), Some(default)) => Events::Within { histogram, default, by },
        _ => {
            return Err(anyhow!(
                "{}: write `bad` or `good` with `total`, or `histogram` with `within_s`",
                what()
            ));
        }
    };
    let seen = match (entry.seen_by, entry.seen_floor) {
        (Some(series), Some(floor)) => Some(Seen { series, floor }),
        (None, None) => None,
        _ => return Err(anyhow!("{}: `seen_by` and `seen_floor` need each other", what())),
    };
    Ok(Objective {
        name: entry.name,
        alert: entry.alert,
        question: entry.question,
        target: entry.target,
        events,
        by: entry.by,
        floor: entry.floor,
        seen,
        runbook: entry.runbook,
    })
}

fn alert(entry: AlertEntry) -> Result<Alert> {
    let what = || format!("{FILE}: alert {:?}", entry.name);
    let figures = [
        entry
            .histogram
            .zip(entry.quantile)
            .map(|(histogram, quantile)| Figure::Quantile { histogram, quantile }),
        entry.part.zip(entry.whole).map(|(part, whole)| Figure::Share { part, whole }),
        entry.gauge.map(|series| Figure::Gauge { series, by: entry.by, largest: entry.largest }),
        entry.counter.map(|counter| Figure::Growth { counter }),
        entry.cost.then_some(Figure::Cost),
    ];
    let [figure] = <[Figure; 1]>::try_from(figures.into_iter().flatten().collect::<Vec<_>>()).map_err(|_| {
        anyhow!(
            "{}: write one of `histogram` with `quantile`, `part` with `whole`, `gauge`, `counter`, `cost`",
            what()
        )
    })?;
    let limit = match (entry.above, entry.below) {
        (Some(value), None) => Limit::Above(value),
        (None, Some(value)) => Limit::Below(value),
        _ => return Err(anyhow!("{}: write one of `above` and `below`", what())),
    };
    let window = match (&figure, entry.window) {
        (Figure::Gauge { .. }, None) => NOW,
        (Figure::Gauge { .. }, Some(_)) => return Err(anyhow!("{}: a gauge has no `window`", what())),
        (_, window) => window.with_context(|| format!("{}: write its `window`", what()))?,
    };
    Ok(Alert {
        name: entry.name,
        question: entry.question,
        figure,
        limit,
        window,
        hold: entry.hold,
        floor: entry.floor,
        severity: entry.severity,
        runbook: entry.runbook,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> String {
        std::fs::read_to_string(crate::root::Root::here().path(FILE)).unwrap_or_default()
    }

    /// Replaces a piece of the repository's file, and expects an error with these words.
    #[track_caller]
    fn refused(piece: &str, by: &str, words: &[&str]) {
        crate::ops::tests::refused(FILE, Slo::parse, piece, by, words);
    }

    #[test]
    fn wrong_entries_are_refused_with_field_limit_and_remedy() {
        assert!(Slo::parse(&repository()).is_ok());
        refused("target = 0.999\n", "target = 1.0\n", &["\"http\"", "`target`", "between 0 and 1"]);
        refused("target = 0.999\n", "target = 0.9\n", &["\"http\"", "`target` 0.9", "raise it above 0.9444"]);
        refused("floor = 20\n", "floor = 0\n", &["\"http\"", "`floor`", "at least 1"]);
        refused("seen_floor = 100\n", "", &["\"http\"", "`seen_floor`"]);
        refused("within_s = 0.1\n", "", &["\"delay\"", "`within_s`"]);
        refused("short = \"5m\"", "short = \"2h\"", &["burn Fast", "`short`", "shorter"]);
        refused("window = \"5m\"", "window = \"5 minutes\"", &["\"5 minutes\" is no duration", "5m"]);
        refused("below = 0.8\n", "", &["\"CacheHitsLow\"", "`above`", "`below`"]);
        refused(
            "above = 45000\n",
            "above = 45000\nwindow = \"5m\"\n",
            &["\"ConnectionsNearCapacity\"", "`window`"],
        );
        refused("'matchpoint_sockets'", "'sockets'", &["\"sockets\" is no selector", "matchpoint_NAME"]);
        refused("name = \"ErrorsRaised\"", "name = \"ErrorsHigh\"", &["two alerts", "ErrorsHigh"]);
        refused("quantile = 0.95", "quantile = 95", &["\"RequestsSlow\"", "`quantile`"]);
        refused("cost = true", "cost = false", &["\"CostHigh\"", "`counter`"]);
    }
}
