//! Whether the edge can serve everybody: the region answers, and its keys are here. Looked at once in a few seconds,
//! however often it is asked.

use crate::clock::now;
use crate::error::Result;
use crate::{keys, region};
use shared::caps;
use shared::http::Ready;
use shared::time::Time;
use std::cell::RefCell;
use worker::{Env, Response};

thread_local! {
    static SEEN: RefCell<(Time, Vec<String>)> = RefCell::default();
}

/// `GET /ready`: 200, or 503 with what is missing.
pub async fn show(env: &Env) -> Result<Response> {
    let (until, mut missing) = SEEN.with_borrow(Clone::clone);
    if until <= now() {
        missing = look(env).await;
        SEEN.with_borrow_mut(|seen| *seen = (now() + caps::READY_EVERY, missing.clone()));
    }
    let (code, status) = if missing.is_empty() { (200, "ready") } else { (503, "not_ready") };
    Ok(Response::from_json(&Ready { status, missing })?.with_status(code))
}

async fn look(env: &Env) -> Vec<String> {
    let mut missing = Vec::new();
    if let Err(error) = region::health(env).await {
        worker::console_error!("not ready: {error:?}");
        missing.push("region: it does not answer".to_owned());
    }
    if !keys::are_here(env).await {
        missing.push("keys: none to verify access tokens with".to_owned());
    }
    missing
}
