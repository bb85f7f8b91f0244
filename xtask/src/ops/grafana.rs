//! ops/grafana: dashboards for Grafana, generated from the objectives, the prices and the graphs of the region.

mod boards;
mod panel;

use anyhow::Result;
use serde_json::{Value, json};

use super::region::Region;
use super::slo::Slo;
use crate::cost::Prices;
use panel::Panel;

/// The version of Grafana's format.
const SCHEMA: u32 = 39;
/// The interval of a query in a check, in place of Grafana's variables.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "5m"), ("$__range", "1d")];

/// A dashboard of Grafana.
struct Board {
    file: &'static str,
    title: &'static str,
    /// The beginning of the shown time.
    from: &'static str,
    source: Source,
    panels: Vec<Panel>,
}

/// The kind of data source that a dashboard asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Prometheus,
    CloudWatch,
}

impl Source {
    const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::CloudWatch => "cloudwatch",
        }
    }
}

/// Returns the files of all dashboards with their texts.
pub fn documents(slo: &Slo, prices: &Prices, region: &Region) -> Result<Vec<(&'static str, String)>> {
    let text = |board: &Board| Ok((board.file, format!("{}\n", serde_json::to_string_pretty(&json(board))?)));
    boards::all(slo, prices, region).iter().map(text).collect()
}

/// Returns the queries of all dashboards to Prometheus, with values for Grafana's variables.
#[must_use]
pub fn queries(slo: &Slo, prices: &Prices, region: &Region) -> Vec<String> {
    let boards = boards::all(slo, prices, region);
    let panels =
        boards.iter().filter(|board| board.source == Source::Prometheus).flat_map(|board| &board.panels);
    let queries = panels.flat_map(|panel| panel.queries.iter().map(|query| query.text.clone()));
    queries.map(|text| VARIABLES.iter().fold(text, |text, (name, value)| text.replace(name, value))).collect()
}

fn json(board: &Board) -> Value {
    let mut variables = vec![json!({
        "name": "source", "label": "Source", "type": "datasource", "query": board.source.name(),
        "current": {}, "hide": 0,
    })];
    if board.source == Source::CloudWatch {
        variables.push(json!({
            "name": "stack", "label": "Stack", "type": "textbox", "query": "matchpoint",
            "current": {"text": "matchpoint", "value": "matchpoint"},
        }));
    }
    let uid = board.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    json!({
        "uid": format!("matchpoint-{uid}"),
        "title": board.title,
        "tags": ["matchpoint"],
        "schemaVersion": SCHEMA,
        "editable": false,
        "refresh": "1m",
        "time": {"from": board.from, "to": "now"},
        "templating": {"list": variables},
        "panels": panel::laid_out(&board.panels, board.source.name()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::Root;

    #[test]
    fn each_board_has_a_name_of_its_own_and_panels_that_do_not_overlap() -> Result<()> {
        let root = Root::here();
        let (slo, prices, region) = (Slo::read(&root)?, Prices::of_any_age(&root)?, Region::read(&root)?);
        let documents = documents(&slo, &prices, &region)?;
        assert_eq!(documents.len(), 5);
        for (file, text) in documents {
            let board: Value = serde_json::from_str(&text)?;
            let panels = board["panels"].as_array().cloned().unwrap_or_default();
            assert!(panels.len() >= 4, "{file}");
            let mut cells = std::collections::BTreeSet::new();
            for panel in &panels {
                let at = |name: &str| panel["gridPos"][name].as_u64().unwrap_or_default();
                for x in at("x")..at("x") + at("w") {
                    for y in at("y")..at("y") + at("h") {
                        assert!(x < 24 && cells.insert((x, y)), "{file}: {}", panel["title"]);
                    }
                }
            }
        }
        assert!(queries(&slo, &prices, &region).iter().all(|query| !query.contains('$')));
        Ok(())
    }
}
