//! The counters of this isolate, reported to the metrics object at most once a minute.
//!
//! A report costs one request and one row. It is sent after a response or an event: nothing waits for it, no timer is
//! set for it, and an isolate without traffic sends none.

use crate::bearer::bearer;
use crate::bindings;
use crate::clients::timeout::with_timeout;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::ops::{log, meter};
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::metrics::{Counter, Measure, Observed, Recent, Tally};
use shared::time::Time;
use std::cell::{Cell, RefCell};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Context, Env, Headers, Method, Request, RequestInit, Response};

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
    static COUNTERS: RefCell<[u64; Counter::ALL.len()]> = const { RefCell::new([0; Counter::ALL.len()]) };
    static NEXT_REPORT: Cell<Time> = Cell::default();
    static RECENT: RefCell<Recent> = RefCell::default();
    /// Profile reads since the isolate began: all, and those from the cache.
    static READS: Cell<(u64, u64)> = Cell::default();
    static SOCKETS: Cell<i64> = Cell::default();
}

/// The counts of the isolate since it began, for its health report.
#[derive(Debug)]
pub struct Isolate {
    pub sockets: i64,
    /// Profile reads: all, and those from the cache.
    pub reads: (u64, u64),
    /// The last requests to the region.
    pub region: Recent,
}

/// Returns what the isolate has counted since it began.
pub fn isolate() -> Isolate {
    Isolate { sockets: SOCKETS.get(), reads: READS.get(), region: RECENT.with_borrow(Clone::clone) }
}

/// Counts an event whose series is fixed.
pub fn add(counter: Counter) {
    add_many(counter, 1);
}

fn add_many(counter: Counter, more: u32) {
    COUNTERS.with_borrow_mut(|counters| {
        if let Some(count) = counters.get_mut(counter as usize) {
            *count += u64::from(more);
        }
    });
}

/// Adds a value to a histogram: milliseconds, or bytes.
pub fn measure(measure: Measure, value: u64) {
    TALLY.with_borrow_mut(|tally| tally.observe(measure.name(), value));
}

/// Takes what a machine has observed. The pool is that of a lobby.
pub fn observe(pool: Option<&PoolName>, observed: &mut Observed) {
    let of_pool =
        |name: &str| pool.map_or_else(|| name.to_owned(), |pool| format!("{name}{{pool=\"{pool}\"}}"));
    let counted = |counter: Counter, count: u32| {
        if counter == Counter::Match {
            let series = of_pool(counter.series());
            TALLY.with_borrow_mut(|tally| tally.count_by(&series, count.into()));
        } else {
            add_many(counter, count);
        }
    };
    let measured = |measured: Measure, value| {
        if measured == Measure::MatchWait {
            let series = of_pool(measured.name());
            TALLY.with_borrow_mut(|tally| tally.observe(&series, value));
        } else {
            measure(measured, value);
        }
    };
    observed.take(counted, measured);
}

/// Counts a request to the region: its duration, and whether the region answered it.
pub fn region_answered(since: Time, is_ready: bool) {
    let at = now();
    let duration = at.since(since);
    RECENT.with_borrow_mut(|recent| recent.add(duration));
    measure(Measure::RegionRequest, shared::time::ms(duration));
    found_ready(is_ready);
}

/// Notes that the service was found ready, or not, for the history of readiness.
pub fn found_ready(is_ready: bool) {
    TALLY.with_borrow_mut(|tally| tally.record_ready(now(), is_ready));
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
    let (all, hits) = READS.get();
    READS.set((all + 1, hits + u64::from(source == "hit")));
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
    SOCKETS.set(SOCKETS.get() + by);
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
    let counters = COUNTERS.replace([0; Counter::ALL.len()]);
    for (counter, count) in Counter::ALL.iter().zip(counters).filter(|(_, count)| *count > 0) {
        tally.count_by(counter.series(), count);
    }
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
    if let Err(error) = send(env, REPORT, &tally).await {
        log::error!("{error:?}; the counts are kept for the next report");
        TALLY.with_borrow_mut(|since| since.add(&tally));
    }
}

/// The path of a report.
const REPORT: &str = "/tell";
/// The path of a report that is answered with the totals of all isolates, as text.
pub const SCRAPE: &str = "/scrape";
/// The path of the readiness of the last day.
pub const READY_DAY: &str = "/ready-day";

async fn send(env: &Env, path: &str, tally: &Tally) -> Result<Response> {
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
    let tally = take();
    let sent = send(env, path, &tally).await;
    if sent.is_err() {
        TALLY.with_borrow_mut(|since| since.add(&tally));
    }
    Ok(sent?.text().await?)
}

/// Compares two strings in a time that does not depend on where they differ.
fn constant_time_eq(given: &str, token: &str) -> bool {
    let (given, token) = (given.as_bytes(), token.as_bytes());
    let differ = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differ == 0
}
