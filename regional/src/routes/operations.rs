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
use utoipa::ToSchema;

/// `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
    version: &'static str,
    #[schema(value_type = crate::openapi::Moment)]
    now: String,
}

/// `GET /ready`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    status: &'static str,
    /// How long the three tables took to answer.
    store_ms: u64,
}

/// Answers as long as the process does.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "operations_health",
    tag = "operations",
    responses(
        (status = 200, body = Health, description = "The process answers."),
    ),
)]
pub async fn health(State(app): State<App>) -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), now: rfc3339(app.clock.now()) })
}

/// Answers 200 only while the store does.
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "operations_ready",
    tag = "operations",
    responses(
        (status = 200, body = Ready, description = "The store answers."),
    ),
)]
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
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "operations_jwks",
    tag = "operations",
    responses(
        (status = 200, body = crate::openapi::Keys, content_type = "application/jwk-set+json", description = "The keys, as RFC 7517 has them."),
    ),
)]
pub async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, app.mint.jwks().to_owned())
}
