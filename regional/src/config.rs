//! The configuration: every variable that the region reads, from the environment or the function's secret.

pub mod edge;
pub mod operators;
pub mod people;
pub mod pictures;
pub mod reader;
pub mod tables;
pub mod webhooks;

use crate::config::people::People;
use crate::config::reader::{BadConfig, Reader};
use crate::config::tables::TableNames;
use crate::domain::webhook::endpoint::Endpoints;
use crate::integrations::object_store::BucketConfig;
use axum::http::HeaderValue;
use shared::id::PoolName;
use shared::service_key::ServiceKeys;
use shared::sign::SignKeys;
use shared::token::Signer;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The number of days for which a match is stored if `HISTORY_DAYS` is not set.
const HISTORY_DAYS_DEFAULT: u32 = 90;

/// The configuration of the API function.
#[derive(Debug)]
pub struct Config {
    /// `TABLE_CORE`, `TABLE_HISTORY`, `TABLE_EVENTS`.
    pub tables: TableNames,
    /// `ISSUER`: the `iss` of access tokens, which is the region's public address.
    pub issuer: String,
    /// `AUDIENCE`: the `aud` of access tokens; the edge has the same value.
    pub audience: String,
    /// `SIGNING_SEED` (base64, 32 bytes) and `SIGNING_KID`: the key that signs. `SIGNING_SEED_NEXT` and
    /// `SIGNING_KID_NEXT` (optional): a second key that is published and verifies, such as the next key
    /// before a rotation and the previous key after it.
    pub keys: Vec<SigningKey>,
    /// `EDGE_TO_REGION_KEYS`: the keys that verify the edge's signatures; base64, comma-separated.
    pub edge_keys: SignKeys,
    /// `SERVICE_KEYS`: the keys of the operator's own backend, as `cargo xtask keys` writes them; none by default.
    pub service_keys: ServiceKeys,
    /// `GUESTS`: enables guest sessions; `on` or `off` (default).
    pub guests: bool,
    /// `ALLOWED_ORIGINS`: the web origins that may call the API, compared exactly; comma-separated, none by
    /// default.
    pub origins: Vec<HeaderValue>,
    /// `HISTORY_DAYS`: the number of days for which a match is stored; 90 by default.
    pub history: Duration,
    /// The session lifetimes, rate limits, identity providers and operators.
    pub people: People,
    /// `RATED_POOLS`: the pools whose results change ratings, comma-separated; those with `rating` in
    /// wrangler.toml.
    pub rated_pools: BTreeSet<PoolName>,
    /// `PICTURES_URL` and related variables: the bucket of pictures. Pictures are disabled without it.
    pub pictures: Option<BucketConfig>,
    /// `WEBHOOKS`: the endpoints of the operator's backend that receive events; none by default.
    pub webhooks: Endpoints,
    /// `METRICS`: writes a metric line per request; `on` or `off` (default).
    pub metrics: bool,
    /// `DYNAMODB_ENDPOINT`: the address of another store; the default of the SDK otherwise.
    pub endpoint: Option<String>,
}

/// A secret Ed25519 seed with the public id of its key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The key id in tokens and in the JWK set.
    pub kid: String,
    pub seed: [u8; 32],
}

impl SigningKey {
    /// Returns the signer that uses this key.
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

impl Config {
    /// Reads the configuration from any source of variables. An empty variable counts as absent, because a
    /// CloudFormation template cannot omit one.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut reader = Reader::new(source);
        let tables = TableNames::read(&mut reader);
        let issuer = reader.text("ISSUER");
        let audience = reader.text("AUDIENCE");
        let keys = signing_keys(&mut reader);
        let edge_keys = reader.sign_keys("EDGE_TO_REGION_KEYS");
        let service_keys = reader.service_keys("SERVICE_KEYS");
        let guests = reader.switch("GUESTS");
        let metrics = reader.switch("METRICS");
        let origins = origins(&mut reader);
        let days = reader.number("HISTORY_DAYS", HISTORY_DAYS_DEFAULT);
        let people = People::read(&mut reader);
        let rated_pools = reader.list("RATED_POOLS", "names of pools, comma-separated");
        let pictures = pictures::read(&mut reader);
        let webhooks = webhooks::endpoints(&mut reader);
        let endpoint = reader.get("DYNAMODB_ENDPOINT");
        reader.finish(edge_keys).map(|edge_keys| Self {
            tables,
            issuer,
            audience,
            keys,
            edge_keys,
            service_keys,
            guests,
            origins,
            history: Duration::from_secs(u64::from(days) * 86_400),
            people,
            rated_pools,
            pictures,
            webhooks,
            metrics,
            endpoint,
        })
    }
}

fn signing_keys(reader: &mut Reader<'_>) -> Vec<SigningKey> {
    let mut keys = Vec::new();
    keys.extend(signing_key(reader, "SIGNING_SEED", "SIGNING_KID", true));
    keys.extend(signing_key(reader, "SIGNING_SEED_NEXT", "SIGNING_KID_NEXT", false));
    if let [current, next] = keys.as_slice()
        && current.kid == next.kid
    {
        reader.fault("SIGNING_KID_NEXT", "different from SIGNING_KID");
    }
    keys
}

fn signing_key(reader: &mut Reader<'_>, seed: &str, kid: &str, required: bool) -> Option<SigningKey> {
    let (seed_text, kid_text) = (reader.get(seed), reader.get(kid));
    if !required && seed_text.is_none() && kid_text.is_none() {
        return None;
    }
    let bytes = seed_text.and_then(|text| reader::decode_seed(&text));
    if bytes.is_none() {
        reader.fault(seed, "32 bytes in base64");
    }
    if kid_text.is_none() {
        reader.fault(kid, "set");
    }
    Some(SigningKey { kid: kid_text?, seed: bytes? })
}

fn origins(reader: &mut Reader<'_>) -> Vec<HeaderValue> {
    let text = reader.get("ALLOWED_ORIGINS").unwrap_or_default();
    let mut origins = Vec::new();
    for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let exact =
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']));
        match HeaderValue::from_str(origin) {
            Ok(value) if exact => origins.push(value),
            Ok(_) | Err(_) => reader.fault(
                "ALLOWED_ORIGINS",
                "origins as browsers send them (https://host, no path), comma-separated",
            ),
        }
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::limits;
    use std::collections::BTreeMap;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn read<'a>(changes: &[(&'a str, &'a str)]) -> Result<Config, BadConfig> {
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

    fn check(changes: &[(&str, &str)], expected: &[&str]) {
        let faults = read(changes).err().map_or(Vec::new(), |bad| bad.0);
        let names: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        assert_eq!(names, expected, "{changes:?}");
    }

    #[test]
    fn fault_names_its_variable() {
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
        let operator = r#"{"player":"p_1","scopes":["rooms"]}"#;
        for wrong in [
            "p_1".to_owned(),
            format!("[{operator},{operator}]"),
            r#"[{"player":"p_1","scopes":[]}]"#.to_owned(),
            r#"[{"player":"p_1","scopes":["sessions"]}]"#.to_owned(),
            r#"[{"player":"p_1","scopes":["all"]}]"#.to_owned(),
            r#"[{"player":"bob","scopes":["rooms"]}]"#.to_owned(),
        ] {
            check(&[("OPERATORS", &wrong)], &["OPERATORS"]);
        }
        let many: Vec<String> = (0..=limits::OPERATORS_MAX).map(|nth| format!("p_{nth}")).collect();
        check(&[("MODERATORS", &many.join(","))], &["OPERATORS"]);
        check(&[("OIDC_PROVIDERS", "{}")], &["OIDC_PROVIDERS"]);
        check(
            &[("OIDC_PROVIDERS", r#"[{"issuer":"a","audience":[],"jwks":"https://a"}]"#)],
            &["OIDC_PROVIDERS"],
        );
        check(&[("WEBHOOKS", "{}")], &["WEBHOOKS"]);
        check(&[("RATE_PER_S", "0")], &["RATE_PER_S"]);
        check(&[("SESSION_IDLE_S", "0")], &["SESSION_IDLE_S"]);
        check(&[("SESSION_AGE_S", "60")], &["SESSION_AGE_S"]);
        check(&[("ISSUER", ""), ("AUDIENCE", "")], &["ISSUER", "AUDIENCE"]);
    }

    #[test]
    fn optional_variables_have_defaults() {
        let config = read(&[]).ok();
        assert_eq!(
            config.map(|c| (c.guests, c.origins.len(), c.history.as_secs())),
            Some((false, 0, 90 * 86_400))
        );
        let config = read(&[("ALLOWED_ORIGINS", "https://a.test, http://b.test:81"), ("GUESTS", "on")]).ok();
        assert_eq!(config.map(|c| (c.guests, c.origins.len())), Some((true, 2)));
    }

    #[test]
    fn debug_output_hides_secrets() {
        let shown = format!("{:?}", read(&[]));
        assert!(shown.contains("SigningKey(k1)") && !shown.contains("[1, 1"), "{shown}");
    }
}
