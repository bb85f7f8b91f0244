//! How a stack is started, and what each part is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::manifest::Manifest;
use crate::secrets::Secrets;
use crate::service::Log;

/// A pace that holds back nobody.
const FAST: &str = "1000000";

/// How to start a stack. Both ports must be free: see [`crate::port::take`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept: databases, keys, logs.
    pub data: PathBuf,
    /// The Worker's port.
    pub edge_port: u16,
    /// The region's port.
    pub region_port: u16,
    /// Whether the Worker obeys the commands that exist for tests.
    pub debug_commands: bool,
    /// Whether logs go to files in the data directory, in place of the terminal.
    pub log_to_files: bool,
    /// More values for names in `wrangler.toml`; they win.
    pub edge_values: BTreeMap<String, String>,
    /// More of the region's environment; it wins.
    pub region_env: BTreeMap<String, String>,
}

impl Options {
    /// A plain stack on these ports.
    #[must_use]
    pub fn new(data: PathBuf, edge_port: u16, region_port: u16) -> Self {
        Self {
            data,
            edge_port,
            region_port,
            debug_commands: false,
            log_to_files: false,
            edge_values: BTreeMap::new(),
            region_env: BTreeMap::new(),
        }
    }

    /// The edge does not hold back one address: a whole crowd comes from this one.
    pub fn unpace_edge(&mut self) {
        let pace = ("HTTP_PACE".to_owned(), "off".to_owned());
        self.edge_values.extend([pace]);
    }

    /// Nor does the region.
    pub fn unpace(&mut self) {
        self.unpace_edge();
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

    /// The pages' origins, however a person types the address.
    fn origins(&self) -> String {
        format!("{},http://localhost:{}", self.edge_url(), self.edge_port)
    }

    pub(super) fn log(&self, name: &str) -> Log {
        if self.log_to_files { Log::File(self.data.join(format!("{name}.log"))) } else { Log::Terminal }
    }

    /// Values for names that `wrangler.toml` declares: what differs from machine to machine, and the secrets.
    pub(super) fn edge(&self, secrets: &Secrets) -> BTreeMap<String, String> {
        let debug = if self.debug_commands { "on" } else { "off" };
        let values = [
            ("REGION_URL", self.region_url()),
            ("ORIGINS", self.origins()),
            ("EDGE_TO_REGION_KEYS", secrets.edge_to_region_keys.clone()),
            ("REGION_TO_EDGE_KEYS", secrets.region_to_edge_keys.clone()),
            ("DEBUG_COMMANDS", debug.to_owned()),
        ];
        told(values, &self.edge_values)
    }

    /// The region's environment.
    pub(super) fn region(&self, secrets: &Secrets, manifest: &Manifest) -> BTreeMap<String, String> {
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
            ("EDGE_URL", self.edge_url()),
            ("GUESTS", "on".to_owned()),
            ("RATED_POOLS", manifest.rated_pools.clone()),
            ("ALLOWED_ORIGINS", self.origins()),
        ];
        told(env, &self.region_env)
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
