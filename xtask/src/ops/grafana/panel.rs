//! The panels of a dashboard: lines over time, or one number.

use serde_json::{Value, json};

/// The columns of a dashboard.
const COLUMNS: u32 = 24;

/// A panel with its queries.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub title: String,
    /// A sentence about what it shows and which value is good.
    pub description: String,
    pub kind: Kind,
    /// A unit of Grafana: `s`, `percentunit`, `short`, `bytes`, `currencyUSD`.
    pub unit: &'static str,
    pub queries: Vec<Query>,
    /// The value from which it is red, if there is one.
    pub limit: Option<f64>,
}

/// The form of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Lines,
    Number,
}

/// A query with the name of its lines, in which `{{label}}` is the value of a label.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub text: String,
    pub legend: String,
    /// The whole target, for other sources than Prometheus.
    pub target: Option<Value>,
}

impl Panel {
    /// Returns a panel with lines.
    pub(super) fn lines(title: &str, unit: &'static str, queries: &[(&str, &str)]) -> Self {
        let query = |(text, legend): &(&str, &str)| Query::new(text, legend);
        Self {
            title: title.to_owned(),
            description: String::new(),
            kind: Kind::Lines,
            unit,
            queries: queries.iter().map(query).collect(),
            limit: None,
        }
    }

    /// Returns a panel with one number.
    pub(super) fn number(title: &str, unit: &'static str, query: &str) -> Self {
        Self { kind: Kind::Number, ..Self::lines(title, unit, &[(query, "")]) }
    }

    /// Adds a sentence about it.
    pub(super) fn about(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// Adds the value from which it is red.
    pub(super) fn red_from(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    fn size(&self) -> (u32, u32) {
        match self.kind {
            Kind::Lines => (12, 8),
            Kind::Number => (4, 4),
        }
    }

    fn json(&self, id: u32, (x, y): (u32, u32), source: &str) -> Value {
        let (width, height) = self.size();
        let datasource = json!({"type": source, "uid": "${source}"});
        let target = |(at, query): (u8, &Query)| {
            let reference = char::from(b'A' + at).to_string();
            let mut target = query.target.clone().unwrap_or_else(
                || json!({"expr": query.text, "legendFormat": query.legend, "editorMode": "code"}),
            );
            if let Some(target) = target.as_object_mut() {
                target.extend([
                    ("refId".to_owned(), json!(reference)),
                    ("datasource".to_owned(), datasource.clone()),
                ]);
            }
            target
        };
        let mut steps = vec![json!({"color": "green", "value": null})];
        steps.extend(self.limit.map(|limit| json!({"color": "red", "value": limit})));
        json!({
            "id": id,
            "type": match self.kind { Kind::Lines => "timeseries", Kind::Number => "stat" },
            "title": self.title,
            "description": self.description,
            "datasource": datasource,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit, "min": 0,
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "custom": match (self.kind, self.limit) {
                        (Kind::Lines, Some(_)) => json!({"thresholdsStyle": {"mode": "line"}}),
                        _ => json!({}),
                    },
                },
                "overrides": [],
            },
            "targets": (0..).zip(&self.queries).map(target).collect::<Vec<_>>(),
        })
    }
}

impl Query {
    /// Returns a query to Prometheus.
    pub(super) fn new(text: &str, legend: &str) -> Self {
        Self { text: text.to_owned(), legend: legend.to_owned(), target: None }
    }
}

/// Returns the panels in rows, from the left, each row as high as its first.
pub(super) fn laid_out(panels: &[Panel], source: &str) -> Vec<Value> {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut placed = Vec::new();
    for (id, panel) in (1..).zip(panels) {
        let (width, height) = panel.size();
        if x + width > COLUMNS || (x > 0 && height != row) {
            (x, y) = (0, y + row);
        }
        row = height;
        placed.push(panel.json(id, (x, y), source));
        x += width;
    }
    placed
}
