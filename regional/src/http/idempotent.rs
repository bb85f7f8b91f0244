//! Requests that may be repeated without being done twice: `Idempotency-Key`.
//!
//! The first answer to a key is kept for a day and given again. What fails here, or is refused for a while, leaves nothing
//! behind, so that the repetition is a new attempt. Routes behind this make their ids from the key too, because a function may be
//! killed between what it does and what it writes down here.

use crate::error::{Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::extract::bytes;
use crate::http::problem::Code;
use crate::routes::App;
use crate::store::answers::{Kept, Slot};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use shared::caps;
use std::time::Duration;

/// What a client calls one thing that it wants done: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub String);

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl<S: Send + Sync> OptionalFromRequestParts<S> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        key(&parts.headers)
    }
}

fn key(headers: &HeaderMap) -> Result<Option<Key>, Refusal> {
    let Some(value) = headers.get(&HEADER) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let fine = (1..=caps::KEY_BYTES).contains(&text.len());
    if !fine || !text.bytes().all(|b| b.is_ascii_graphic()) {
        let detail = format!("A key is 1 to {} visible ASCII characters.", caps::KEY_BYTES);
        return Err(Refusal::new(Code::BadKey, detail).field("Idempotency-Key").limit(caps::KEY_BYTES));
    }
    Ok(Some(Key(text.to_owned())))
}

/// Answers a request with a key once. Without a key, or without a good token, it passes as it is.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Result<Response, Fault> {
    let Some(Key(key)) = key(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let bearer = <Bearer as FromRequestParts<App>>::from_request_parts(&mut parts, &app).await?;
    let body = bytes(Request::from_parts(parts.clone(), body), &app).await?;
    let caller = bearer.0.sub;
    let mut hash = Sha256::new();
    for part in [parts.method.as_str(), parts.uri.path()] {
        hash.update(part);
        hash.update(b"\n");
    }
    hash.update(&body);
    let slot = Slot { caller, key, hash: hash.finalize().into() };
    match app.store.begin_answer(&slot, app.clock.now()).await? {
        Kept::Mine => {}
        Kept::Running => {
            let detail = "The first request with this key is still under way. Repeat it in a moment.";
            let refusal = Refusal::new(Code::InProgress, detail).field("Idempotency-Key");
            return Err(refusal.after(Duration::from_secs(1)).into());
        }
        Kept::Other => {
            let detail = "This key was used for another request. Use a new one for each thing to do.";
            return Err(Refusal::new(Code::KeyReused, detail).field("Idempotency-Key").into());
        }
        Kept::Answer { status, body } => return Ok(replay(status, body)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (head, body) = response.into_parts();
    let whole = to_bytes(body, caps::ANSWER_KEPT_BYTES).await;
    let now = app.clock.now();
    match whole {
        Ok(body) if lasting(head.status) => {
            app.store.end_answer(&slot, head.status.as_u16(), &body, now).await?;
            Ok(Response::from_parts(head, Body::from(body)))
        }
        Ok(body) => {
            app.store.forget_answer(&slot).await?;
            Ok(Response::from_parts(head, Body::from(body)))
        }
        Err(_) => {
            app.store.forget_answer(&slot).await?;
            Err(crate::error::Error::Store {
                call: "keep_answer",
                text: "the answer is too large to be kept".into(),
            }
            .into())
        }
    }
}

/// Whether the same request will be answered the same: what was done, and what is wrong with the request itself.
fn lasting(status: StatusCode) -> bool {
    let passing = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    !status.is_server_error() && !passing.contains(&status)
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
