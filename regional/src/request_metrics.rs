//! One log line per request in CloudWatch's embedded metric format, from which CloudWatch derives metrics.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//! The route is the only dimension, because CloudWatch charges for each combination of values. The line contains no
//! player ids, tokens or queries.

use crate::store::timing::StoreUsage;
use serde_json::{Value, json};
use shared::time::Time;
use shared::trace::Trace;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The CloudWatch namespace of the region's metrics.
const NAMESPACE: &str = "Matchpoint/Region";
/// Stands for the length of a line while the line is measured: all lengths have four digits.
const MEANWHILE: usize = 1000;

/// Writes the metric lines where metrics are enabled, and recognizes the first request of the process.
#[derive(Debug)]
pub struct RequestMetrics {
    enabled: bool,
    warm: AtomicBool,
}

/// The measurements of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestMetric {
    /// The time of the response.
    pub at: Time,
    /// The method and the route, such as `GET /v1/profiles/{player}`.
    pub route: String,
    pub status: u16,
    /// The time from the start of handling to the response.
    pub latency: Duration,
    /// True for the first request of this process.
    pub cold: bool,
    /// The store calls of the request.
    pub usage: StoreUsage,
    pub trace: Trace,
}

impl RequestMetrics {
    /// Creates the writer; it writes lines only if `enabled`.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        let warm = AtomicBool::new(false);
        Self { enabled, warm }
    }

    /// Returns whether lines are written.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Returns true on the first call, which the first request of the process makes.
    #[must_use]
    pub fn is_cold_start(&self) -> bool {
        !self.warm.swap(true, Ordering::Relaxed)
    }

    /// Writes the line to standard output, which Lambda forwards unchanged.
    pub fn write(&self, line: &str) {
        let line = format!("{line}\n");
        // A closed output must not fail the request.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

impl RequestMetric {
    /// Returns the milliseconds that Lambda bills, without those of a cold start.
    #[must_use]
    pub fn billed_ms(&self) -> u64 {
        u64::try_from(self.latency.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
    }

    /// Returns the line without its line break. It has its own length, with the line break.
    #[must_use]
    pub fn line(&self) -> String {
        let length = self.line_of(MEANWHILE).len() + 1;
        self.line_of(length)
    }

    fn line_of(&self, logged_bytes: usize) -> String {
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let counts = ["cold", "failed", "calls", "conflicts", "throttles"];
        let counts = counts.map(|name| metric(name, "Count"));
        let metrics: Vec<Value> = [metric("latency_ms", "Milliseconds")].into_iter().chain(counts).collect();
        let billed = [
            metric("billed_ms", "Milliseconds"),
            metric("logged_bytes", "Bytes"),
            metric("read_units", "Count"),
            metric("write_units", "Count"),
        ];
        json!({
            "_aws": {
                "Timestamp": self.at.ms(),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [["route"]], "Metrics": metrics},
                    // Without a dimension: each route would be a metric of its own, at a price.
                    {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": billed},
                ],
            },
            "route": self.route,
            "status": self.status,
            "latency_ms": ms(self.latency),
            "store_ms": ms(self.usage.waited),
            "cold": u8::from(self.cold),
            "failed": u8::from(self.status >= 500),
            "calls": self.usage.calls,
            "conflicts": self.usage.conflicts,
            "throttles": self.usage.throttles,
            "billed_ms": self.billed_ms(),
            "logged_bytes": logged_bytes,
            "read_units": self.usage.read_units,
            "write_units": self.usage.write_units,
            "trace": self.trace.id(),
        })
        .to_string()
    }
}

/// Returns milliseconds with a resolution of one microsecond.
fn ms(span: Duration) -> f64 {
    let micros = u32::try_from(span.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_request_is_a_cold_start() {
        let metrics = RequestMetrics::new(false);
        assert_eq!([metrics.is_cold_start(), metrics.is_cold_start()], [true, false]);
    }

    #[test]
    fn every_declared_metric_has_a_value() {
        let record = RequestMetric {
            at: Time::from_ms(1_733_000_000_000),
            route: "GET /v1/profiles/{player}".into(),
            status: 503,
            latency: Duration::from_micros(1_234),
            cold: true,
            usage: StoreUsage {
                waited: Duration::from_micros(1_000),
                calls: 2,
                conflicts: 3,
                throttles: 4,
                read_units: 1.5,
                write_units: 4.0,
            },
            trace: Trace::new([7; 16]),
        };
        let text = record.line();
        let line: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!((&line["logged_bytes"], &line["billed_ms"]), (&json!(text.len() + 1), &json!(2)));
        assert_eq!((&line["read_units"], &line["write_units"]), (&json!(1.5), &json!(4.0)));
        assert_eq!(line["trace"], Trace::new([7; 16]).id());
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let names = directive["Metrics"].as_array().into_iter().flatten();
        let values: Vec<_> =
            names.filter_map(|metric| line.get(metric["Name"].as_str()?)?.as_f64()).collect();
        assert_eq!(values, [1.234, 1.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(directive["Dimensions"], json!([["route"]]));
        assert_eq!(line["_aws"]["Timestamp"], 1_733_000_000_000_u64);
    }
}
