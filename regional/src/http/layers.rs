//! What every request goes through: a deadline, a log line, the headers that protect a browser, CORS.

use crate::config::Config;
use crate::error::Error;
use crate::http::record::Record;
use crate::routes::App;
use crate::store::timing::{Share, measured};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shared::caps;
use std::time::{Duration, Instant};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Says what a route answered and how long that took, once: as a metric where metrics are wanted, else as a line of the
/// log. Never a body, a token or a query.
pub async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let cold = app.records.cold();
    let mut response = next.run(request).await;
    let (status, latency) = (response.status().as_u16(), begun.elapsed());
    let share = response.extensions_mut().remove::<Share>();
    if app.records.on() {
        app.records.write(&Record {
            at: app.clock.now(),
            route: format!("{method} {route}"),
            status,
            latency,
            cold,
            share: share.unwrap_or_default(),
        });
    } else {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(%method, route, status, micros, "request");
    }
    response
}

/// Says how long the request waited for the store, in milliseconds: `Server-Timing: store;dur=1.234`.
pub async fn timing(request: Request, next: Next) -> Response {
    let (mut response, share) = measured(next.run(request)).await;
    response.extensions_mut().insert(share);
    if share.calls > 0 {
        let (ms, calls) = (share.waited.as_secs_f64() * 1000.0, share.calls);
        let text = format!("store;dur={ms:.3};desc=\"{calls} calls\"");
        if let Ok(value) = HeaderValue::from_str(&text) {
            let name = HeaderName::from_static("server-timing");
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Answers in time, if only that it cannot. Whether the work is done is then unknown; every mutation may be repeated.
pub async fn deadline(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(caps::REGION_REQUEST, next.run(request)).await;
    answer.unwrap_or_else(|_| Error::Slow.into_response())
}

/// Nothing here is a page, but for `/docs`: no script, no frame, no sniffing, and nothing is kept unless the route says so.
pub async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // One page has a policy of its own: the document's.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Which web pages may call: those configured, letter by letter. Tokens ride in a header, so no cookies.
pub fn cors(config: &Config) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(config.origins.clone()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(Duration::from_mins(10))
}
