//! The layers around every route: a deadline, the trace with a log line, `Server-Timing`, security headers and CORS.

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::http::idempotency;
use crate::request_metrics::RequestMetric;
use crate::store::timing::{StoreUsage, measure};
use crate::trace;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH,
    IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shared::http::audit_reason;
use shared::limits;
use std::time::{Duration, Instant};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The cache lifetime of what only the caller may see: a shared browser must not show it to the next player.
pub const PRIVATE: &str = "private, no-store";

/// The headers that a page of another origin may send.
const REQUEST_HEADERS: [HeaderName; 6] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_MATCH,
    IF_NONE_MATCH,
    idempotency::HEADER,
    HeaderName::from_static(audit_reason::HEADER),
];
/// The headers that a page of another origin may read. Others, such as `Cache-Control`, need no permission.
const RESPONSE_HEADERS: [HeaderName; 6] = [
    ALLOW,
    ETAG,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    idempotency::REPLAYED,
    HeaderName::from_static("server-timing"),
];

/// Records the route, status and latency of each request once: as a metric where metrics are enabled, or else
/// as a log line. It never records a body, a token or a query.
pub async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let cold = app.metrics.is_cold_start();
    let trace = trace::of_request(request.headers());
    let in_progress = app.meter.begin();
    let mut response = trace::within(trace, next.run(request)).await;
    drop(in_progress);
    let (status, latency) = (response.status().as_u16(), started.elapsed());
    let usage = response.extensions_mut().remove::<StoreUsage>();
    let metric = RequestMetric {
        at: app.clock.now(),
        route: format!("{method} {route}"),
        status,
        latency,
        cold,
        usage: usage.unwrap_or_default(),
        trace,
    };
    let line = app.metrics.line(&metric);
    app.meter.add(&metric, line.len() + 1);
    if app.metrics.is_enabled() {
        app.metrics.write(&line);
    } else {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(%method, route, status, micros, trace = trace.id(), "request");
    }
    if let Ok(value) = HeaderValue::from_str(&format!("traceparent;desc=\"{}\"", trace.traceparent())) {
        response.headers_mut().append(HeaderName::from_static("server-timing"), value);
    }
    response
}

/// Reports how long the request waited for the store, in milliseconds: `Server-Timing: store;dur=1.234`.
pub async fn server_timing(request: Request, next: Next) -> Response {
    let (mut response, usage) = measure(next.run(request)).await;
    response.extensions_mut().insert(usage);
    if usage.calls > 0 {
        let (ms, calls) = (usage.waited.as_secs_f64() * 1000.0, usage.calls);
        let text = format!("store;dur={ms:.3};desc=\"{calls} calls\"");
        if let Ok(value) = HeaderValue::from_str(&text) {
            let name = HeaderName::from_static("server-timing");
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Answers 503 after [`limits::REGION_REQUEST_TIMEOUT`]. The outcome of the work is then unknown; every
/// mutation may be repeated.
pub async fn deadline(request: Request, next: Next) -> Response {
    let response = tokio::time::timeout(limits::REGION_REQUEST_TIMEOUT, next.run(request)).await;
    response.unwrap_or_else(|_| Error::TimedOut.into_response())
}

/// Forbids scripts, frames, content sniffing and caching, unless a route sets its own header. `/docs` is the
/// only page.
pub async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Allows the configured web origins, compared exactly. Tokens travel in a header, so cookies are not
/// allowed.
pub fn cors(config: &Config) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(config.origins.clone()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(REQUEST_HEADERS)
        .expose_headers(RESPONSE_HEADERS)
        .max_age(Duration::from_mins(10))
}
