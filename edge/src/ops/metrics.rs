//! The counters of this isolate, reported to the metrics object at most once a minute.
//!
//! A report costs one request and one row. It is sent after a response or an event: nothing waits for it, no timer is
//! set for it, and an isolate without traffic sends none.

use crate::bearer::bearer;
use crate::bindings;
use crate::clients::timeout::with_timeout;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::ops::meter;
use shared::id::PlayerId;
use shared::limits;
use shared::metrics::Tally;
use shared::time::Time;
use std::cell::{Cell, RefCell};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Context, Env, Headers, Method, Request, RequestInit, Response, console_error};

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
    static NEXT_REPORT: Cell<Time> = Cell::default();
}

fn count(series: &str) {
    TALLY.with_borrow_mut(|tally| tally.count(series));
}

/// Counts an answered request, and its duration.
pub fn answered(route: &str, status: u16, since: Time) {
    count(&format!("matchpoint_requests_total{{route=\"{route}\",status=\"{status}\"}}"));
    let ms = shared::time::ms(now().since(since));
    TALLY.with_borrow_mut(|tally| tally.observe_duration(route, ms));
}

/// Counts a refusal by its code.
pub fn refused(code: &str) {
    count(&format!("matchpoint_refusals_total{{code=\"{code}\"}}"));
}

/// Counts a profile read by its source.
pub fn profile_read(source: &str) {
    count(&format!("matchpoint_reads_total{{how=\"{source}\"}}"));
}

/// Counts a player who presented a valid token.
pub fn player_seen(player: &PlayerId) {
    TALLY.with_borrow_mut(|tally| tally.record_player(player));
}

/// Counts an opened socket of a kind of object: `room`, `lobby` or `me`.
pub fn socket_opened(kind: &str) {
    count(&format!("matchpoint_sockets_opened_total{{kind=\"{kind}\"}}"));
    socket(kind, 1);
}

/// Counts a closed socket.
pub fn socket_closed(kind: &str) {
    socket(kind, -1);
}

fn socket(kind: &str, by: i64) {
    let series = format!("matchpoint_sockets{{kind=\"{kind}\"}}");
    TALLY.with_borrow_mut(|tally| tally.change(&series, by));
}

/// Counts a created room.
pub fn room_opened() {
    count("matchpoint_rooms_opened_total");
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", 1));
}

/// Counts an erased room.
pub fn room_erased() {
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", -1));
}

/// Sends a report, if one is due, after the Worker's response.
pub fn report_after_response(env: &Env, ctx: &Context) {
    if let Some(tally) = take_due(now()) {
        let env = env.clone();
        ctx.wait_until(async move { report(&env, tally).await });
    }
}

/// Sends a report, if one is due, after an event of an object.
pub fn report_after_event(env: &Env) {
    report_after_event_at(env, now());
}

/// Sends a report, if one is due at this time, after an event of an object.
pub fn report_after_event_at(env: &Env, at: Time) {
    if let Some(tally) = take_due(at) {
        let env = env.clone();
        spawn_local(async move { report(&env, tally).await });
    }
}

/// Takes the counts since the last report.
fn take() -> Tally {
    let mut tally = TALLY.take();
    meter::drain(&mut tally);
    tally
}

fn take_due(at: Time) -> Option<Tally> {
    if at < NEXT_REPORT.get() {
        return None;
    }
    let tally = take();
    if tally.is_empty() {
        return None;
    }
    NEXT_REPORT.set(at + limits::METRICS_INTERVAL);
    Some(tally)
}

async fn report(env: &Env, tally: Tally) {
    if let Err(error) = send(env, &tally).await {
        console_error!("{error:?}; the counts are kept for the next report");
        TALLY.with_borrow_mut(|since| since.add(&tally));
    }
}

/// The URL of a report. The response is the totals of all isolates, as text.
const REPORT_URL: &str = "https://object/tell";

async fn send(env: &Env, tally: &Tally) -> Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(JsValue::from_str(&serde_json::to_string(tally)?)));
    let request = Request::new_with_init(REPORT_URL, &init)?;
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
    let tally = take();
    let sent = send(env, &tally).await;
    if sent.is_err() {
        TALLY.with_borrow_mut(|since| since.add(&tally));
    }
    let text = sent?.text().await?;
    let response = Response::ok(text)?;
    let headers = Headers::new();
    headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8")?;
    Ok(response.with_headers(headers))
}

/// Compares two strings in a time that does not depend on where they differ.
fn constant_time_eq(given: &str, token: &str) -> bool {
    let (given, token) = (given.as_bytes(), token.as_bytes());
    let differ = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differ == 0
}
