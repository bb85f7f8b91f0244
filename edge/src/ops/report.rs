//! Reports of this isolate's counters to the metrics object, at most one a minute.
//!
//! A report costs one request and one row. It is sent after a response or an event: nothing waits for it, no timer is
//! set for it, and an isolate without traffic sends none.

use crate::bearer::bearer;
use crate::bindings;
use crate::clients::timeout::with_timeout;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::telemetry::{log, metrics};
use shared::metrics::Tally;
use shared::time::Time;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Context, Env, Headers, Method, Request, RequestInit, Response};

/// Sends a report, if one is due, after the Worker's response.
pub fn after_response(env: &Env, ctx: &Context) {
    if let Some(tally) = metrics::take_due(now()) {
        let env = env.clone();
        ctx.wait_until(async move { report(&env, tally).await });
    }
}

/// Sends a report, if one is due, after an event of an object.
pub fn after_event(env: &Env) {
    after_event_at(env, now());
}

/// Sends a report, if one is due at this time, after an event of an object.
pub fn after_event_at(env: &Env, at: Time) {
    if let Some(tally) = metrics::take_due(at) {
        let env = env.clone();
        spawn_local(async move { report(&env, tally).await });
    }
}

async fn report(env: &Env, tally: Tally) {
    if let Err(error) = send(env, REPORT, &tally).await {
        log::error!("{error:?}; the counts are kept for the next report");
    }
}

/// The path of a report.
const REPORT: &str = "/tell";
/// The path of a report that is answered with the totals of all isolates, as text.
pub const SCRAPE: &str = "/scrape";
/// The path of the readiness of the last day.
pub const READY_DAY: &str = "/ready-day";

/// Sends counts; they are kept for the next report where the metrics object does not take them.
async fn send(env: &Env, path: &str, tally: &Tally) -> Result<Response> {
    let sent = post(env, path, tally).await;
    if sent.is_err() {
        metrics::keep(tally);
    }
    sent
}

async fn post(env: &Env, path: &str, tally: &Tally) -> Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(JsValue::from_str(&serde_json::to_string(tally)?)));
    let request = Request::new_with_init(&format!("https://object{path}"), &init)?;
    let stub = bindings::metrics(env)?;
    let response = with_timeout(stub.fetch_with_request(request), "the metrics object").await?;
    match response.status_code() {
        200 => Ok(response),
        status => Err(Error::Unavailable(format!("the metrics object answered {status}"))),
    }
}

/// Returns whether the bearer of `METRICS_TOKEN` asks, or the metrics are open.
pub fn is_open_to(env: &Env, headers: &Headers) -> bool {
    match bindings::metrics_token(env) {
        Some(token) => bearer(headers).is_some_and(|given| constant_time_eq(&given, &token)),
        None => bindings::is_metrics_open(env),
    }
}

/// Answers `GET /metrics`: all reports, and the current counts of this isolate.
pub async fn show(env: &Env) -> Result<Response> {
    let response = Response::ok(report_now(env, SCRAPE).await?)?;
    let headers = Headers::new();
    headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8")?;
    Ok(response.with_headers(headers))
}

/// Returns the letters of the readiness of the last day, with what this isolate has found.
pub async fn ready_day(env: &Env) -> Result<String> {
    report_now(env, READY_DAY).await
}

/// Sends a report now, and returns the answer.
async fn report_now(env: &Env, path: &str) -> Result<String> {
    Ok(send(env, path, &metrics::take()).await?.text().await?)
}

/// Compares two strings in a time that does not depend on where they differ.
fn constant_time_eq(given: &str, token: &str) -> bool {
    let (given, token) = (given.as_bytes(), token.as_bytes());
    let differ = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differ == 0
}
