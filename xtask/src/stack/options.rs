//! Options of a stack, and the settings that each part receives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use shared::limits;
use shared::webhook::EventType;

use crate::manifest::Manifest;
use crate::secrets::Secrets;
use crate::service::Log;
use crate::stack::moderator::Moderator;

/// A rate limit that is never reached.
const FAST: &str = "1000000";

/// An identity provider with which players sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// The `iss` of its id tokens.
    pub issuer: String,
    /// The client id at the provider, which is the `aud` of its id tokens.
    pub client: String,
    /// The address of its public keys.
    pub jwks: String,
}

/// Options of a stack. Both ports must be free: see [`crate::port::take`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of databases, keys and logs.
    pub data: PathBuf,
    pub edge_port: u16,
    pub region_port: u16,
    /// Web origins beside the Worker's own whose pages may use edge and region.
    pub origins: Vec<String>,
    /// The endpoint on this machine that receives all events.
    pub webhook: Option<String>,
    /// The identity provider of players.
    pub provider: Option<Provider>,
    /// The player who may moderate.
    pub moderator: Option<Moderator>,
    /// Lets the Worker accept the debug commands, which exist for tests.
    pub debug_commands: bool,
    /// Writes logs to files in the data directory instead of the terminal.
    pub log_to_files: bool,
    /// Overrides of names in `wrangler.toml`.
    pub edge_values: BTreeMap<String, String>,
    /// Overrides of the region's environment.
    pub region_env: BTreeMap<String, String>,
}

impl Provider {
    /// The variable of the region with which it trusts this provider.
    fn variable(&self) -> (String, String) {
        let trusted = json!([{ "issuer": self.issuer, "audience": [self.client], "jwks": self.jwks }]);
        ("OIDC_PROVIDERS".to_owned(), trusted.to_string())
    }
}

impl Options {
    /// Returns the default options with this data directory and these ports.
    #[must_use]
    pub fn new(data: PathBuf, edge_port: u16, region_port: u16) -> Self {
        Self {
            data,
            edge_port,
            region_port,
            origins: Vec::new(),
            webhook: None,
            provider: None,
            moderator: None,
            debug_commands: false,
            log_to_files: false,
            edge_values: BTreeMap::new(),
            region_env: BTreeMap::new(),
        }
    }

    /// Turns off the rate limits per address of edge and region: all clients of a test come from one.
    pub fn disable_rate_limits(&mut self) {
        let pace = ("HTTP_PACE".to_owned(), "off".to_owned());
        self.edge_values.extend([pace]);
        let fast = ["RATE_PER_S", "RATE_BURST"].map(|name| (name.to_owned(), FAST.to_owned()));
        self.region_env.extend(fast);
    }

    /// `http://127.0.0.1:PORT` of the Worker.
    #[must_use]
    pub fn edge_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.edge_port)
    }

    /// `http://127.0.0.1:PORT` of the region.
    #[must_use]
    pub fn region_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.region_port)
    }

    /// Origins of the pages, in each form that a browser may use.
    fn origins(&self) -> String {
        let own = [self.edge_url(), format!("http://localhost:{}", self.edge_port)];
        own.iter().chain(&self.origins).map(String::as_str).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn log(&self, name: &str) -> Log {
        if self.log_to_files { Log::File(self.data.join(format!("{name}.log"))) } else { Log::Terminal }
    }

    /// Values for names that `wrangler.toml` declares: those that differ between machines, and the secrets.
    pub(crate) fn edge(&self, secrets: &Secrets) -> BTreeMap<String, String> {
        let debug = if self.debug_commands { "on" } else { "off" };
        let values = [
            ("REGION_URL", self.region_url()),
            ("ORIGINS", self.origins()),
            ("EDGE_TO_REGION_KEYS", secrets.edge_to_region_keys.clone()),
            ("REGION_TO_EDGE_KEYS", secrets.region_to_edge_keys.clone()),
            ("SERVICE_KEYS", secrets.service_keys.clone()),
            ("DEBUG_COMMANDS", debug.to_owned()),
            ("METRICS_OPEN", "on".to_owned()),
        ];
        told(values, &self.edge_values)
    }

    /// Environment of the region's process.
    pub(crate) fn region(&self, secrets: &Secrets, manifest: &Manifest) -> BTreeMap<String, String> {
        let env = [
            ("TABLE_CORE", "core".to_owned()),
            ("TABLE_HISTORY", "history".to_owned()),
            ("TABLE_EVENTS", "events".to_owned()),
            ("ISSUER", manifest.issuer.clone()),
            ("AUDIENCE", manifest.audience.clone()),
            ("SIGNING_SEED", secrets.signing_seed.clone()),
            ("SIGNING_KID", secrets.signing_kid.clone()),
            ("EDGE_TO_REGION_KEYS", secrets.edge_to_region_keys.clone()),
            ("REGION_TO_EDGE_KEYS", secrets.region_to_edge_keys.clone()),
            ("SERVICE_KEYS", secrets.service_keys.clone()),
            ("EDGE_URL", self.edge_url()),
            ("GUESTS", "on".to_owned()),
            ("RATED_POOLS", manifest.rated_pools.clone()),
            ("ALLOWED_ORIGINS", self.origins()),
            // As deployed: the region's own default for this machine is far higher.
            ("RATE_PER_S", limits::REGION_RATE_PER_S.to_string()),
            ("RATE_BURST", limits::REGION_RATE_BURST.to_string()),
        ];
        let mut more = self.webhooks(secrets);
        more.extend(self.provider.iter().map(Provider::variable));
        more.extend(
            self.moderator.iter().map(Moderator::variable).map(|(name, value)| (name.to_owned(), value)),
        );
        more.extend(self.region_env.clone());
        told(env, &more)
    }

    /// The variables of the endpoint, if there is one.
    fn webhooks(&self, secrets: &Secrets) -> BTreeMap<String, String> {
        let Some(url) = &self.webhook else {
            return BTreeMap::new();
        };
        let endpoint = json!([{ "id": "dev", "url": url, "events": EventType::ALL }]);
        told(
            [
                ("WEBHOOKS", endpoint.to_string()),
                ("WEBHOOK_SECRETS", json!({ "dev": [secrets.webhook_secret] }).to_string()),
                ("WEBHOOK_LOOPBACK", "on".to_owned()),
            ],
            &BTreeMap::new(),
        )
    }
}

fn told<const N: usize>(
    usual: [(&str, String); N],
    more: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        usual.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    all.extend(more.clone());
    all
}
