//! What operators and the edge ask of the region itself: is it there, can it serve, which keys does it sign with.

use super::App;
use crate::error::Refusal;
use crate::http::moment::rfc3339;
use crate::http::problem::Code;
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Serialize;
use std::time::Instant;

/// `GET /health`.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
    now: String,
}

/// `GET /ready`.
#[derive(Debug, Serialize)]
pub struct Ready {
    status: &'static str,
    /// How long the three tables took to answer.
    store_ms: u64,
}

/// Answers as long as the process does.
pub async fn health(State(app): State<App>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        now: rfc3339(app.clock.now()),
    })
}

/// Answers 200 only while the store does.
pub async fn ready(State(app): State<App>) -> Result<Json<Ready>, Refusal> {
    let begun = Instant::now();
    if let Err(error) = Box::pin(app.store.ready()).await {
        tracing::error!(%error, "not ready");
        let detail = "The store does not answer. Try again in a moment.";
        return Err(Refusal::new(Code::Unavailable, detail));
    }
    Ok(Json(Ready {
        status: "ready",
        store_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

/// The public keys. Kept for five minutes: a new key is published a day before it signs.
pub async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/jwk-set+json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, app.mint.jwks().to_owned())
}
