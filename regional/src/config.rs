//! What the environment says: every variable the region reads, in one place.

mod edge;
mod people;
mod pictures;

pub use pictures::{pictures, tables};

pub use edge::{StreamConfig, ToEdge};
pub use people::People;

use crate::bucket::Place;
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::id::PoolName;
use shared::sign::SignKeys;
use shared::token::Signer;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The names of the three tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// `TABLE_CORE`: who somebody is.
    pub core: String,
    /// `TABLE_HISTORY`: what happened.
    pub history: String,
    /// `TABLE_EVENTS`: tournaments and their seats.
    pub events: String,
}

/// All that is configured.
#[derive(Debug)]
pub struct Config {
    /// `TABLE_CORE`, `TABLE_HISTORY`, `TABLE_EVENTS`.
    pub tables: TableNames,
    /// `ISSUER`: the `iss` of access tokens, this region's public address.
    pub issuer: String,
    /// `AUDIENCE`: the `aud` of access tokens, the same at the edge.
    pub audience: String,
    /// `SIGNING_SEED` (base64, 32 bytes) and `SIGNING_KID` sign; `SIGNING_SEED_NEXT` and `SIGNING_KID_NEXT`, where
    /// given, are published and verified too: tomorrow's key before a rotation, yesterday's after it.
    pub keys: Vec<SigningKey>,
    /// `EDGE_TO_REGION_KEYS`: what the edge signs its requests with; base64, comma separated, all are good.
    pub edge_keys: SignKeys,
    /// `GUESTS`: whether a guest session can be had; `on` or `off`, off by default.
    pub guests: bool,
    /// `ALLOWED_ORIGINS`: the web pages that may call, exact, comma separated; none by default.
    pub origins: Vec<HeaderValue>,
    /// `HISTORY_DAYS`: how long a match is kept, 90 by default.
    pub history: Duration,
    /// How long logins live, and who may ban.
    pub people: People,
    /// `RATED_POOLS`: the pools whose results count for ratings, comma separated; those with `rating` in wrangler.toml.
    pub rated: BTreeSet<PoolName>,
    /// Where pictures are; none, nobody has any.
    pub pictures: Option<Place>,
    /// `METRICS`: whether each request writes a line from which CloudWatch makes metrics; `on` or `off`, off by default.
    pub metrics: bool,
    /// `DYNAMODB_ENDPOINT`: a store at another address than AWS's; the SDK's own default otherwise.
    pub endpoint: Option<String>,
}

/// A secret seed and the public name of its key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The name in tokens and in the JWK set.
    pub kid: String,
    /// The Ed25519 seed.
    pub seed: [u8; 32],
}

impl SigningKey {
    /// The signer with this key.
    #[must_use]
    pub fn signer(&self) -> Signer {
        Signer::new(&self.kid, self.seed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// Everything that is wrong with the configuration, each with the variable's name and what it should be.
#[derive(Debug, PartialEq, Eq)]
pub struct BadConfig(pub Vec<String>);

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is incomplete: {}", self.0.join("; "))
    }
}

impl std::error::Error for BadConfig {}

impl Config {
    /// From the process's environment.
    pub fn from_env() -> Result<Self, BadConfig> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// From any source of variables. An empty one counts as absent, because a template cannot leave one out.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut read = Reader { source, faults: Vec::new() };
        let tables = read.tables();
        let issuer = read.text("ISSUER");
        let audience = read.text("AUDIENCE");
        let mut keys = Vec::new();
        keys.extend(read.key("SIGNING_SEED", "SIGNING_KID", true));
        keys.extend(read.key("SIGNING_SEED_NEXT", "SIGNING_KID_NEXT", false));
        if let [one, two] = keys.as_slice()
            && one.kid == two.kid
        {
            read.fault("SIGNING_KID_NEXT", "another name than SIGNING_KID");
        }
        let edge_keys = read.edge_keys();
        let guests = read.switch("GUESTS");
        let metrics = read.switch("METRICS");
        let origins = read.origins();
        let days = match read.get("HISTORY_DAYS").map(|text| text.parse::<u32>()) {
            None => 90,
            Some(Ok(days)) if days > 0 => days,
            Some(_) => {
                read.fault("HISTORY_DAYS", "a number of days from 1");
                0
            }
        };
        let people = People::read(&mut read);
        let rated = read.pools();
        let pictures = pictures::read(&mut read);
        let endpoint = read.get("DYNAMODB_ENDPOINT");
        match (read.faults, edge_keys) {
            (faults, Some(edge_keys)) if faults.is_empty() => Ok(Self {
                tables,
                issuer,
                audience,
                keys,
                edge_keys,
                guests,
                origins,
                history: Duration::from_secs(u64::from(days) * 86_400),
                people,
                rated,
                pictures,
                metrics,
                endpoint,
            }),
            (faults, _) => Err(BadConfig(faults)),
        }
    }
}

struct Reader<'a> {
    source: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let text = (self.source)(name)?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Values may be secrets: only the name and the rule are said.
    fn fault(&mut self, name: &str, rule: &str) {
        self.faults.push(format!("{name} must be {rule}"));
    }

    fn text(&mut self, name: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.fault(name, "set");
            String::new()
        })
    }

    /// Off by default.
    fn switch(&mut self, name: &str) -> bool {
        match self.get(name).as_deref() {
            Some("on") => true,
            Some("off") | None => false,
            Some(_) => {
                self.fault(name, "on or off");
                false
            }
        }
    }

    fn key(&mut self, seed: &str, kid: &str, required: bool) -> Option<SigningKey> {
        let (text, name) = (self.get(seed), self.get(kid));
        if !required && text.is_none() && name.is_none() {
            return None;
        }
        let bytes: Option<[u8; 32]> =
            text.and_then(|text| BASE64.decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
        if bytes.is_none() {
            self.fault(seed, "32 bytes in base64");
        }
        if name.is_none() {
            self.fault(kid, "set");
        }
        Some(SigningKey { kid: name?, seed: bytes? })
    }

    fn edge_keys(&mut self) -> Option<SignKeys> {
        let keys = self.get("EDGE_TO_REGION_KEYS").and_then(|text| text.parse().ok());
        if keys.is_none() {
            self.fault("EDGE_TO_REGION_KEYS", "keys of at least 32 bytes in base64, comma separated");
        }
        keys
    }

    fn pools(&mut self) -> BTreeSet<PoolName> {
        let text = self.get("RATED_POOLS").unwrap_or_default();
        let mut pools = BTreeSet::new();
        for name in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            match name.parse() {
                Ok(name) => {
                    pools.insert(name);
                }
                Err(_) => self.fault("RATED_POOLS", "names of pools, comma separated"),
            }
        }
        pools
    }

    fn origins(&mut self) -> Vec<HeaderValue> {
        let text = self.get("ALLOWED_ORIGINS").unwrap_or_default();
        let mut origins = Vec::new();
        for origin in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let exact =
                host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']));
            match HeaderValue::from_str(origin) {
                Ok(value) if exact => origins.push(value),
                Ok(_) | Err(_) => self.fault(
                    "ALLOWED_ORIGINS",
                    "origins as a browser sends them (https://host, no path), comma separated",
                ),
            }
        }
        origins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn read(changes: &[(&'static str, &'static str)]) -> Result<Config, BadConfig> {
        let mut vars = BTreeMap::from([
            ("TABLE_CORE", "core"),
            ("TABLE_HISTORY", "history"),
            ("TABLE_EVENTS", "events"),
            ("ISSUER", "https://region.test"),
            ("AUDIENCE", "matchpoint"),
            ("SIGNING_SEED", KEY),
            ("SIGNING_KID", "k1"),
            ("EDGE_TO_REGION_KEYS", KEY),
        ]);
        vars.extend(changes.iter().copied());
        Config::read(&|name| vars.get(name).map(|value| (*value).to_owned()))
    }

    fn check(changes: &[(&'static str, &'static str)], expected: &[&str]) {
        let faults = read(changes).err().map_or(Vec::new(), |bad| bad.0);
        let names: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        assert_eq!(names, expected, "{changes:?}");
    }

    #[test]
    fn a_fault_names_its_variable() {
        check(&[], &[]);
        check(&[("TABLE_CORE", " ")], &["TABLE_CORE"]);
        check(&[("SIGNING_SEED", "short")], &["SIGNING_SEED"]);
        check(&[("SIGNING_SEED_NEXT", KEY)], &["SIGNING_KID_NEXT"]);
        check(&[("SIGNING_SEED_NEXT", KEY), ("SIGNING_KID_NEXT", "k1")], &["SIGNING_KID_NEXT"]);
        check(&[("EDGE_TO_REGION_KEYS", "AAAA")], &["EDGE_TO_REGION_KEYS"]);
        check(&[("GUESTS", "yes")], &["GUESTS"]);
        check(&[("METRICS", "yes")], &["METRICS"]);
        check(&[("HISTORY_DAYS", "0")], &["HISTORY_DAYS"]);
        check(&[("RATED_POOLS", "ranked,A b")], &["RATED_POOLS"]);
        check(&[("ALLOWED_ORIGINS", "*")], &["ALLOWED_ORIGINS"]);
        check(&[("ALLOWED_ORIGINS", "https://a.test/")], &["ALLOWED_ORIGINS"]);
        check(&[("MODERATORS", "p_1,bob")], &["MODERATORS"]);
        check(&[("OIDC_PROVIDERS", "{}")], &["OIDC_PROVIDERS"]);
        check(
            &[("OIDC_PROVIDERS", r#"[{"issuer":"a","audience":[],"jwks":"https://a"}]"#)],
            &["OIDC_PROVIDERS"],
        );
        check(&[("RATE_PER_S", "0")], &["RATE_PER_S"]);
        check(&[("SESSION_IDLE_S", "0")], &["SESSION_IDLE_S"]);
        check(&[("SESSION_AGE_S", "60")], &["SESSION_AGE_S"]);
        check(&[("ISSUER", ""), ("AUDIENCE", "")], &["ISSUER", "AUDIENCE"]);
    }

    #[test]
    fn what_may_be_absent() {
        let config = read(&[]).ok();
        assert_eq!(
            config.map(|c| (c.guests, c.origins.len(), c.history.as_secs())),
            Some((false, 0, 90 * 86_400))
        );
        let config = read(&[("ALLOWED_ORIGINS", "https://a.test, http://b.test:81"), ("GUESTS", "on")]).ok();
        assert_eq!(config.map(|c| (c.guests, c.origins.len())), Some((true, 2)));
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", read(&[]));
        assert!(shown.contains("SigningKey(k1)") && !shown.contains("[1, 1"), "{shown}");
    }
}
