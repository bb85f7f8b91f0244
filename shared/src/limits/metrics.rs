//! Limits of metrics and of the readiness check.

use std::time::Duration;

/// Shortest interval at which an isolate reports its counts: a request and a row each, so a hundred busy
/// isolates cost five dollars a month.
pub const METRICS_INTERVAL: Duration = Duration::from_secs(60);
/// Time for which a change of a gauge counts: a room lives at most four hours, and so do its sockets.
pub const GAUGE_TTL: Duration = Duration::from_secs(6 * 3600);
/// Series of one kind, whatever their metrics: they are one row, which is rewritten with each report.
pub const SERIES_MAX: usize = 1000;
/// Series of one metric: a label that configuration or callers fill must not fill the memory. Further values share the
/// series of the value `other`. Routes and their statuses are the most, about a hundred.
pub const SERIES_PER_METRIC_MAX: usize = 200;
/// Spans that a machine keeps for its shell, which takes them after each input: more than one frame of commands causes.
pub const OBSERVED_MAX: usize = 256;
/// Lines that an isolate logs in a second, and at once. A fault that concerns every room must not cost more than the rooms
/// do; the lines that are dropped are counted.
pub const LOG_RATE_PER_S: u32 = 20;
/// Lines that an isolate logs at once after a quiet time; see [`LOG_RATE_PER_S`].
pub const LOG_RATE_BURST: u32 = 200;
/// Bytes of a log line's message: an error may quote what another service answered.
pub const LOG_MESSAGE_BYTES_MAX: usize = 512;
/// Time for which an isolate shows the last status page, so that visitors do not wake the metrics object each time.
pub const STATUS_TTL: Duration = Duration::from_secs(10);
/// Time for which a readiness result is reused, so that checks cannot overload what they check.
pub const READY_CHECK_TTL: Duration = Duration::from_secs(2);
