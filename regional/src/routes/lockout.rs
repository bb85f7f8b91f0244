//! Counts failed logins and reports, and rejects a request whose counter has reached its limit.

use crate::app::App;
use crate::domain::lockout::Counter;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use std::time::Duration;

/// Counts one event, or rejects the request if the counter has reached its limit.
pub async fn count_event(app: &App, counter: &Counter) -> Result<(), Fault> {
    match app.store.count_event(counter, app.clock.now()).await? {
        None => Ok(()),
        Some(wait) => Err(too_many(wait).into()),
    }
}

/// Rejects the request if the counter has reached its limit. Counts nothing.
pub async fn reject_locked(app: &App, counter: &Counter) -> Result<(), Fault> {
    match app.store.wait_time_strong(counter, app.clock.now()).await? {
        None => Ok(()),
        Some(wait) => Err(too_many(wait).into()),
    }
}

/// Rejects a request until its counter allows it.
#[must_use]
pub fn too_many(wait: Duration) -> Refusal {
    let detail = "There were too many attempts. Wait for the time in `Retry-After`.";
    Refusal::new(Code::TooManyFailures, detail).retry_after(wait)
}
