//! What the edge asks of the region: signed, and never waited for longer than three seconds.

use crate::clock;
use crate::error::{Error, Result};
use crate::platform;
use futures_util::future::{Either, select};
use shared::caps;
use shared::id::{PlayerId, PoolName};
use shared::record::{MatchRecord, Standing};
use shared::sign;
use std::pin::pin;
use worker::wasm_bindgen::JsValue;
use worker::{Delay, Env, Fetch, Headers, Method, Request, RequestInit, Response};

/// The public keys of access tokens.
pub async fn jwks(env: &Env) -> Result<String> {
    let url = format!("{}/.well-known/jwks.json", platform::region_url(env)?);
    let mut response = send(Request::new(&url, Method::Get)?).await?;
    Ok(response.text().await?)
}

/// Who a player is to the rules of a queue.
pub async fn standing(env: &Env, player: &PlayerId, pool: &PoolName) -> Result<Standing> {
    let path = format!("/internal/v1/players/{player}?pool={pool}");
    let mut response = signed(env, Method::Get, &path, "").await?;
    Ok(serde_json::from_str(&response.text().await?)?)
}

/// Tells that a match is over. Twice is the same as once.
pub async fn record(env: &Env, record: &MatchRecord) -> Result<()> {
    let body = serde_json::to_string(record)?;
    signed(env, Method::Post, "/internal/v1/matches", &body).await?;
    Ok(())
}

async fn signed(env: &Env, method: Method, path: &str, body: &str) -> Result<Response> {
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
    send(Request::new_with_init(&url, &init)?).await
}

async fn send(request: Request) -> Result<Response> {
    let path = request.path();
    let response = in_time(Fetch::Request(request).send(), &path).await?;
    match response.status_code() {
        200..=299 => Ok(response),
        // Keys or clocks that differ, and too much at once, pass; what is wrong with the request does not.
        status @ (400 | 402..=407 | 409..=428 | 430..=499) => {
            let detail = format!("the region answered {status} to {path}");
            Err(Error::refused(status, "region_refused", detail))
        }
        status => Err(Error::Unavailable(format!(
            "the region answered {status} to {path}"
        ))),
    }
}

/// Waits for an answer as long as is sensible.
pub async fn in_time<T, F>(answer: F, whom: &str) -> Result<T>
where
    F: Future<Output = worker::Result<T>>,
{
    match select(pin!(answer), pin!(Delay::from(caps::CALL))).await {
        Either::Left((Ok(answer), _)) => Ok(answer),
        Either::Left((Err(error), _)) => Err(Error::Unavailable(format!("{whom}: {error}"))),
        Either::Right(_) => Err(Error::Unavailable(format!(
            "{whom}: no answer in {:?}",
            caps::CALL
        ))),
    }
}
