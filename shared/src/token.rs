//! Who somebody says they are, and whether the region said so first: the access token.
//!
//! An Ed25519 JWT. The algorithm and the type are fixed here and never read from the token: a header that names
//! others is no token of ours. The region mints (feature `mint`); region and edge verify, without a call.

use crate::caps;
use crate::id::{PlayerId, SessionId};
use crate::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

#[cfg(feature = "mint")]
mod mint;
#[cfg(all(test, feature = "mint"))]
#[allow(clippy::unwrap_used)]
mod tests;

#[cfg(feature = "mint")]
pub use mint::Signer;

/// What an access token says. Times are whole seconds since 1970, as RFC 7519 has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The region that issued it.
    pub iss: String,
    /// The system that it is meant for.
    pub aud: String,
    /// The player.
    pub sub: PlayerId,
    /// The session: a login on one device.
    pub sid: SessionId,
    /// When it was issued.
    pub iat: u64,
    /// The first second at which it is no longer good.
    pub exp: u64,
    /// The player's auth epoch when it was issued; "revoke all" raises the player's.
    pub ep: u64,
}

/// The public keys that tokens may be signed with, by their `kid`. Empty by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<String, VerifyingKey>);

impl KeySet {
    /// Reads a JWK set (RFC 7517). Keys of other kinds than Ed25519 are passed over, as the RFC asks; an Ed25519
    /// key that cannot be used is an error.
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
            // A weak key verifies signatures that nobody made.
            if key.is_weak() {
                return Err(BadKeys);
            }
            keys.insert(kid, key);
        }
        Ok(Self(keys))
    }

    /// Whether a token with this `kid` can be checked.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }
}

/// A text that is no usable JWK set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKeys;

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key set is no JWK set of Ed25519 keys, each with a kid")
    }
}

impl std::error::Error for BadKeys {}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is no token of ours: too long, not three parts, another algorithm or type, or unreadable.
    Malformed,
    /// It names a key that is not known; the key set may have changed.
    UnknownKey,
    /// The signature is not that key's over these words.
    BadSignature,
    /// Its time is over.
    Expired,
    /// It was issued in the future, by more than clocks may differ.
    NotYet,
    /// Somebody else issued it.
    WrongIssuer,
    /// It is meant for somebody else.
    WrongAudience,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the token is no access token",
            Self::UnknownKey => "the token is signed with an unknown key",
            Self::BadSignature => "the token's signature is wrong",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is issued in the future",
            Self::WrongIssuer => "the token is issued by somebody else",
            Self::WrongAudience => "the token is meant for somebody else",
        })
    }
}

impl std::error::Error for TokenError {}

/// The `kid` that a token names, before anything about it is believed: to decide whether the key set is worth
/// loading again.
#[must_use]
pub fn kid(token: &str) -> Option<String> {
    Parts::of(token).map(|parts| parts.kid)
}

/// Checks a token and gives what it says.
///
/// [`caps::SKEW`] is allowed for `iat` alone. The expiry has no tolerance at all: a token is good until the second
/// before `exp`, because whoever holds one is told to get the next in time.
pub fn verify(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Claims, TokenError> {
    let parts = Parts::of(token).ok_or(TokenError::Malformed)?;
    let key = keys.0.get(&parts.kid).ok_or(TokenError::UnknownKey)?;
    if !authentic(key, parts.signed, parts.signature) {
        return Err(TokenError::BadSignature);
    }
    let payload = BASE64.decode(parts.payload).map_err(|_| TokenError::Malformed)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
    if claims.iss != issuer {
        return Err(TokenError::WrongIssuer);
    }
    if claims.aud != audience {
        return Err(TokenError::WrongAudience);
    }
    if now.secs() >= claims.exp {
        return Err(TokenError::Expired);
    }
    if claims.iat > (now + caps::SKEW).secs() {
        return Err(TokenError::NotYet);
    }
    Ok(claims)
}

const ALG: &str = "EdDSA";
const TYP: &str = "at+jwt";

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Extensions that one must understand (RFC 7515 §4.1.11); there are none that we do.
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

/// A token taken apart, its header already found to be ours.
struct Parts<'a> {
    kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > caps::TOKEN_BYTES {
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

/// Strict verification: no small-order keys, and one encoding of a signature only.
fn authentic(key: &VerifyingKey, signed: &str, signature: &str) -> bool {
    let Ok(bytes) = BASE64.decode(signature) else {
        return false;
    };
    let Ok(signature) = Signature::from_slice(&bytes) else {
        return false;
    };
    key.verify_strict(signed.as_bytes(), &signature).is_ok()
}
