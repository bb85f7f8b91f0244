//! Access tokens: Ed25519 JWTs that the region signs and both region and edge verify without a call.
//!
//! The algorithm and the type are fixed here and never read from the token: a token whose header names others
//! is malformed. The region signs tokens (feature `mint`).

use crate::id::{PlayerId, SessionId};
use crate::limits;
use crate::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

mod key_cache;
#[cfg(feature = "mint")]
mod mint;
#[cfg(all(test, feature = "mint"))]
#[allow(clippy::unwrap_used)]
mod tests;

pub use key_cache::{KeyCache, KeyDemand};
#[cfg(feature = "mint")]
pub use mint::Signer;

/// The claims of an access token. Times are whole seconds since 1970, as in RFC 7519.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The region that issued the token.
    pub iss: String,
    /// The system that the token is intended for.
    pub aud: String,
    /// The player's id.
    pub sub: PlayerId,
    /// The player's session.
    pub sid: SessionId,
    /// Time of issue.
    pub iat: u64,
    /// The first second at which the token is no longer valid.
    pub exp: u64,
    /// The player's auth epoch at the time of issue; "revoke all" raises the player's epoch.
    pub ep: u64,
    /// The scopes of an operator, separated by spaces; empty for all other players.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scp: String,
}

/// The public keys that verify tokens, by `kid`. Empty by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<String, VerifyingKey>);

impl KeySet {
    /// Reads a JWK set (RFC 7517). Keys of other kinds than Ed25519 are skipped, as the RFC requires; an
    /// unusable Ed25519 key is an error.
    pub fn from_jwks(text: &str) -> Result<Self, BadKeys> {
        let set: Jwks = serde_json::from_str(text).map_err(|_| BadKeys)?;
        let mut keys = BTreeMap::new();
        for jwk in set.keys {
            if jwk.kty != "OKP" || jwk.crv.as_deref() != Some("Ed25519") {
                continue;
            }
            if jwk.alg.is_some_and(|alg| alg != ALG) {
                continue;
            }
            let kid = jwk.kid.filter(|kid| !kid.is_empty()).ok_or(BadKeys)?;
            let x = BASE64.decode(jwk.x.ok_or(BadKeys)?).map_err(|_| BadKeys)?;
            let bytes: [u8; 32] = x.try_into().map_err(|_| BadKeys)?;
            let key = VerifyingKey::from_bytes(&bytes).map_err(|_| BadKeys)?;
            // A weak key verifies forged signatures.
            if key.is_weak() {
                return Err(BadKeys);
            }
            keys.insert(kid, key);
        }
        Ok(Self(keys))
    }

    /// True if a token with this `kid` can be verified.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }
}

/// A text that is not a usable JWK set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKeys;

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key set is not a JWK set of Ed25519 keys, each with a kid")
    }
}

impl std::error::Error for BadKeys {}

/// The reason why a token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not an access token: too long, not three parts, another algorithm or type, or unreadable.
    Malformed,
    /// The `kid` is unknown; the key set may have changed.
    UnknownKey,
    /// The signature does not match the key and the content.
    BadSignature,
    /// The token has expired.
    Expired,
    /// The token was issued in the future, by more than [`limits::CLOCK_SKEW_MAX`].
    NotYet,
    /// The token has another issuer.
    WrongIssuer,
    /// The token has another audience.
    WrongAudience,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the token is not an access token",
            Self::UnknownKey => "the token is signed with an unknown key",
            Self::BadSignature => "the token's signature is wrong",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token was issued in the future",
            Self::WrongIssuer => "the token has another issuer",
            Self::WrongAudience => "the token has another audience",
        })
    }
}

impl std::error::Error for TokenError {}

/// Returns the `kid` of a token before anything in it is verified, to decide whether the key set should be
/// fetched again.
#[must_use]
pub fn kid(token: &str) -> Option<String> {
    Parts::of(token).map(|parts| parts.kid)
}

/// Verifies a token and returns its claims.
///
/// [`limits::CLOCK_SKEW_MAX`] is tolerated for `iat` only. The expiry has no tolerance: a token is valid
/// until the second before `exp`, because clients refresh in time.
pub fn verify(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Claims, TokenError> {
    let claims = verify_signature(token, keys)?;
    check_claims(&claims, issuer, audience, now)?;
    Ok(claims)
}

/// Returns the claims of a token that one of the keys has signed.
fn verify_signature(token: &str, keys: &KeySet) -> Result<Claims, TokenError> {
    let parts = Parts::of(token).ok_or(TokenError::Malformed)?;
    let key = keys.0.get(&parts.kid).ok_or(TokenError::UnknownKey)?;
    if !authentic(key, parts.signed, parts.signature) {
        return Err(TokenError::BadSignature);
    }
    let payload = BASE64.decode(parts.payload).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)
}

/// Checks what changes with the time and the verifier.
fn check_claims(claims: &Claims, issuer: &str, audience: &str, now: Time) -> Result<(), TokenError> {
    if claims.iss != issuer {
        return Err(TokenError::WrongIssuer);
    }
    if claims.aud != audience {
        return Err(TokenError::WrongAudience);
    }
    if now.secs() >= claims.exp {
        return Err(TokenError::Expired);
    }
    if claims.iat > (now + limits::CLOCK_SKEW_MAX).secs() {
        return Err(TokenError::NotYet);
    }
    Ok(())
}

const ALG: &str = "EdDSA";
const TYP: &str = "at+jwt";

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Extensions that a verifier must understand (RFC 7515 §4.1.11); none are supported.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    x: Option<String>,
}

/// The parts of a token whose header has the expected algorithm and type.
struct Parts<'a> {
    kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > limits::TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.alg != ALG || header.typ != TYP || header.crit.is_some() {
            return None;
        }
        Some(Self { kid: header.kid, signed, payload, signature })
    }
}

/// Verifies strictly: no small-order keys, and only one encoding of a signature.
fn authentic(key: &VerifyingKey, signed: &str, signature: &str) -> bool {
    let Ok(bytes) = BASE64.decode(signature) else {
        return false;
    };
    let Ok(signature) = Signature::from_slice(&bytes) else {
        return false;
    };
    key.verify_strict(signed.as_bytes(), &signature).is_ok()
}
