//! What this isolate counts, told to one object once a minute at the most, and only when something happens anyway.
//!
//! A telling costs one request and one row. It rides behind an answer or an event: nothing waits for it, no timer is
//! set for it, and an isolate without traffic tells nothing.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::platform;
use crate::region::in_time;
use shared::caps;
use shared::id::PlayerId;
use shared::metrics::Tally;
use shared::time::Time;
use std::cell::{Cell, RefCell};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Context, Env, Headers, Method, Request, RequestInit, Response, console_error};

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
    static NEXT: Cell<Time> = Cell::default();
}

fn count(series: &str) {
    TALLY.with_borrow_mut(|tally| tally.count(series));
}

/// A request was answered.
pub fn answered(route: &str, status: u16, since: Time) {
    count(&format!("matchpoint_requests_total{{route=\"{route}\",status=\"{status}\"}}"));
    let ms = shared::time::ms(now().since(since));
    TALLY.with_borrow_mut(|tally| tally.took(route, ms));
}

/// Something was refused.
pub fn refused(code: &str) {
    count(&format!("matchpoint_refusals_total{{code=\"{code}\"}}"));
}

/// A profile was read.
pub fn read(how: &str) {
    count(&format!("matchpoint_reads_total{{how=\"{how}\"}}"));
}

/// Somebody showed a good token.
pub fn saw(player: &PlayerId) {
    TALLY.with_borrow_mut(|tally| tally.saw(player));
}

/// A socket opened at an object, by the name that it has in leases: `room:m_1`.
pub fn socket_opened(lease: &str) {
    let kind = kind(lease);
    count(&format!("matchpoint_sockets_opened_total{{kind=\"{kind}\"}}"));
    socket(kind, 1);
}

/// A socket closed.
pub fn socket_closed(lease: &str) {
    socket(kind(lease), -1);
}

fn socket(kind: &str, by: i64) {
    let series = format!("matchpoint_sockets{{kind=\"{kind}\"}}");
    TALLY.with_borrow_mut(|tally| tally.change(&series, by));
}

fn kind(lease: &str) -> &str {
    lease.split(':').next().unwrap_or_default()
}

/// A room was made.
pub fn room_opened() {
    count("matchpoint_rooms_opened_total");
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", 1));
}

/// A room was erased.
pub fn room_erased() {
    TALLY.with_borrow_mut(|tally| tally.change("matchpoint_rooms", -1));
}

/// Tells, where it is time, behind the answer of the Worker.
pub fn tell_behind(env: &Env, ctx: &Context) {
    if let Some(tally) = due() {
        let env = env.clone();
        ctx.wait_until(async move { tell(&env, tally).await });
    }
}

/// Tells, where it is time, after an event of an object.
pub fn tell_after(env: &Env) {
    if let Some(tally) = due() {
        let env = env.clone();
        spawn_local(async move { tell(&env, tally).await });
    }
}

fn due() -> Option<Tally> {
    let at = now();
    if at < NEXT.get() || TALLY.with_borrow(Tally::is_empty) {
        return None;
    }
    NEXT.set(at + caps::METRICS_EVERY);
    Some(TALLY.take())
}

async fn tell(env: &Env, tally: Tally) {
    if let Err(error) = send(env, &tally).await {
        console_error!("{error:?}; what was counted will be told later");
        TALLY.with_borrow_mut(|since| since.add(&tally));
    }
}

/// The path of a telling. The answer is everything that was told.
const TELL: &str = "https://object/tell";

async fn send(env: &Env, tally: &Tally) -> Result<Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(JsValue::from_str(&serde_json::to_string(tally)?)));
    let request = Request::new_with_init(TELL, &init)?;
    let stub = platform::metrics(env)?;
    let response = in_time(stub.fetch_with_request(request), "the metrics' object").await?;
    match response.status_code() {
        200 => Ok(response),
        status => Err(Error::Unavailable(format!("the metrics' object answered {status}"))),
    }
}

/// `GET /metrics`: what everybody has told, and this isolate now.
pub async fn show(env: &Env, headers: &Headers) -> Result<Response> {
    if let Some(token) = platform::metrics_token(env)
        && !crate::identity::bearer(headers).is_some_and(|given| is_same(&given, &token))
    {
        let detail = "the metrics are for who knows METRICS_TOKEN, as Authorization: Bearer";
        return Err(Error::refused(401, "token_invalid", detail));
    }
    let tally = TALLY.take();
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

/// Takes as long for what is nearly right as for what is all wrong.
fn is_same(given: &str, token: &str) -> bool {
    let (given, token) = (given.as_bytes(), token.as_bytes());
    let differ = given.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differ == 0
}
