//! The layer that admits only requests signed by the edge or another internal service.

use crate::app::App;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::http::extract::read_bytes;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use shared::sign::{HEADER, SignError};

/// Passes on a request whose signature covers its method, path, query and body.
pub async fn require_signature(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let header = parts
        .headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| {
            let detail = format!("Internal routes require a signature in the `{HEADER}` header.");
            Refusal::new(Code::Unsigned, detail).field(HEADER)
        })?
        .to_owned();
    let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let method = parts.method.clone();
    let request = Request::from_parts(parts.clone(), body);
    let body = read_bytes(request, &app).await?;
    app.config.edge_keys.verify(app.clock.now(), &header, method.as_str(), &path, &body).map_err(
        |error| {
            let code = match error {
                SignError::Malformed | SignError::Wrong => Code::SignatureInvalid,
                SignError::Stale => Code::SignatureStale,
            };
            Refusal::new(code, format!("The request is rejected: {error}.")).field(HEADER)
        },
    )?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}
