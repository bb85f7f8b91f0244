//! One line a request from which CloudWatch makes metrics: its embedded metric format.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//! The route is the only dimension, because each combination of values is a metric that is paid for. Nobody is named:
//! neither ids, nor tokens, nor a query.

use crate::store::timing::Share;
use serde_json::{Value, json};
use shared::time::Time;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The namespace of all metrics of the region.
const NAMESPACE: &str = "Matchpoint/Region";

/// Writes the lines, where they are wanted.
#[derive(Debug)]
pub struct Records {
    on: bool,
    warm: AtomicBool,
}

/// What is known of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When it was answered.
    pub at: Time,
    /// Its method and route, as `GET /v1/profiles/{player}`.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// From the first byte handled to the answer.
    pub latency: Duration,
    /// The first one that this process answered.
    pub cold: bool,
    /// What it asked of the store.
    pub share: Share,
}

impl Records {
    /// `on`: lines are written.
    #[must_use]
    pub fn new(on: bool) -> Self {
        let warm = AtomicBool::new(false);
        Self { on, warm }
    }

    /// Whether lines are written.
    #[must_use]
    pub fn on(&self) -> bool {
        self.on
    }

    /// Whether no request came before this one.
    #[must_use]
    pub fn cold(&self) -> bool {
        !self.warm.swap(true, Ordering::Relaxed)
    }

    /// To standard output, from where Lambda takes it as it is.
    pub fn write(&self, record: &Record) {
        let mut line = record.line();
        line.push('\n');
        // Nobody who reads is no reason to fail a request.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

impl Record {
    /// The line, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let counts = ["cold", "failed", "calls", "conflicts", "throttles"];
        let counts = counts.map(|name| metric(name, "Count"));
        let metrics: Vec<Value> = [metric("latency_ms", "Milliseconds")].into_iter().chain(counts).collect();
        json!({
            "_aws": {
                "Timestamp": self.at.ms(),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [["route"]], "Metrics": metrics},
                ],
            },
            "route": self.route,
            "status": self.status,
            "latency_ms": ms(self.latency),
            "store_ms": ms(self.share.waited),
            "cold": u8::from(self.cold),
            "failed": u8::from(self.status >= 500),
            "calls": self.share.calls,
            "conflicts": self.share.conflicts,
            "throttles": self.share.throttles,
        })
        .to_string()
    }
}

/// Milliseconds, to the microsecond.
fn ms(span: Duration) -> f64 {
    let micros = u32::try_from(span.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_is_cold() {
        let records = Records::new(false);
        assert_eq!([records.cold(), records.cold()], [true, false]);
    }

    #[test]
    fn every_metric_has_its_value() {
        let record = Record {
            at: Time::from_ms(1_733_000_000_000),
            route: "GET /v1/profiles/{player}".into(),
            status: 503,
            latency: Duration::from_micros(1_234),
            cold: true,
            share: Share { waited: Duration::from_micros(1_000), calls: 2, conflicts: 3, throttles: 4 },
        };
        let line: Value = serde_json::from_str(&record.line()).unwrap_or_default();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let names = directive["Metrics"].as_array().into_iter().flatten();
        let values: Vec<_> =
            names.filter_map(|metric| line.get(metric["Name"].as_str()?)?.as_f64()).collect();
        assert_eq!(values, [1.234, 1.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(directive["Dimensions"], json!([["route"]]));
        assert_eq!(line["_aws"]["Timestamp"], 1_733_000_000_000_u64);
    }
}
