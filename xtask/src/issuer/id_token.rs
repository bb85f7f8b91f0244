//! The id token of a login.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use shared::token::Signer;

use super::codes::Login;

/// Lifetime of an id token: a client exchanges it for a session at once.
pub const ID_TOKEN_TTL: Duration = Duration::from_mins(5);

/// The claims of an id token (OpenID Connect Core §2).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: u64,
    exp: u64,
    auth_time: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// Signs the id token of a login. The same name is the same account, whatever its case.
pub fn sign(signer: &Signer, issuer: &str, login: &Login, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    signer.jwt(
        "JWT",
        &Claims {
            iss: issuer,
            sub: login.name.to_lowercase(),
            aud: &login.request.client_id,
            iat: now,
            exp: now + ID_TOKEN_TTL.as_secs(),
            auth_time: now,
            name: &login.name,
            nonce: login.request.nonce.as_deref(),
        },
    )
}
