//! The rate limit per caller. It backs up the limits of API Gateway and the edge: each Lambda instance counts
//! alone.

use crate::app::App;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::http::address::client_address;
use crate::http::bearer::Bearer;
use crate::http::service::Service;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use shared::resilience::token_bucket::Pace;
use shared::service_key;
use shared::sign::HEADER;

/// Admits a request within its caller's rate: the rate of the player of a valid token, or else of the client
/// address.
pub async fn limit_rate(State(app): State<App>, request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    if is_edge_read(&app, &parts) {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    if let Ok(Some(Service(actor))) = Service::of(&parts, &app) {
        take(&app, actor.by.as_str(), service_key::PACE)?;
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let bearer = <Bearer as FromRequestParts<App>>::from_request_parts(&mut parts, &app).await;
    let caller = match bearer {
        Ok(Bearer(claims)) => claims.sub.to_string(),
        // An invalid token counts against the address. The route explains what is wrong with the token.
        Err(_) => client_address(&parts.extensions).0,
    };
    take(&app, &caller, app.config.people.pace)?;
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Takes one request from a caller's bucket.
fn take(app: &App, caller: &str, pace: Pace) -> Result<(), Refusal> {
    app.rate_buckets.take(caller, pace, app.clock.now()).map_err(|wait| {
        let Pace { per_s, burst } = pace;
        let detail = format!(
            "The limit is {burst} requests at once and {per_s} per second. Wait for the time in `Retry-After`."
        );
        Refusal::new(Code::TooFast, detail).retry_after(wait)
    })
}

/// True for a signed read of the edge, which reads for many players and limits their rates itself.
fn is_edge_read(app: &App, parts: &Parts) -> bool {
    let header = parts.headers.get(HEADER);
    let Some(header) = header.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let (keys, now) = (&app.config.edge_keys, app.clock.now());
    parts.method == Method::GET && keys.verify(now, header, "GET", path, b"").is_ok()
}
