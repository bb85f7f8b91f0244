//! Who asks: the bearer of an access token.

use crate::error::Refusal;
use crate::http::problem::Code;
use crate::routes::App;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::token::{Claims, TokenError};

/// The bearer of a good access token. As an `Option` it is nobody when no token came; a bad token is refused either
/// way, so that an app learns at once that it has to refresh.
#[derive(Debug, Clone)]
pub struct Bearer(pub Claims);

impl FromRequestParts<App> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        bearer(parts, app)?.ok_or_else(|| {
            Refusal::new(
                Code::TokenMissing,
                "Send the access token of a session as `Authorization: Bearer <token>`.",
            )
            .field("Authorization")
        })
    }
}

impl OptionalFromRequestParts<App> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Refusal> {
        bearer(parts, app)
    }
}

fn bearer(parts: &Parts, app: &App) -> Result<Option<Bearer>, Refusal> {
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| invalid("The header must read `Bearer <token>`."))?;
    match app.mint.verify(token, app.clock.now()) {
        Ok(claims) => Ok(Some(Bearer(claims))),
        Err(TokenError::Expired) => {
            Err(Refusal::new(Code::TokenExpired, "Get a new one with POST /v1/sessions/refresh.")
                .field("Authorization"))
        }
        Err(
            error @ (TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::BadSignature
            | TokenError::NotYet
            | TokenError::WrongIssuer
            | TokenError::WrongAudience),
        ) => Err(invalid(&format!("Refused: {error}."))),
    }
}

fn invalid(detail: &str) -> Refusal {
    Refusal::new(Code::TokenInvalid, detail).field("Authorization")
}
