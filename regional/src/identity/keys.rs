//! A provider's public keys, and how long they are good.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use shared::caps;
use shared::time::Time;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Keys by their names, each with the one algorithm that it is for.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, (Algorithm, DecodingKey)>);

impl Keys {
    /// From a JWK set (RFC 7517). Keys that are not for RS256, ES256 or EdDSA signatures are passed over, as the RFC
    /// asks. None where the text is no JWK set.
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

    /// The key that a token names; the only one there is where it names none.
    #[must_use]
    pub fn get(&self, kid: Option<&str>) -> Option<(Algorithm, &DecodingKey)> {
        let found = match kid {
            Some(kid) => self.0.get(kid),
            None => self.0.values().next().filter(|_| self.0.len() == 1),
        };
        found.map(|(alg, key)| (*alg, key))
    }
}

/// The algorithm that a key is for: its kind decides, and what it says of itself may not differ.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let of_kind = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // A secret in a public set would let everybody sign.
        _ => return None,
    };
    let says = jwk.common.key_algorithm;
    let to_sign = jwk.common.public_key_use.as_ref();
    let to_sign = to_sign.is_none_or(|to| *to == PublicKeyUse::Signature);
    (to_sign && says.is_none_or(|alg| alg == KeyAlgorithm::from(of_kind))).then_some(of_kind)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The keys that were fetched last, and when to fetch again.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    keys: Keys,
    fetched: Option<Time>,
    fresh_until: Time,
    tried: Option<Time>,
}

impl Cache {
    /// Whether to fetch before a token with this key is looked at. A key that is not known may be new; since anybody
    /// can name such a key, that counts once in [`caps::KEYS_AGAIN`].
    #[must_use]
    pub fn due(&self, kid: Option<&str>, now: Time) -> bool {
        let Some(tried) = self.tried else {
            return true;
        };
        if now >= self.fresh_until {
            return now.since(tried) >= caps::KEYS_SOON;
        }
        self.keys.get(kid).is_none() && now.since(tried) >= caps::KEYS_AGAIN
    }

    /// A fetch ended: with keys and how long their answer says that they are good, or without.
    pub fn fetched(&mut self, keys: Option<(Keys, Option<Duration>)>, now: Time) {
        self.tried = Some(now);
        if let Some((keys, age)) = keys {
            let age = age.unwrap_or(caps::PROVIDER_KEYS);
            let age = age.clamp(caps::KEYS_AGAIN, caps::PROVIDER_KEYS_MOST);
            self.keys = keys;
            self.fetched = Some(now);
            self.fresh_until = now + age;
        }
    }

    /// The keys, unless there are none or they are too old to believe: while a provider does not answer, those of
    /// before go on.
    #[must_use]
    pub fn keys(&self, now: Time) -> Option<&Keys> {
        let fetched = self.fetched?;
        let believed = now < self.fresh_until || now.since(fetched) < caps::PROVIDER_KEYS_MOST;
        believed.then_some(&self.keys)
    }
}

/// The `max-age` of a `Cache-Control` header.
#[must_use]
pub fn max_age(header: &str) -> Option<Duration> {
    header
        .split(',')
        .find_map(|part| part.trim().strip_prefix("max-age="))
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs)
}
