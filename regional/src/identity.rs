//! Who somebody is elsewhere: the id token of an OpenID Connect provider, checked.
//!
//! Which providers there are, for whom their tokens must be meant and where their keys lie is configured; nothing of it
//! is ever read from a token. The algorithm follows from the key: a header that names another one is refused.

pub mod keys;
pub mod provider;

use crate::error::Refusal;
use crate::http::problem::Code;
use jsonwebtoken::crypto;
use keys::Keys;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use shared::caps;
use shared::id::base32;
use shared::time::Time;

/// A provider, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// The `iss` of its tokens, letter by letter.
    pub issuer: String,
    /// What our apps are called there; a token must be meant for one of them.
    pub audience: Vec<String>,
    /// Where its keys are published: a JWK set.
    pub jwks: String,
}

/// What a good id token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// Whom they mean; never given to another.
    pub subject: String,
    /// What they call them, if they do.
    pub name: Option<String>,
}

impl Identity {
    /// One name for the two, of visible characters.
    #[must_use]
    pub fn account(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.issuer.len() as u64).to_be_bytes());
        hash.update(self.issuer.as_bytes());
        hash.update(self.subject.as_bytes());
        base32(&hash.finalize())
    }
}

/// Why an id token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadIdentity {
    /// It is no JWT of the kind that is accepted.
    Malformed,
    /// It names a key that the provider does not publish.
    UnknownKey,
    /// It was not signed by that key, or with another algorithm than that key's.
    BadSignature,
    /// A provider that is not configured issued it.
    WrongIssuer,
    /// It is meant for another app.
    WrongAudience,
    /// Its time is over.
    Expired,
    /// Its time has not come, by more than clocks may differ.
    NotYet,
    /// It answers another login than this one.
    WrongNonce,
}

impl BadIdentity {
    /// Whether the provider signed it: whoever has it is, or was, the one whom it names.
    #[must_use]
    pub fn authentic(self) -> bool {
        match self {
            Self::Malformed | Self::UnknownKey | Self::BadSignature | Self::WrongIssuer => false,
            Self::WrongAudience | Self::Expired | Self::NotYet | Self::WrongNonce => true,
        }
    }

    /// What its bearer hears.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        let (code, field, detail) = match self {
            Self::Malformed => (
                Code::IdTokenInvalid,
                "id_token",
                "It is no id token: a JWT signed with RS256, ES256 or EdDSA is expected.",
            ),
            Self::UnknownKey => {
                (Code::IdTokenInvalid, "id_token", "Its key is not among those that the provider publishes.")
            }
            Self::BadSignature => (Code::IdTokenInvalid, "id_token", "Its signature is wrong."),
            Self::WrongIssuer => (
                Code::IdTokenIssuer,
                "id_token",
                "Its `iss` is no provider of this region; `OIDC_PROVIDERS` names them.",
            ),
            Self::WrongAudience => {
                (Code::IdTokenAudience, "id_token", "Its `aud` or `azp` is another app's.")
            }
            Self::Expired => {
                (Code::IdTokenExpired, "id_token", "Its `exp` has passed. Sign in at the provider again.")
            }
            Self::NotYet => {
                (Code::IdTokenInvalid, "id_token", "Its `iat` or `nbf` is in the future: a clock is wrong.")
            }
            Self::WrongNonce => {
                (Code::IdTokenNonce, "nonce", "Its `nonce` is another than the one sent with it.")
            }
        };
        Refusal::new(code, detail).field(field)
    }
}

/// The issuer that a token names, before anything about it is believed: to choose whose keys to check it with.
#[must_use]
pub fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let short = token.len() <= caps::ID_TOKEN_BYTES;
    let named = jsonwebtoken::dangerous::insecure_decode_claims::<Named>(token);
    named.ok().filter(|_| short).map(|named| named.iss)
}

/// Checks an id token against a provider's keys. The signature first: what a forged one says is never looked at.
pub fn check(
    token: &str,
    keys: &Keys,
    trusted: &Trusted,
    nonce: Option<&str>,
    now: Time,
) -> Result<Identity, (BadIdentity, Option<Identity>)> {
    let claims = authentic(token, keys).map_err(|bad| (bad, None))?;
    let identity = Identity {
        issuer: claims.iss.clone(),
        subject: claims.sub.clone(),
        name: claims.name.clone().or(claims.given_name.clone()),
    };
    match claims.check(trusted, nonce, now) {
        Ok(()) => Ok(identity),
        // Another issuer's word about a subject is not the word of the one who signed.
        Err(BadIdentity::WrongIssuer) => Err((BadIdentity::WrongIssuer, None)),
        Err(bad) => Err((bad, Some(identity))),
    }
}

fn authentic(token: &str, keys: &Keys) -> Result<Claims, BadIdentity> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| BadIdentity::Malformed)?;
    // Extensions that one must understand (RFC 7515 §4.1.11); there are none that we do.
    if token.len() > caps::ID_TOKEN_BYTES || header.crit.is_some() {
        return Err(BadIdentity::Malformed);
    }
    let key = keys.get(header.kid.as_deref());
    let (alg, key) = key.ok_or(BadIdentity::UnknownKey)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(BadIdentity::Malformed)?;
    let good = header.alg == alg && crypto::verify(signature, signed.as_bytes(), key, alg) == Ok(true);
    if !good {
        return Err(BadIdentity::BadSignature);
    }
    jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| BadIdentity::Malformed)
}

/// The claims that count (OpenID Connect Core §2). Times may have fractions.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    name: Option<String>,
    given_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    fn check(&self, trusted: &Trusted, nonce: Option<&str>, now: Time) -> Result<(), BadIdentity> {
        let ours = |name: &String| trusted.audience.contains(name);
        let meant = match &self.aud {
            Audience::One(one) => ours(one),
            Audience::Many(many) => many.iter().any(ours),
        };
        // As exact as a double is for seconds: to the microsecond until the year 2255.
        #[allow(clippy::cast_precision_loss)]
        let (now, skew) = (now.ms() as f64 / 1000.0, caps::SKEW.as_secs_f64());
        if self.iss != trusted.issuer {
            Err(BadIdentity::WrongIssuer)
        } else if self.sub.is_empty() || self.sub.len() > caps::SUBJECT_BYTES {
            Err(BadIdentity::Malformed)
        } else if !meant || self.azp.as_ref().is_some_and(|azp| !ours(azp)) {
            Err(BadIdentity::WrongAudience)
        } else if now >= self.exp + skew {
            Err(BadIdentity::Expired)
        } else if self.iat.max(self.nbf.unwrap_or(self.iat)) > now + skew {
            Err(BadIdentity::NotYet)
        } else if nonce.is_some() && nonce != self.nonce.as_deref() {
            Err(BadIdentity::WrongNonce)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::option_option)]
mod tests;
