//! Authentication: the access token of a request, from the headers that browsers or native clients can set.

use crate::bearer::bearer;
use crate::clients::keys;
use crate::error::Result;
use crate::telemetry::metrics;
use shared::connection::Identity;
use shared::time::Time;
use shared::token::{Claims, TokenError};
use shared::trace::SUBPROTOCOL_PREFIX;
use shared::wire::{BEARER, CloseCode, SUBPROTOCOL};
use worker::{Env, Headers};

/// The subprotocols and the token that a client offers with an upgrade.
#[derive(Debug, Default)]
pub struct Offer {
    /// True if the client supports this version of the protocol.
    pub version: bool,
    /// The subprotocol to echo: a browser fails a connection whose response selects none of the offered ones. `None` if
    /// none were offered, which native clients may do.
    pub echo: Option<String>,
    pub token: Option<String>,
}

impl Offer {
    /// Reads the headers. A token in the URL is never accepted: URLs are logged.
    pub fn read(headers: &Headers) -> Self {
        let mut offer = Self::default();
        let protocols = headers.get("sec-websocket-protocol").ok().flatten();
        for protocol in protocols.iter().flat_map(|text| text.split(',')).map(str::trim) {
            if let Some(token) = protocol.strip_prefix(BEARER) {
                offer.token = Some(token.to_owned());
                continue;
            }
            // Never echoed: it is no protocol to speak.
            if protocol.starts_with(SUBPROTOCOL_PREFIX) {
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

/// Returns the claims of a token, or the code to close with.
pub async fn check(env: &Env, token: Option<&str>) -> Result<std::result::Result<Claims, CloseCode>> {
    let Some(token) = token else {
        return Ok(Err(CloseCode::TokenInvalid));
    };
    Ok(keys::verify(env, token).await?.inspect(|claims| metrics::player_seen(&claims.sub)).map_err(|error| {
        match error {
            TokenError::Expired => CloseCode::TokenExpired,
            TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::BadSignature
            | TokenError::NotYet
            | TokenError::WrongIssuer
            | TokenError::WrongAudience => CloseCode::TokenInvalid,
        }
    }))
}

/// Verifies a newer token that a client sends on an open socket.
pub async fn verify_renewal(env: &Env, token: &str) -> std::result::Result<Identity, String> {
    match check(env, Some(token)).await {
        Ok(Ok(claims)) => Ok(identity_of(&claims)),
        Ok(Err(why)) => Err(format!("{}: send a new access token", why.name())),
        Err(_) => Err("the keys that verify tokens are unavailable; try again later".to_owned()),
    }
}

/// Returns the identity that a token proves.
pub fn identity_of(claims: &Claims) -> Identity {
    let exp = Time::from_ms(claims.exp.saturating_mul(1000));
    Identity { player: claims.sub.clone(), sid: claims.sid.clone(), ep: claims.ep, exp }
}
