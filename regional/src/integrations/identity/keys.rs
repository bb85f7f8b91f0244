//! A provider's public keys and their cache.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use shared::limits;
use shared::time::Time;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Public keys by key id, each with its one algorithm.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, (Algorithm, DecodingKey)>);

impl Keys {
    /// Parses a JWK set (RFC 7517). Keys for anything but RS256, ES256 and EdDSA signatures are ignored, as
    /// the RFC requires. Returns `None` if the text is not a JWK set.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(text).ok()?;
        let keys = set.keys.into_iter().filter_map(|key| {
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            let name = jwk.common.key_id.clone().unwrap_or_default();
            Some((name, (algorithm(&jwk)?, DecodingKey::from_jwk(&jwk).ok()?)))
        });
        Some(Self(keys.collect()))
    }

    /// Returns the key with this id. Without an id, returns the only key of the set, if there is exactly one.
    #[must_use]
    pub fn get(&self, kid: Option<&str>) -> Option<(Algorithm, &DecodingKey)> {
        let found = match kid {
            Some(kid) => self.0.get(kid),
            None => self.0.values().next().filter(|_| self.0.len() == 1),
        };
        found.map(|(alg, key)| (*alg, key))
    }
}

/// Returns the algorithm of a key. The key type determines it, and a declared algorithm must agree.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // A symmetric key in a public set would let any caller sign.
        _ => return None,
    };
    let declared = jwk.common.key_algorithm;
    let to_sign = jwk.common.public_key_use.as_ref();
    let to_sign = to_sign.is_none_or(|to| *to == PublicKeyUse::Signature);
    (to_sign && declared.is_none_or(|alg| alg == KeyAlgorithm::from(algorithm))).then_some(algorithm)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The last fetched keys, and the times that decide the next fetch.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    keys: Keys,
    fetched: Option<Time>,
    fresh_until: Time,
    tried: Option<Time>,
}

impl Cache {
    /// Returns whether to fetch before a token with this key id is verified. An unknown key may be new;
    /// because a client can invent key ids, it causes at most one fetch per [`limits::JWKS_REFETCH_MIN`].
    #[must_use]
    pub fn due(&self, kid: Option<&str>, now: Time) -> bool {
        let Some(tried) = self.tried else {
            return true;
        };
        if now >= self.fresh_until {
            return now.since(tried) >= limits::JWKS_RETRY_MIN;
        }
        self.keys.get(kid).is_none() && now.since(tried) >= limits::JWKS_REFETCH_MIN
    }

    /// Records the result of a fetch: the keys with the `max-age` of the response, or `None` after a failure.
    pub fn fetched(&mut self, keys: Option<(Keys, Option<Duration>)>, now: Time) {
        self.tried = Some(now);
        if let Some((keys, age)) = keys {
            let age = age.unwrap_or(limits::PROVIDER_KEYS_TTL_DEFAULT);
            let age = age.clamp(limits::JWKS_REFETCH_MIN, limits::PROVIDER_KEYS_TTL_MAX);
            self.keys = keys;
            self.fetched = Some(now);
            self.fresh_until = now + age;
        }
    }

    /// Returns the keys. While a provider does not answer, old keys stay valid for
    /// [`limits::PROVIDER_KEYS_TTL_MAX`]; after that, or before the first fetch, there are none.
    #[must_use]
    pub fn keys(&self, now: Time) -> Option<&Keys> {
        let fetched = self.fetched?;
        let valid = now < self.fresh_until || now.since(fetched) < limits::PROVIDER_KEYS_TTL_MAX;
        valid.then_some(&self.keys)
    }
}

/// Returns the `max-age` of a `Cache-Control` header.
#[must_use]
pub fn max_age(header: &str) -> Option<Duration> {
    header
        .split(',')
        .find_map(|part| part.trim().strip_prefix("max-age="))
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs)
}
