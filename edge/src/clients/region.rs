//! Signed requests to the region, each with a timeout, and reads with retries and a circuit breaker.

use crate::bindings;
use crate::clients::exchange;
use crate::clients::timeout::with_timeout_of;
use crate::clock::{self, now};
use crate::error::{Error, Result};
use crate::telemetry::{metrics, trace};
use shared::cache::{self, CachedProfile};
use shared::id::{PlayerId, PoolName};
use shared::metrics::Counter;
use shared::resilience::breaker::Breaker;
use shared::resilience::retry_budget::{self, RetryBudget};
use shared::rpc::audit::AuditEntry;
use shared::rpc::opened::OpenedRoom;
use shared::rpc::record::{MatchRecord, MatchmakingProfile, Report, Visibility};
use shared::{limits, sign};
use std::cell::RefCell;
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::{Delay, Env, Headers, Method, Request, RequestInit};

/// Fetches the public keys that verify access tokens.
pub async fn jwks(env: &Env) -> Result<String> {
    send_signed(env, Method::Get, "/.well-known/jwks.json", "").await
}

/// Fetches a player's matchmaking profile: what the rules of a queue need to know of them.
pub async fn matchmaking_profile(
    env: &Env,
    player: &PlayerId,
    pool: &PoolName,
) -> Result<MatchmakingProfile> {
    let path = format!("/internal/v1/players/{player}?pool={pool}");
    Ok(serde_json::from_str(&send_signed(env, Method::Get, &path, "").await?)?)
}

/// Fetches who may see a player's presence. The presence of a player unknown to the region is hidden from all.
pub async fn visibility(env: &Env, player: &PlayerId) -> Result<Visibility> {
    let path = format!("/internal/v1/players/{player}/circle");
    match send_signed(env, Method::Get, &path, "").await {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(Error::Refused { status: 404, .. }) => {
            Ok(Visibility { player: player.clone(), mutual: Vec::new(), hidden: true })
        }
        Err(error) => Err(error),
    }
}

thread_local! {
    static HEALTH: RefCell<(Breaker, RetryBudget)> = RefCell::default();
}

/// Fetches the public profiles of the players that exist.
pub async fn profiles(env: &Env, players: &[PlayerId]) -> Result<Vec<(PlayerId, CachedProfile)>> {
    let ids: Vec<&str> = players.iter().map(PlayerId::as_str).collect();
    let text = read(env, &format!("/v1/profiles?ids={}", ids.join(","))).await?;
    Ok(cache::read(&text)?)
}

/// Sends a safe, idempotent read. Retries within the retry budget; fails at once while the circuit breaker is open.
async fn read(env: &Env, path: &str) -> Result<String> {
    HEALTH.with_borrow_mut(|(_, budget)| budget.record_attempt());
    let mut nth = 0;
    loop {
        if !HEALTH.with_borrow_mut(|(breaker, _)| breaker.allow(now())) {
            let what = format!("{path}: the circuit breaker of the region is open");
            return Err(Error::Unavailable(what));
        }
        let error = match attempt(env, path).await {
            Err(error @ Error::Unavailable(_)) => error,
            answer => {
                HEALTH.with_borrow_mut(|(breaker, _)| breaker.succeeded());
                return answer;
            }
        };
        let again = HEALTH.with_borrow_mut(|(breaker, budget)| {
            breaker.failed(now());
            nth + 1 < limits::READ_ATTEMPTS_MAX && budget.try_spend()
        });
        if !again {
            return Err(error);
        }
        let [a, b, ..] = clock::random_bytes()?;
        Delay::from(retry_budget::backoff(nth, u64::from(u16::from_le_bytes([a, b])))).await;
        nth += 1;
    }
}

/// Fails unless the region answers `GET /health`.
pub async fn health(env: &Env) -> Result<()> {
    attempt(env, "/health").await.map(drop)
}

async fn attempt(env: &Env, path: &str) -> Result<String> {
    send(&signed_request(env, Method::Get, path, "")?, limits::READ_ATTEMPT_TIMEOUT).await
}

/// Sends a player's report of another player. Idempotent.
pub async fn report(env: &Env, report: &Report) -> Result<()> {
    let body = serde_json::to_string(report)?;
    send_signed(env, Method::Post, "/internal/v1/reports", &body).await?;
    Ok(())
}

/// Tells that a room of a queue is open. Idempotent.
pub async fn opened(env: &Env, room: &OpenedRoom) -> Result<()> {
    let body = serde_json::to_string(room)?;
    send_signed(env, Method::Post, "/internal/v1/rooms", &body).await?;
    Ok(())
}

/// Sends the record of a finished match. Idempotent.
pub async fn record(env: &Env, record: &MatchRecord) -> Result<()> {
    let body = serde_json::to_string(record)?;
    send_signed(env, Method::Post, "/internal/v1/matches", &body).await?;
    Ok(())
}

/// Sends an action for the audit trail. Idempotent.
pub async fn audit(env: &Env, entry: &AuditEntry) -> Result<()> {
    let body = serde_json::to_string(entry)?;
    send_signed(env, Method::Post, "/internal/v1/audit", &body).await?;
    Ok(())
}

async fn send_signed(env: &Env, method: Method, path: &str, body: &str) -> Result<String> {
    send(&signed_request(env, method, path, body)?, limits::CALL_TIMEOUT).await
}

/// Builds a request with the edge's signature. Public reads are signed too: the edge reads for many clients, so the
/// region must not apply the rate limit of a single client.
fn signed_request(env: &Env, method: Method, path: &str, body: &str) -> Result<Request> {
    // The nonce carries the trace, so that it is signed.
    let nonce = trace::current().nonce(clock::random_bytes()?);
    let keys = bindings::edge_keys(env)?;
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
    let url = format!("{}{path}", bindings::region_url(env)?);
    Ok(Request::new_with_init(&url, &init)?)
}

/// Returns the text of a successful response.
async fn send(request: &Request, limit: Duration) -> Result<String> {
    let (path, since) = (request.path(), now());
    metrics::add(Counter::ToRegion);
    let answer = with_timeout_of(limit, exchange::with_server(request), &path).await;
    let answer = answer.and_then(|(status, text)| check_status(status, &path).map(|()| text));
    metrics::region_answered(since, !matches!(answer, Err(Error::Unavailable(_))));
    answer
}

/// Maps a status to a result. 401, 408, 429 and 5xx are temporary (keys or clocks differ, or too much load); other
/// 4xx mean that the request itself is wrong and must not be repeated.
fn check_status(status: u16, path: &str) -> Result<()> {
    match status {
        200..=299 => Ok(()),
        400 | 402..=407 | 409..=428 | 430..=499 => {
            let detail = format!("the region answered {status} to {path}");
            Err(Error::refused(status, "region_refused", detail))
        }
        status => Err(Error::Unavailable(format!("the region answered {status} to {path}"))),
    }
}
