//! One log line per request in CloudWatch's embedded metric format, from which CloudWatch derives metrics.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//! CloudWatch charges for each combination of values of the dimensions. The route is the only dimension of what differs by
//! route, and the function of the rest. The line contains no player ids, tokens or queries.

use crate::process_memory;
use crate::store::timing::StoreUsage;
use serde_json::{Value, json};
use shared::time::Time;
use shared::trace::Trace;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The CloudWatch namespace of the region's metrics.
const NAMESPACE: &str = "Matchpoint/Region";
/// The variable with which Lambda names the function.
const FUNCTION: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// Digits that the length of a line may have.
const LENGTH_DIGITS: std::ops::RangeInclusive<usize> = 1..=9;

/// Writes the metric lines where metrics are enabled, and recognizes the first request of the process.
#[derive(Debug)]
pub struct RequestMetrics {
    enabled: bool,
    warm: AtomicBool,
    function: String,
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
        let function = std::env::var(FUNCTION).unwrap_or_else(|_| "local".to_owned());
        Self { enabled, warm: AtomicBool::new(false), function }
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

    /// Returns the line of a request, without its line break.
    #[must_use]
    pub fn line(&self, metric: &RequestMetric) -> String {
        metric.line(&self.function, process_memory::resident_mb())
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

    /// Returns the line without its line break: of a function, with the megabytes of memory that its process uses. It has its own
    /// length, with the line break.
    #[must_use]
    fn line(&self, function: &str, memory_mb: Option<f64>) -> String {
        // The line break takes the place of the one digit that the length has here.
        let bare = self.line_of(function, memory_mb, 0).len();
        let mut lengths = LENGTH_DIGITS.map(|digits| bare + digits);
        let length = lengths.find(|length| *length == bare + length.to_string().len());
        self.line_of(function, memory_mb, length.unwrap_or(bare))
    }

    fn line_of(&self, function: &str, memory_mb: Option<f64>, logged_bytes: usize) -> String {
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let counts = ["cold", "failed", "calls", "conflicts", "throttles"];
        let counts = counts.map(|name| metric(name, "Count"));
        let metrics: Vec<Value> = [metric("latency_ms", "Milliseconds")].into_iter().chain(counts).collect();
        let memory = memory_mb.map(|_| metric("memory_mb", "Megabytes"));
        let of_function = [
            metric("store_ms", "Milliseconds"),
            metric("billed_ms", "Milliseconds"),
            metric("logged_bytes", "Bytes"),
            metric("read_units", "Count"),
            metric("write_units", "Count"),
        ];
        let of_function: Vec<Value> = of_function.into_iter().chain(memory).collect();
        json!({
            "_aws": {
                "Timestamp": self.at.ms(),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [["route"]], "Metrics": metrics},
                    {"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": of_function},
                ],
            },
            "function": function,
            "memory_mb": memory_mb,
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
        let text = record.line("api", Some(20.5));
        let line: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!((&line["logged_bytes"], &line["billed_ms"]), (&json!(text.len() + 1), &json!(2)));
        assert_eq!(line["trace"], Trace::new([7; 16]).id());
        let values = |line: &Value, at: usize| -> Vec<f64> {
            let names = line["_aws"]["CloudWatchMetrics"][at]["Metrics"].as_array().into_iter().flatten();
            names.filter_map(|metric| line.get(metric["Name"].as_str()?)?.as_f64()).collect()
        };
        let dimensions = |at: usize| &line["_aws"]["CloudWatchMetrics"][at]["Dimensions"];
        assert_eq!(
            (values(&line, 0), dimensions(0)),
            (vec![1.234, 1.0, 1.0, 2.0, 3.0, 4.0], &json!([["route"]]))
        );
        let logged = line["logged_bytes"].as_f64().unwrap_or_default();
        assert_eq!(
            (values(&line, 1), dimensions(1)),
            (vec![1.0, 2.0, logged, 1.5, 4.0, 20.5], &json!([["function"]]))
        );
        assert_eq!(line["function"], "api");
        // Where the system does not tell, there is no such metric.
        let silent: Value = serde_json::from_str(&record.line("api", None)).unwrap_or_default();
        assert_eq!(values(&silent, 1).len(), 5);
        assert_eq!(line["_aws"]["Timestamp"], 1_733_000_000_000_u64);
    }
}
