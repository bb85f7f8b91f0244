//! The routes for operators and the edge: health, readiness and the public keys.

use crate::app::App;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::http::rfc3339::format_time;
use crate::meter::{Usage, memory_bytes};
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// The response of `GET /health`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
    version: &'static str,
    #[schema(value_type = crate::schemas::Timestamp)]
    now: String,
    /// The version of the function that the platform runs; null without one.
    #[schema(required)]
    build: Option<String>,
    /// The age of the process.
    uptime_ms: u64,
    /// The memory of the process that is in use; null where the platform does not show it.
    #[schema(required)]
    memory_bytes: Option<u64>,
    /// Requests that are being answered, this one included.
    requests_in_progress: u32,
    /// The median time for which the last 128 requests waited for the store; null before the first.
    #[schema(required)]
    store_p50_ms: Option<u32>,
    /// The 95th percentile of them.
    #[schema(required)]
    store_p95_ms: Option<u32>,
    /// The usage of the process since it began.
    usage: Usage,
}

/// The response of `GET /ready`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    status: &'static str,
    /// The time in which all three tables answered.
    store_ms: u64,
}

/// Answers 200 while the process runs.
///
/// The figures are those of the process that answers. It asks nothing of the store.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "operations",
    responses(
        (status = 200, body = Health, description = "The process runs."),
    ),
)]
pub async fn get_health(State(app): State<App>) -> Json<Health> {
    let (usage, recent) = app.meter.figures();
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        now: format_time(app.clock.now()),
        build: std::env::var("AWS_LAMBDA_FUNCTION_VERSION").ok(),
        uptime_ms: u64::try_from(app.meter.uptime().as_millis()).unwrap_or(u64::MAX),
        memory_bytes: memory_bytes(),
        requests_in_progress: app.meter.in_progress(),
        store_p50_ms: recent.percentile(50),
        store_p95_ms: recent.percentile(95),
        usage,
    })
}

/// Answers 200 while the store answers.
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "getReadiness",
    tag = "operations",
    responses(
        (status = 200, body = Readiness, description = "The store answers."),
    ),
)]
pub async fn get_readiness(State(app): State<App>) -> Result<Json<Readiness>, Refusal> {
    let started = Instant::now();
    if let Err(error) = Box::pin(app.store.ready()).await {
        tracing::error!(%error, "not ready");
        let detail = "The store does not answer. Try again in a moment.";
        return Err(Refusal::new(Code::Unavailable, detail));
    }
    Ok(Json(Readiness {
        status: "ready",
        store_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Returns the public keys that verify access tokens.
///
/// Clients may cache them for five minutes: a new key is published a day before it signs.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "getJwks",
    tag = "operations",
    responses(
        (status = 200, body = crate::schemas::JwkSet, content_type = "application/jwk-set+json", description = "The JWK set (RFC 7517)."),
    ),
)]
pub async fn get_jwks(State(app): State<App>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, app.tokens.jwks().to_owned())
}
