//! The configuration of webhooks: `WEBHOOKS` names the endpoints, and `WEBHOOK_SECRETS` has their secrets.
//!
//! The API function writes events and has only the first; the function that sends them has both.

use crate::config::reader::{BadConfig, Reader};
use crate::config::tables::TableNames;
use crate::domain::webhook::endpoint::{Endpoints, Reach};
use serde_json::{Map, Value};
use shared::limits;
use shared::webhook::WebhookSecret;
use std::collections::BTreeMap;

/// The secrets of each endpoint: one, or two while it is rotated. All of them sign.
pub type WebhookSecrets = BTreeMap<String, Vec<WebhookSecret>>;

/// The endpoints with their secrets.
#[derive(Debug, Clone)]
pub struct Webhooks {
    pub endpoints: Endpoints,
    pub secrets: WebhookSecrets,
    pub reach: Reach,
}

/// The configuration of the function that delivers events.
#[derive(Debug)]
pub struct WebhookConfig {
    /// `TABLE_CORE`, `TABLE_HISTORY`, `TABLE_EVENTS`.
    pub tables: TableNames,
    pub webhooks: Webhooks,
    /// `DYNAMODB_ENDPOINT`: the address of another store; the default of the SDK otherwise.
    pub endpoint: Option<String>,
}

impl WebhookConfig {
    /// Reads the configuration from any source of variables.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut reader = Reader::new(source);
        let tables = TableNames::read(&mut reader);
        let webhooks = Webhooks::read_with(&mut reader);
        let endpoint = reader.get("DYNAMODB_ENDPOINT");
        reader.finish(Some(Self { tables, webhooks, endpoint }))
    }
}

impl Webhooks {
    /// Reads the endpoints with their secrets from any source of variables.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut reader = Reader::new(source);
        let webhooks = Self::read_with(&mut reader);
        reader.finish(Some(webhooks))
    }

    fn read_with(reader: &mut Reader<'_>) -> Self {
        let endpoints = endpoints(reader);
        let secrets = secrets(reader, &endpoints);
        Self { endpoints, secrets, reach: reach(reader) }
    }
}

/// Reads `WEBHOOKS`: a JSON list of endpoints, each with `id`, `url` and `events`; none by default.
pub fn endpoints(reader: &mut Reader<'_>) -> Endpoints {
    let (text, reach) = (reader.get("WEBHOOKS").unwrap_or_default(), reach(reader));
    Endpoints::read(&text, reach).unwrap_or_else(|error| {
        reader.fault("WEBHOOKS", &format!("a list of endpoints ({error})"));
        Endpoints::default()
    })
}

/// Reads `WEBHOOK_SECRETS`: a JSON object with a list of one or two secrets for the id of each endpoint.
fn secrets(reader: &mut Reader<'_>, endpoints: &Endpoints) -> WebhookSecrets {
    let text = reader.get("WEBHOOK_SECRETS").unwrap_or_else(|| "{}".into());
    let lists: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    let mut secrets = WebhookSecrets::new();
    for endpoint in endpoints.iter() {
        let most = limits::WEBHOOK_SECRETS_MAX;
        let list = lists.get(&endpoint.id).and_then(Value::as_array);
        let list = list.filter(|list| (1..=most).contains(&list.len()));
        let parsed = list.and_then(|list| {
            list.iter().map(|secret| secret.as_str()?.parse().ok()).collect::<Option<Vec<WebhookSecret>>>()
        });
        let Some(parsed) = parsed else {
            let id = &endpoint.id;
            let rule = format!(
                "a JSON object with 1 to {most} secrets (`whsec_` and the base64 of 24 to 64 bytes) in a list for `{id}`"
            );
            reader.fault("WEBHOOK_SECRETS", &rule);
            continue;
        };
        secrets.insert(endpoint.id.clone(), parsed);
    }
    secrets
}

/// Reads `WEBHOOK_LOOPBACK`, which lets endpoints be on this machine. Only a local region knows the variable.
#[cfg(feature = "local")]
fn reach(reader: &mut Reader<'_>) -> Reach {
    if reader.switch("WEBHOOK_LOOPBACK") { Reach::Loopback } else { Reach::Public }
}

#[cfg(not(feature = "local"))]
fn reach(_: &mut Reader<'_>) -> Reach {
    Reach::Public
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(webhooks: &Value, secrets: &Value, expected: &[&str]) {
        let read = WebhookConfig::read(&|name| match name {
            "TABLE_CORE" | "TABLE_HISTORY" | "TABLE_EVENTS" => Some("table".into()),
            "WEBHOOKS" => Some(webhooks.to_string()),
            "WEBHOOK_SECRETS" => Some(secrets.to_string()),
            _ => None,
        });
        let faults = read.err().map_or(Vec::new(), |bad| bad.0);
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault}");
        }
    }

    #[test]
    fn fault_names_its_variable_and_endpoint() {
        let endpoint = |id: &str| json!({ "id": id, "url": "https://api.test/", "events": ["match.made"] });
        let secret = WebhookSecret::new([7; 32]).text();
        let secrets = "WEBHOOK_SECRETS must be a JSON object with 1 to 2 secrets";
        check(&json!([]), &json!({}), &[]);
        check(&json!([endpoint("a")]), &json!({ "a": [secret], "old": ["x"] }), &[]);
        check(&json!([endpoint("a")]), &json!({ "a": [secret, secret] }), &[]);
        check(&json!([endpoint("a"), endpoint("b")]), &json!({ "a": [secret] }), &[secrets]);
        check(&json!([endpoint("a")]), &json!({ "a": [secret, secret, secret] }), &[secrets]);
        check(&json!([endpoint("a")]), &json!({ "a": ["whsec_AAAA"] }), &[secrets]);
        check(&json!([endpoint("a")]), &json!([]), &[secrets]);
        check(&json!({}), &json!({}), &["WEBHOOKS must be a list of endpoints"]);
    }

    #[test]
    fn debug_output_hides_secrets() {
        let secret = WebhookSecret::new([7; 32]);
        let webhooks = Webhooks {
            endpoints: Endpoints::default(),
            secrets: WebhookSecrets::from([("a".into(), vec![secret.clone()])]),
            reach: Reach::Public,
        };
        assert!(!format!("{webhooks:?}").contains(&secret.text()));
    }
}
