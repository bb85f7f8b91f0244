//! Limits of metrics and of the readiness check.

use std::time::Duration;

/// Shortest interval at which an isolate reports its counts: a request and a row each, so a hundred busy
/// isolates cost five dollars a month.
pub const METRICS_INTERVAL: Duration = Duration::from_secs(60);
/// Time for which a change of a gauge counts: a room lives at most four hours, and so do its sockets.
pub const GAUGE_TTL: Duration = Duration::from_secs(6 * 3600);
/// Series of one kind: a label that any caller could fill must not fill the memory.
pub const SERIES_MAX: usize = 400;
/// Time for which a readiness result is reused, so that checks cannot overload what they check.
pub const READY_CHECK_TTL: Duration = Duration::from_secs(2);
