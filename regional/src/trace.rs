//! The trace of the work that a task does: of a request, or of the delivery of an event.

use crate::clock::random_bytes;
use axum::http::HeaderMap;
use shared::sign::{self, SignKeys};
use shared::trace::{self, Trace};

tokio::task_local! {
    static CURRENT: Trace;
}

/// Runs work under a trace.
pub async fn within<F: Future>(trace: Trace, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}

/// Returns the trace of the work that this task does; none outside of a request.
#[must_use]
pub fn current() -> Option<Trace> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Returns the id of the current trace, for a log line; empty outside of a request.
#[must_use]
pub fn id() -> String {
    current().map(Trace::id).unwrap_or_default()
}

/// Returns a new trace.
#[must_use]
pub fn new() -> Trace {
    // Without randomness nothing else works either, and each such request says so.
    Trace::new(random_bytes().unwrap_or_default())
}

/// Returns the trace of a request: what the edge signed, what the client named, or a new one.
#[must_use]
pub fn of_request(headers: &HeaderMap) -> Trace {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = header(sign::HEADER).and_then(SignKeys::trace);
    let named = || header(trace::HEADER).and_then(Trace::of_traceparent);
    signed.or_else(named).unwrap_or_else(new)
}
