//! The bearer of an access token, verified by signature and expiry alone.

use crate::app::App;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::error::refusals::token_missing;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::token::{Claims, TokenError};

/// The claims of a valid access token. `Option<Bearer>` is `None` where the request has no token; an invalid
/// token is rejected in both forms, so that an app learns at once that it must refresh.
#[derive(Debug, Clone)]
pub struct Bearer(pub Claims);

impl FromRequestParts<App> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        bearer(parts, app)?.ok_or_else(token_missing)
    }
}

impl OptionalFromRequestParts<App> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Refusal> {
        bearer(parts, app)
    }
}

/// Returns the text of the request's bearer; none if it has none.
pub fn bearer_text(parts: &Parts) -> Result<Option<&str>, Refusal> {
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = header.to_str().ok().and_then(|header| header.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim());
    token.map(Some).ok_or_else(|| invalid("Send the header as `Authorization: Bearer <token>`."))
}

fn bearer(parts: &Parts, app: &App) -> Result<Option<Bearer>, Refusal> {
    let Some(token) = bearer_text(parts)? else {
        return Ok(None);
    };
    match app.tokens.verify(token, app.clock.now()) {
        Ok(claims) => Ok(Some(Bearer(claims))),
        Err(TokenError::Expired) => {
            let detail = "The access token has expired. Get a new one with POST /v1/sessions/refresh.";
            Err(Refusal::new(Code::TokenExpired, detail).field("Authorization"))
        }
        Err(
            error @ (TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::BadSignature
            | TokenError::NotYet
            | TokenError::WrongIssuer
            | TokenError::WrongAudience),
        ) => Err(invalid(&format!("The access token is rejected: {error}."))),
    }
}

fn invalid(detail: &str) -> Refusal {
    Refusal::new(Code::TokenInvalid, detail).field("Authorization")
}
