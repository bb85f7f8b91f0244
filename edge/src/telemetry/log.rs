//! The log of the edge: one JSON object a line, as the region writes it. Lines are refused openings, closes for a fault, faults, and
//! ends of matches; none has a body, a token or a query.

use crate::clock::now;
use crate::telemetry::{metrics, trace};
use shared::limits;
use shared::metrics::Counter;
use shared::resilience::token_bucket::{Bucket, Pace};
use std::cell::RefCell;
use std::fmt::Write as _;
use worker::{console_error, console_log, console_warn};

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is not logged where the caller's trace is not sampled.
    Info,
    /// A client or another service is at fault.
    Warn,
    /// Operators must act.
    Error,
}

/// The subject of a line; what is empty is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The object, such as `room:m_1`.
    pub object: &'a str,
    /// A stable code: of a refusal, of a close, or the reason of an end.
    pub code: &'a str,
    /// The duration of what the line tells.
    pub ms: Option<u64>,
}

/// Closes with this code or a higher one are logged: the service, or a client against its limits, is at fault.
pub const CLOSES_FROM: u16 = 4100;

const PACE: Pace = Pace { per_s: limits::LOG_RATE_PER_S, burst: limits::LOG_RATE_BURST };

thread_local! {
    static BUDGET: RefCell<Option<Bucket>> = const { RefCell::new(None) };
}

/// Logs a fault, with the arguments of `format!`.
macro_rules! error {
    ($($argument:tt)*) => {
        $crate::telemetry::log::line($crate::telemetry::log::Level::Error, &format!($($argument)*), $crate::telemetry::log::About::default())
    };
}
pub(crate) use error;

/// Writes a line.
pub fn line(level: Level, message: &str, about: About<'_>) {
    let origin = trace::origin();
    if level == Level::Info && origin.is_some_and(|origin| !origin.trace.is_sampled()) {
        return;
    }
    let at = now();
    let is_within = BUDGET.with_borrow_mut(|budget| {
        budget.get_or_insert_with(|| Bucket::full(PACE, at)).take(PACE, at).is_ok()
    });
    if !is_within {
        return metrics::add(Counter::LogDropped);
    }
    metrics::add(Counter::LogEvent);
    let mut line = format!("{{\"ts\":{}", at.ms());
    let name = match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    add(&mut line, "level", name);
    add(&mut line, "msg", bounded(message));
    if let Some(origin) = origin {
        add(&mut line, "trace", &origin.trace.id());
        add(&mut line, "route", origin.route);
    }
    add(&mut line, "object", about.object);
    add(&mut line, "code", about.code);
    if let Some(ms) = about.ms {
        // Writing to a String does not fail.
        let _ = write!(line, ",\"ms\":{ms}");
    }
    line.push('}');
    match level {
        Level::Info => console_log!("{line}"),
        Level::Warn => console_warn!("{line}"),
        Level::Error => console_error!("{line}"),
    }
}

/// Adds a field, unless it is empty.
fn add(line: &mut String, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    // Text is always written.
    let value = serde_json::to_string(value).unwrap_or_default();
    line.push_str(",\"");
    line.push_str(name);
    line.push_str("\":");
    line.push_str(&value);
}

/// Returns the begin of a message.
fn bounded(message: &str) -> &str {
    let mut end = limits::LOG_MESSAGE_BYTES_MAX.min(message.len());
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}
