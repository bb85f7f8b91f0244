//! The region's part of the bill, from the line that it writes for each request.

use serde_json::Value;
use shared::cost::{Item, Usage};

/// Memory of the region's function, gigabytes: `MemorySize` of template.yaml.
const FUNCTION_GB: f64 = 0.25;

/// The work of the region during a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RegionWork {
    requests: f64,
    /// Milliseconds, each request rounded up as it is billed.
    billed_ms: f64,
    /// Calls of the store. A line does not tell reads from writes: each is priced as a write of one unit, the dearest kind.
    calls: f64,
    log_bytes: f64,
}

impl RegionWork {
    /// Adds a line of the region's log; other lines are skipped.
    pub fn add(&mut self, line: &Value) {
        let number = |name: &str| line.get(name).and_then(Value::as_f64);
        let (Some(latency), Some(calls)) = (number("latency_ms"), number("calls")) else { return };
        self.requests += 1.0;
        self.billed_ms += latency.ceil().max(1.0);
        self.calls += calls;
        self.log_bytes += f64::from(u32::try_from(line.to_string().len()).unwrap_or(u32::MAX));
    }

    /// Adds all of it to the usage of a run.
    pub fn add_to(self, usage: &mut Usage) {
        usage.add(Item::ApiRequests, self.requests);
        usage.add(Item::FunctionRequests, self.requests);
        usage.add(Item::FunctionGbSeconds, self.billed_ms / 1000.0 * FUNCTION_GB);
        usage.add(Item::WriteUnits, self.calls);
        usage.add(Item::RegionLogGb, self.log_bytes / 1e9);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requests_are_billed_by_whole_milliseconds_and_calls() {
        let mut work = RegionWork::default();
        for line in [
            json!({ "latency_ms": 1.2, "calls": 2 }),
            json!({ "latency_ms": 0.0, "calls": 0 }),
            json!({ "listening": "x" }),
        ] {
            work.add(&line);
        }
        let mut usage = Usage::default();
        work.add_to(&mut usage);
        let near =
            |item, expected: f64| assert!((usage.of(item) - expected).abs() < 1e-9, "{item:?}: {usage:?}");
        near(Item::ApiRequests, 2.0);
        near(Item::FunctionGbSeconds, 0.003 * 0.25);
        near(Item::WriteUnits, 2.0);
    }
}
