//! The `Idempotency-Key` header: a repeated request returns the first response instead of running twice.
//!
//! The first response to a key is stored for a day and replayed. A response that reports a failure of the
//! service, or a temporary refusal, releases the key, so that the repetition is a new attempt. Routes behind
//! this layer derive their ids from the key as well, because Lambda may stop a function between its commit
//! and the write of the response.

use crate::app::App;
use crate::error::code::Code;
use crate::error::{Error, Fault, Refusal};
use crate::http::caller::SignedIn;
use crate::http::extract::read_bytes;
use crate::http::service::Service;
use crate::store::idempotency::{Claim, KeyedRequest};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use shared::limits;
use shared::text::is_visible_ascii;
use std::time::Duration;

/// The client's name for one intended change: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

/// The header that carries a key.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks a response that repeats an earlier one.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        read_key(&parts.headers)
    }
}

fn read_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let Some(value) = headers.get(&HEADER) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if !is_visible_ascii(text, limits::KEY_BYTES_MAX) {
        let detail =
            format!("An Idempotency-Key has 1 to {} visible ASCII characters.", limits::KEY_BYTES_MAX);
        let refusal = Refusal::new(Code::BadKey, detail).field("Idempotency-Key");
        return Err(refusal.limit(limits::KEY_BYTES_MAX));
    }
    Ok(Some(IdempotencyKey(text.to_owned())))
}

/// Runs a request with a key once, and replays its response afterwards. A request without a key passes
/// through.
pub async fn run_once(State(app): State<App>, request: Request, next: Next) -> Result<Response, Fault> {
    let Some(IdempotencyKey(key)) = read_key(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let caller = match Service::of(&parts, &app)? {
        Some(Service(actor)) => actor.by,
        None => <SignedIn as FromRequestParts<App>>::from_request_parts(&mut parts, &app).await?.player,
    };
    let body = read_bytes(Request::from_parts(parts.clone(), body)).await?;
    let keyed = KeyedRequest { caller, key, hash: hash_request(&parts, &body) };
    match app.store.claim_request(&keyed, app.clock.now()).await? {
        Claim::Acquired => {}
        Claim::InProgress => {
            let detail =
                "The first request with this key is still in progress. Repeat it after `Retry-After`.";
            let refusal = Refusal::new(Code::InProgress, detail).field("Idempotency-Key");
            return Err(refusal.retry_after(Duration::from_secs(1)).into());
        }
        Claim::KeyReused => {
            let detail = "This key was used for another request. Use a new key for each change.";
            return Err(Refusal::new(Code::KeyReused, detail).field("Idempotency-Key").into());
        }
        Claim::Completed { status, body } => return Ok(replay(status, body)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    store_response(&app, &keyed, response).await
}

fn hash_request(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [parts.method.as_str(), parts.uri.path()] {
        hash.update(part);
        hash.update(b"\n");
    }
    hash.update(body);
    hash.finalize().into()
}

/// Stores a final response under its key, or releases the key.
async fn store_response(app: &App, keyed: &KeyedRequest, response: Response) -> Result<Response, Fault> {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, limits::IDEMPOTENT_RESPONSE_BYTES_MAX).await;
    let now = app.clock.now();
    match body {
        Ok(body) if is_final(head.status) => {
            app.store.complete_request(keyed, head.status.as_u16(), &body, now).await?;
            Ok(Response::from_parts(head, Body::from(body)))
        }
        Ok(body) => {
            app.store.release_request(keyed).await?;
            Ok(Response::from_parts(head, Body::from(body)))
        }
        Err(_) => {
            app.store.release_request(keyed).await?;
            let text = "the response is too large to be stored".into();
            Err(Error::Store { call: "store_response", text }.into())
        }
    }
}

/// True if a repetition would get the same response: a completed change, or a fault of the request itself.
fn is_final(status: StatusCode) -> bool {
    let temporary = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    !status.is_server_error() && !temporary.contains(&status)
}

fn replay(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let media = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
