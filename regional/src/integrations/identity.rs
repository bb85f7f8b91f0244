//! Verifies the id tokens of OpenID Connect providers.
//!
//! The providers, their audiences and the addresses of their keys are configured and never read from a token.
//! The key determines the algorithm: a token whose header names another one is rejected.

pub mod keys;
pub mod provider;

use crate::error::Refusal;
use crate::error::code::Code;
use jsonwebtoken::crypto;
use keys::Keys;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use shared::id::base32;
use shared::limits;
use shared::time::Time;

/// A configured identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// The `iss` of the provider's tokens, compared exactly.
    pub issuer: String,
    /// The client ids of our apps at the provider; the `aud` of a token must contain one of them.
    pub audience: Vec<String>,
    /// The address of the provider's JWK set.
    pub jwks: String,
}

/// The identity in a valid id token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// The provider's id of the account; never reassigned.
    pub subject: String,
    /// The name of the account holder, if the provider gives one.
    pub name: Option<String>,
}

impl Identity {
    /// Returns the account id: a hash of issuer and subject in visible characters.
    #[must_use]
    pub fn account(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.issuer.len() as u64).to_be_bytes());
        hash.update(self.issuer.as_bytes());
        hash.update(self.subject.as_bytes());
        base32(&hash.finalize())
    }
}

/// The reason why an id token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadIdentity {
    /// The token is not a JWT with the required claims.
    Malformed,
    /// The token names a key that the provider does not publish.
    UnknownKey,
    /// The key does not verify the token, or the token names another algorithm than the key's.
    BadSignature,
    /// The issuer is not a configured provider.
    WrongIssuer,
    /// The audience is another app.
    WrongAudience,
    /// The token has expired.
    Expired,
    /// The token is not valid yet, by more than [`limits::CLOCK_SKEW_MAX`].
    NotYet,
    /// The nonce is not the nonce of this login, or only one of the two has one.
    WrongNonce,
}

impl BadIdentity {
    /// True if the provider signed the token, so that its bearer is or was the account holder.
    #[must_use]
    pub fn authentic(self) -> bool {
        match self {
            Self::Malformed | Self::UnknownKey | Self::BadSignature | Self::WrongIssuer => false,
            Self::WrongAudience | Self::Expired | Self::NotYet | Self::WrongNonce => true,
        }
    }

    /// True if the refusal counts as a failed login of the address. After a key rotation at the provider, the first
    /// tokens of honest clients name a key that is not known yet; guessing a key id helps no attacker.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::UnknownKey)
    }

    /// Returns the refusal that explains the reason.
    #[must_use]
    pub fn refusal(self) -> Refusal {
        let (code, field, detail) = match self {
            Self::Malformed => (
                Code::IdTokenInvalid,
                "id_token",
                "The id token must be a JWT signed with RS256, ES256 or EdDSA.",
            ),
            Self::UnknownKey => (
                Code::IdTokenInvalid,
                "id_token",
                "The key of the id token is not among the provider's known keys. A new key is known within a minute: try again.",
            ),
            Self::BadSignature => {
                (Code::IdTokenInvalid, "id_token", "The signature of the id token is not valid.")
            }
            Self::WrongIssuer => (
                Code::IdTokenIssuer,
                "id_token",
                "The `iss` of the id token is not a provider of this region; `OIDC_PROVIDERS` names them.",
            ),
            Self::WrongAudience => {
                (Code::IdTokenAudience, "id_token", "The `aud` or `azp` of the id token is another app.")
            }
            Self::Expired => {
                (Code::IdTokenExpired, "id_token", "The id token has expired. Sign in at the provider again.")
            }
            Self::NotYet => (
                Code::IdTokenInvalid,
                "id_token",
                "The `iat` or `nbf` of the id token is in the future. Check the clocks.",
            ),
            Self::WrongNonce => (
                Code::IdTokenNonce,
                "nonce",
                "The `nonce` of the id token is not the `nonce` of the request. Send the nonce that you sent to the provider.",
            ),
        };
        Refusal::new(code, detail).field(field)
    }
}

/// Returns the issuer that an unverified token names, to select the keys that verify it.
#[must_use]
pub fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let short = token.len() <= limits::ID_TOKEN_BYTES_MAX;
    let named = jsonwebtoken::dangerous::insecure_decode_claims::<Named>(token);
    named.ok().filter(|_| short).map(|named| named.iss)
}

/// Verifies an id token with a provider's keys, the signature first. A rejected token comes with its identity
/// if the provider signed it.
pub fn check(
    token: &str,
    keys: &Keys,
    trusted: &Trusted,
    nonce: Option<&str>,
    now: Time,
) -> Result<Identity, (BadIdentity, Option<Identity>)> {
    let claims = verify_signature(token, keys).map_err(|bad| (bad, None))?;
    let identity = Identity {
        issuer: claims.iss.clone(),
        subject: claims.sub.clone(),
        name: claims.name.clone().or(claims.given_name.clone()),
    };
    match claims.check(trusted, nonce, now) {
        Ok(()) => Ok(identity),
        // A token with another issuer says nothing about the signer's subjects.
        Err(BadIdentity::WrongIssuer) => Err((BadIdentity::WrongIssuer, None)),
        Err(bad) => Err((bad, Some(identity))),
    }
}

/// Returns the claims of a token whose signature is valid.
fn verify_signature(token: &str, keys: &Keys) -> Result<Claims, BadIdentity> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| BadIdentity::Malformed)?;
    // `crit` names extensions that the receiver must understand (RFC 7515 §4.1.11); none are supported.
    if token.len() > limits::ID_TOKEN_BYTES_MAX || header.crit.is_some() {
        return Err(BadIdentity::Malformed);
    }
    let key = keys.get(header.kid.as_deref());
    let (alg, key) = key.ok_or(BadIdentity::UnknownKey)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(BadIdentity::Malformed)?;
    let verified = header.alg == alg && crypto::verify(signature, signed.as_bytes(), key, alg) == Ok(true);
    if !verified {
        return Err(BadIdentity::BadSignature);
    }
    jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| BadIdentity::Malformed)
}

/// The claims that are checked (OpenID Connect Core §2). Times may have fractions.
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
        let audience_matches = match &self.aud {
            Audience::One(name) => ours(name),
            Audience::Many(names) => names.iter().any(ours),
        };
        // A double represents seconds to the microsecond until the year 2255.
        #[allow(clippy::cast_precision_loss)]
        let (now, skew) = (now.ms() as f64 / 1000.0, limits::CLOCK_SKEW_MAX.as_secs_f64());
        if self.iss != trusted.issuer {
            Err(BadIdentity::WrongIssuer)
        } else if self.sub.is_empty() || self.sub.len() > limits::SUBJECT_BYTES_MAX {
            Err(BadIdentity::Malformed)
        } else if !audience_matches || self.azp.as_ref().is_some_and(|azp| !ours(azp)) {
            Err(BadIdentity::WrongAudience)
        } else if now >= self.exp + skew {
            Err(BadIdentity::Expired)
        } else if self.iat.max(self.nbf.unwrap_or(self.iat)) > now + skew {
            Err(BadIdentity::NotYet)
        } else if nonce != self.nonce.as_deref() {
            // A token with a nonce belongs to one login: without the nonce, a stolen token is of no use.
            Err(BadIdentity::WrongNonce)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::option_option)]
mod tests;
