//! Readiness: the region answers and its keys are loaded; checked every few seconds, however often a probe asks.

use crate::clients::{keys, region};
use crate::clock::now;
use crate::error::Result;
use crate::telemetry::{log, metrics};
use shared::http::Ready;
use shared::limits;
use shared::time::Time;
use std::cell::RefCell;
use worker::{Env, Response};

thread_local! {
    static LAST_CHECK: RefCell<(Time, Vec<String>)> = RefCell::default();
}

/// Answers `GET /ready`: 200, or 503 with what is missing.
pub async fn show(env: &Env) -> Result<Response> {
    let (until, mut missing) = LAST_CHECK.with_borrow(Clone::clone);
    if until <= now() {
        missing = check(env).await;
        metrics::found_ready(missing.is_empty());
        LAST_CHECK.with_borrow_mut(|seen| *seen = (now() + limits::READY_CHECK_TTL, missing.clone()));
    }
    let (code, status) = if missing.is_empty() { (200, "ready") } else { (503, "not_ready") };
    Ok(Response::from_json(&Ready { status, missing })?.with_status(code))
}

async fn check(env: &Env) -> Vec<String> {
    let mut missing = Vec::new();
    if let Err(error) = region::health(env).await {
        log::error!("not ready: {error:?}");
        missing.push("region: it does not answer".to_owned());
    }
    if !keys::are_available(env).await {
        missing.push("keys: none loaded to verify access tokens".to_owned());
    }
    missing
}
