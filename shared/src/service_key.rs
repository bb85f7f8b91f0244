//! Keys of the service API, with which the operator's own backend authenticates at the edge and the region.
//!
//! A key is `mk_<id>_<secret>`. Both sides know its id, its scopes and the SHA-256 of its secret, never the secret: their
//! configuration `SERVICE_KEYS` is a JSON list that `cargo xtask keys` writes. A key is rotated by a second entry with
//! another id: add it, change the backend, remove the old one.

use crate::actor::Actor;
pub use crate::actor::Scope;
use crate::hex::{hex, unhex};
use crate::id::PlayerId;
use crate::limits;
use crate::resilience::token_bucket::Pace;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// The prefix of every key, by which tools find one that leaked.
pub const PREFIX: &str = "mk_";
/// The pace of one key: a backend acts for many players.
pub const PACE: Pace = Pace { per_s: limits::SERVICE_RATE_PER_S, burst: limits::SERVICE_RATE_BURST };
/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// A key as both sides are configured with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceKey {
    /// The name of the key: 1 to 24 characters of a-z, 0-9 and `-`.
    pub id: String,
    pub scopes: BTreeSet<Scope>,
    /// The SHA-256 of the secret, 64 hexadecimal digits in lower case.
    pub sha256: String,
}

impl ServiceKey {
    /// Returns a key with the secret of these random bytes, and its text, which is shown once.
    pub fn create(
        id: &str,
        scopes: BTreeSet<Scope>,
        secret: [u8; SECRET_BYTES],
    ) -> Result<(Self, String), BadServiceKeys> {
        let secret = hex(&secret);
        let key = Self { id: id.to_owned(), scopes, sha256: hash(&secret) };
        key.check()?;
        Ok((key, format!("{PREFIX}{id}_{secret}")))
    }

    /// Returns the actor that the key is; its name has the form of a player's id, as the author of events and decisions.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let by: PlayerId = format!("{}service-{}", PlayerId::PREFIX, self.id).parse().ok()?;
        Some(Actor::key(by, self.scopes.clone()))
    }

    fn check(&self) -> Result<(), BadServiceKeys> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let most = limits::SERVICE_KEY_ID_CHARS_MAX;
        if self.id.is_empty() || self.id.len() > most || !self.id.bytes().all(is_allowed) {
            return Err(BadServiceKeys(format!(
                "the id `{}` is not 1 to {most} characters of a-z 0-9 -",
                self.id
            )));
        }
        if self.scopes.is_empty() {
            return Err(BadServiceKeys(format!("the key `{}` has no scope: {}", self.id, scopes())));
        }
        if unhex::<32>(&self.sha256).is_none() {
            let id = &self.id;
            return Err(BadServiceKeys(format!(
                "`sha256` of the key `{id}` is not 64 hexadecimal digits in lower case"
            )));
        }
        Ok(())
    }
}

/// The keys of a deployment; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceKeys(Vec<ServiceKey>);

impl ServiceKeys {
    /// Reads the configuration `SERVICE_KEYS`; an empty text has no keys.
    pub fn read(text: &str) -> Result<Self, BadServiceKeys> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let keys: Vec<ServiceKey> = serde_json::from_str(text).map_err(|error| {
            BadServiceKeys(format!("not a list of keys: {error}; scopes are {}", scopes()))
        })?;
        if keys.len() > limits::SERVICE_KEYS_MAX {
            let most = limits::SERVICE_KEYS_MAX;
            return Err(BadServiceKeys(format!(
                "{} keys, and the limit is {most}: remove old ones",
                keys.len()
            )));
        }
        let mut ids = BTreeSet::new();
        for key in &keys {
            key.check()?;
            if !ids.insert(&key.id) {
                return Err(BadServiceKeys(format!("two keys have the id `{}`", key.id)));
            }
        }
        Ok(Self(keys))
    }

    /// Returns true if a bearer is meant as a key of this API, valid or not.
    #[must_use]
    pub fn is_key(bearer: &str) -> bool {
        bearer.starts_with(PREFIX)
    }

    /// Returns the key of a bearer.
    ///
    /// The comparison need not take constant time: what it compares are hashes of 256 random bits, of which a nearly right
    /// one tells nothing about the secret.
    #[must_use]
    pub fn find(&self, bearer: &str) -> Option<&ServiceKey> {
        let (id, secret) = bearer.strip_prefix(PREFIX)?.split_once('_')?;
        let key = self.0.iter().find(|key| key.id == id)?;
        (secret.len() == SECRET_BYTES * 2 && key.sha256 == hash(secret)).then_some(key)
    }
}

/// The reason for which a configuration of keys is unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadServiceKeys(String);

impl fmt::Display for BadServiceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SERVICE_KEYS: {}", self.0)
    }
}

impl std::error::Error for BadServiceKeys {}

fn scopes() -> String {
    Scope::ALL.map(Scope::name).join(", ")
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(id: &str) -> (ServiceKey, String) {
        ServiceKey::create(id, [Scope::Rooms].into(), [7; SECRET_BYTES]).unwrap()
    }

    fn keys(list: &[&ServiceKey]) -> Result<ServiceKeys, BadServiceKeys> {
        ServiceKeys::read(&json!(list).to_string())
    }

    #[test]
    fn only_the_whole_text_of_a_key_is_accepted() {
        let (backend, text) = key("backend");
        let (other, _) = ServiceKey::create("other", [Scope::Queues].into(), [8; SECRET_BYTES]).unwrap();
        let keys = keys(&[&backend, &other]).unwrap();
        assert_eq!(keys.find(&text), Some(&backend));
        let secret = text.rsplit('_').next().unwrap();
        let wrong = [
            format!("mk_other_{secret}"),
            format!("mk__{secret}"),
            format!("mk_backend_{}", &secret[1..]),
            format!("mk_backend_{secret}0"),
            format!("mk_backend_{}", secret.replace('0', "1")),
            format!("mk_backend_{}", backend.sha256),
            "mk_backend".into(),
            secret.into(),
            String::new(),
        ];
        for text in wrong {
            assert_eq!(keys.find(&text), None, "{text}");
        }
    }

    #[test]
    fn configuration_does_not_contain_the_secret() {
        let (backend, text) = key("backend");
        let config = json!([backend]).to_string();
        assert!(!config.contains(text.rsplit('_').next().unwrap()));
        assert_eq!(backend.actor().unwrap().by.as_str(), "p_service-backend");
    }

    #[test]
    fn wrong_configuration_is_an_error_that_says_why() {
        let (backend, _) = key("backend");
        let error = |list: serde_json::Value| ServiceKeys::read(&list.to_string()).unwrap_err().to_string();
        let with = |field: &str, value: serde_json::Value| {
            let mut key = json!(backend);
            key[field] = value;
            error(json!([key]))
        };
        assert_eq!(with("id", json!("A")), "SERVICE_KEYS: the id `A` is not 1 to 24 characters of a-z 0-9 -");
        assert!(with("id", json!("a".repeat(25))).contains("1 to 24"));
        assert!(with("scopes", json!([])).contains("has no scope: sessions, rooms"));
        assert!(with("scopes", json!(["all"])).contains("scopes are sessions"));
        assert!(with("sha256", json!("AB")).contains("64 hexadecimal digits"));
        assert!(with("secret", json!("x")).contains("unknown field"));
        assert_eq!(error(json!([backend, backend])), "SERVICE_KEYS: two keys have the id `backend`");
        let many: Vec<_> = (0..=limits::SERVICE_KEYS_MAX).map(|nth| key(&format!("k{nth}")).0).collect();
        assert!(error(json!(many)).contains("and the limit is 16"));
        assert_eq!(ServiceKeys::read(" ").unwrap(), ServiceKeys::default());
    }
}
