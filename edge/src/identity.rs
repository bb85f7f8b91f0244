//! Whose request it is: the access token, from where a browser or a native client can put it.

use crate::error::Result;
use crate::{keys, metrics};
use shared::protocol::{BEARER, Close, SUBPROTOCOL};
use shared::socket::Who;
use shared::time::Time;
use shared::token::{Claims, TokenError};
use worker::{Env, Headers};

/// What a client offered when it asked for a socket.
#[derive(Debug, Default)]
pub struct Offer {
    /// Whether it speaks this wire.
    pub version: bool,
    /// What to echo: a browser hangs up on an answer that takes up nothing of its offer. None where nothing was
    /// offered, as native clients may.
    pub echo: Option<String>,
    /// Its access token.
    pub token: Option<String>,
}

impl Offer {
    /// Reads the headers. A token in the URL is never looked at: URLs are logged.
    pub fn read(headers: &Headers) -> Self {
        let mut offer = Self::default();
        let protocols = headers.get("sec-websocket-protocol").ok().flatten();
        for protocol in protocols.iter().flat_map(|text| text.split(',')).map(str::trim) {
            if let Some(token) = protocol.strip_prefix(BEARER) {
                offer.token = Some(token.to_owned());
                continue;
            }
            if protocol == SUBPROTOCOL || offer.echo.is_none() {
                offer.echo = Some(protocol.to_owned());
            }
            offer.version |= protocol == SUBPROTOCOL;
        }
        offer.version |= protocols.is_none();
        if offer.token.is_none() {
            offer.token = bearer(headers);
        }
        offer
    }
}

/// The bearer of an `Authorization` header.
pub fn bearer(headers: &Headers) -> Option<String> {
    let header = headers.get("authorization").ok().flatten()?;
    header.strip_prefix("Bearer ").map(|token| token.trim().to_owned())
}

/// Whose token it is; or the code to close with.
pub async fn check(env: &Env, token: Option<&str>) -> Result<std::result::Result<Claims, Close>> {
    let Some(token) = token else {
        return Ok(Err(Close::TokenInvalid));
    };
    Ok(keys::verify(env, token).await?.inspect(|claims| metrics::saw(&claims.sub)).map_err(
        |error| match error {
            TokenError::Expired => Close::TokenExpired,
            TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::BadSignature
            | TokenError::NotYet
            | TokenError::WrongIssuer
            | TokenError::WrongAudience => Close::TokenInvalid,
        },
    ))
}

/// What is to be said of a newer token for an open socket.
pub async fn verdict(env: &Env, token: &str) -> std::result::Result<Who, String> {
    match check(env, Some(token)).await {
        Ok(Ok(claims)) => Ok(who(&claims)),
        Ok(Err(why)) => Err(format!("{}: send a new one", why.why())),
        Err(_) => Err("the keys to verify it cannot be had now: try again".to_owned()),
    }
}

/// The person a token speaks for.
pub fn who(claims: &Claims) -> Who {
    let exp = Time::from_ms(claims.exp.saturating_mul(1000));
    Who { player: claims.sub.clone(), sid: claims.sid.clone(), ep: claims.ep, exp }
}
