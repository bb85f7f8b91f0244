//! The layers that admit only requests signed by the edge or another internal service.

use crate::app::App;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::extract::read_bytes;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
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
    let header = signature(&parts)?.to_owned();
    let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let method = parts.method.clone();
    let request = Request::from_parts(parts.clone(), body);
    let body = read_bytes(request).await?;
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

/// Passes on a signed request whose signature was not used before. For changes that a replay would repeat at
/// another time; a caller that repeats such a request signs it again.
pub async fn require_unused_signature(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    // The tag identifies the request: it covers the time, the nonce, the path and the body.
    let tag = signature(&parts)?.rsplit(' ').next().unwrap_or_default();
    if !app.store.use_signature(tag, app.clock.now()).await? {
        let detail = "This signature was used before. Sign each request with its own nonce.";
        return Err(Refusal::new(Code::SignatureUsed, detail).field(HEADER).into());
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn signature(parts: &Parts) -> Result<&str, Refusal> {
    parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        let detail = format!("Internal routes require a signature in the `{HEADER}` header.");
        Refusal::new(Code::Unsigned, detail).field(HEADER)
    })
}
