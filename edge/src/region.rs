//! What the edge asks of the region: signed, and never waited for longer than three seconds.

use crate::clock::{self, now};
use crate::error::{Error, Result};
use crate::platform;
use futures_util::future::{Either, select};
use shared::breaker::Breaker;
use shared::cache::{self, Copy};
use shared::id::{PlayerId, PoolName};
use shared::record::{Circle, MatchRecord, Report, Standing};
use shared::retry::{self, Budget};
use shared::{caps, sign};
use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::{Delay, Env, Fetch, Headers, Method, Request, RequestInit, Response};

/// The public keys of access tokens.
pub async fn jwks(env: &Env) -> Result<String> {
    let mut response = signed(env, Method::Get, "/.well-known/jwks.json", "").await?;
    Ok(response.text().await?)
}

/// Who a player is to the rules of a queue.
pub async fn standing(env: &Env, player: &PlayerId, pool: &PoolName) -> Result<Standing> {
    let path = format!("/internal/v1/players/{player}?pool={pool}");
    let mut response = signed(env, Method::Get, &path, "").await?;
    Ok(serde_json::from_str(&response.text().await?)?)
}

/// Who may see whether a player is here. Somebody whom the region does not know may be seen by nobody.
pub async fn circle(env: &Env, player: &PlayerId) -> Result<Circle> {
    let path = format!("/internal/v1/players/{player}/circle");
    match signed(env, Method::Get, &path, "").await {
        Ok(mut response) => Ok(serde_json::from_str(&response.text().await?)?),
        Err(Error::Refused { status: 404, .. }) => {
            Ok(Circle { player: player.clone(), mutual: Vec::new(), hidden: true })
        }
        Err(error) => Err(error),
    }
}

thread_local! {
    static LINK: RefCell<(Breaker, Budget)> = RefCell::default();
}

/// The public views of these players, of those who are there.
pub async fn profiles(env: &Env, players: &[PlayerId]) -> Result<Vec<(PlayerId, Copy)>> {
    let ids: Vec<&str> = players.iter().map(PlayerId::as_str).collect();
    let text = read(env, &format!("/v1/profiles?ids={}", ids.join(","))).await?;
    Ok(cache::read(&text)?)
}

/// Something that changes nothing and may be asked twice: tried again where that helps, and where few retries were
/// needed lately; not tried at all while the region mostly fails.
async fn read(env: &Env, path: &str) -> Result<String> {
    LINK.with_borrow_mut(|(_, budget)| budget.asked());
    let mut nth = 0;
    loop {
        if !LINK.with_borrow_mut(|(breaker, _)| breaker.allow(now())) {
            let what = format!("{path}: the region fails, and is left alone for a moment");
            return Err(Error::Unavailable(what));
        }
        let error = match attempt(env, path).await {
            Err(error @ Error::Unavailable(_)) => error,
            answer => {
                LINK.with_borrow_mut(|(breaker, _)| breaker.succeeded());
                return answer;
            }
        };
        let again = LINK.with_borrow_mut(|(breaker, budget)| {
            breaker.failed(now());
            nth + 1 < caps::READ_ATTEMPTS && budget.take()
        });
        if !again {
            return Err(error);
        }
        let [a, b, ..] = clock::chance()?;
        Delay::from(retry::wait(nth, u64::from(u16::from_le_bytes([a, b])))).await;
        nth += 1;
    }
}

/// Whether the region answers at all.
pub async fn health(env: &Env) -> Result<()> {
    attempt(env, "/health").await.map(drop)
}

async fn attempt(env: &Env, path: &str) -> Result<String> {
    let request = sign(env, Method::Get, path, "")?;
    let whole = async {
        let mut response = Fetch::Request(request).send().await?;
        let status = response.status_code();
        Ok((status, response.text().await?))
    };
    let (status, text) = within(caps::READ_ATTEMPT, whole, path).await?;
    judge(status, path).map(|()| text)
}

/// Tells what somebody reports of another. Twice is the same as once.
pub async fn report(env: &Env, report: &Report) -> Result<()> {
    let body = serde_json::to_string(report)?;
    signed(env, Method::Post, "/internal/v1/reports", &body).await?;
    Ok(())
}

/// Tells that a match is over. Twice is the same as once.
pub async fn record(env: &Env, record: &MatchRecord) -> Result<()> {
    let body = serde_json::to_string(record)?;
    signed(env, Method::Post, "/internal/v1/matches", &body).await?;
    Ok(())
}

async fn signed(env: &Env, method: Method, path: &str, body: &str) -> Result<Response> {
    send(sign(env, method, path, body)?).await
}

/// A request that the region knows for the edge's. What is public is signed too: the edge reads for a crowd, and is
/// not held to the pace of one.
fn sign(env: &Env, method: Method, path: &str, body: &str) -> Result<Request> {
    let nonce = shared::id::base32(&clock::chance()?);
    let keys = platform::edge_keys(env)?;
    let signature = keys.sign(clock::now(), &nonce, method.as_ref(), path, body.as_bytes());
    let headers = Headers::new();
    headers.set(sign::HEADER, &signature)?;
    headers.set("content-type", "application/json")?;
    let mut init = RequestInit::new();
    init.with_headers(headers);
    if method == Method::Post {
        init.with_body(Some(JsValue::from_str(body)));
    }
    init.with_method(method);
    let url = format!("{}{path}", platform::region_url(env)?);
    Ok(Request::new_with_init(&url, &init)?)
}

async fn send(request: Request) -> Result<Response> {
    let path = request.path();
    let response = in_time(Fetch::Request(request).send(), &path).await?;
    judge(response.status_code(), &path).map(|()| response)
}

/// What a status means: keys or clocks that differ, and too much at once, pass; what is wrong with the request does not.
fn judge(status: u16, path: &str) -> Result<()> {
    match status {
        200..=299 => Ok(()),
        400 | 402..=407 | 409..=428 | 430..=499 => {
            let detail = format!("the region answered {status} to {path}");
            Err(Error::refused(status, "region_refused", detail))
        }
        status => Err(Error::Unavailable(format!("the region answered {status} to {path}"))),
    }
}

/// Waits for an answer as long as is sensible.
pub async fn in_time<T, F>(answer: F, whom: &str) -> Result<T>
where
    F: Future<Output = worker::Result<T>>,
{
    within(caps::CALL, answer, whom).await
}

async fn within<T, F>(span: Duration, answer: F, whom: &str) -> Result<T>
where
    F: Future<Output = worker::Result<T>>,
{
    match select(pin!(answer), pin!(Delay::from(span))).await {
        Either::Left((Ok(answer), _)) => Ok(answer),
        Either::Left((Err(error), _)) => Err(Error::Unavailable(format!("{whom}: {error}"))),
        Either::Right(_) => Err(Error::Unavailable(format!("{whom}: no answer in {span:?}"))),
    }
}
