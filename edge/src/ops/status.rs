//! The status page: the readiness of the last day, for people and for programs.
//!
//! The isolates report with their counts how they found the region, which they ask for other reasons, and what `GET /ready`
//! found. So the history costs no request of its own; a minute in which nothing was asked is unknown.

use crate::clock::now;
use crate::error::Result;
use crate::ops::report;
use shared::http::{Status, status_page};
use shared::limits;
use shared::time::Time;
use std::cell::RefCell;
use worker::{Env, Response};

/// The page loads its style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

thread_local! {
    static LAST: RefCell<(Time, String)> = RefCell::default();
}

/// Answers `GET /status` with a page, and `GET /status.json`.
pub async fn show(env: &Env, is_page: bool) -> Result<Response> {
    let status = read(env).await?;
    if !is_page {
        return Ok(Response::from_json(&status)?);
    }
    let mut response = Response::ok(status_page(&status))?;
    let headers = response.headers_mut();
    headers.set("content-type", "text/html; charset=utf-8")?;
    headers.set("content-security-policy", POLICY)?;
    Ok(response)
}

async fn read(env: &Env) -> Result<Status> {
    let (until, mut minutes) = LAST.with_borrow(Clone::clone);
    if until <= now() {
        minutes = report::ready_day(env).await?;
        LAST.with_borrow_mut(|last| *last = (now() + limits::STATUS_TTL, minutes.clone()));
    }
    Ok(Status::new(minutes, now()))
}
