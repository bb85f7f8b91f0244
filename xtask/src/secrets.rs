//! Keys of a local stack, generated once and stored in its data directory with permissions for their owner
//! alone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use shared::service_key::Scope;
use shared::webhook::WebhookSecret;

use crate::keys;

/// Secrets of the Worker and the region.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Seed of the Ed25519 key that signs access tokens, 32 bytes in base64.
    pub signing_seed: String,
    /// Key id of that key.
    pub signing_kid: String,
    /// Keys of requests from the edge to the region: base64, separated by commas; the first one signs.
    pub edge_to_region_keys: String,
    /// Keys of requests from the region to the edge, in the same form.
    pub region_to_edge_keys: String,
    /// A key of the service API with all scopes. A data directory of an earlier version has none until it is used again.
    #[serde(default)]
    pub service_key: String,
    /// The configuration `SERVICE_KEYS` of both sides, with the hash of that key.
    #[serde(default)]
    pub service_keys: String,
    /// The secret of the endpoint that `cargo dev --webhook` names.
    #[serde(default)]
    pub webhook_secret: String,
}

impl Secrets {
    /// Returns the secrets in the data directory `dir`, generated if it has none.
    pub fn of(dir: &Path) -> Result<Self> {
        let file = dir.join("secrets.json");
        let stored: Option<Self> = match fs::read_to_string(&file) {
            Ok(text) => Some(serde_json::from_str(&text).with_context(|| {
                format!("{} is invalid: remove it, or start with `--fresh`", file.display())
            })?),
            Err(_) => None,
        };
        let mut open = OpenOptions::new();
        open.write(true).truncate(true).create_new(stored.is_none()).mode(0o600);
        let secrets = match stored {
            Some(secrets) if secrets.is_complete() => return Ok(secrets),
            Some(secrets) => secrets,
            None => Self {
                signing_seed: key()?,
                signing_kid: "local".to_owned(),
                edge_to_region_keys: key()?,
                region_to_edge_keys: key()?,
                service_key: String::new(),
                service_keys: String::new(),
                webhook_secret: String::new(),
            },
        };
        let secrets = secrets.completed()?;
        let mut file = open.open(&file).context("cannot store the keys")?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        Ok(secrets)
    }

    fn is_complete(&self) -> bool {
        !self.service_key.is_empty() && !self.webhook_secret.is_empty()
    }

    /// Adds what an earlier version did not generate.
    fn completed(mut self) -> Result<Self> {
        if self.service_key.is_empty() {
            let (key, text) = keys::create("local", Scope::ALL.into())?;
            self.service_key = text;
            self.service_keys = serde_json::to_string(&[key])?;
        }
        if self.webhook_secret.is_empty() {
            self.webhook_secret = WebhookSecret::new(random()?).text();
        }
        Ok(self)
    }
}

fn key() -> Result<String> {
    Ok(STANDARD.encode(random()?))
}

fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_generated_once_and_readable_by_their_owner() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("matchpoint-secrets-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let first = Secrets::of(&dir)?;
        assert!(first == Secrets::of(&dir)?);
        assert_ne!(first.edge_to_region_keys, first.region_to_edge_keys);
        assert_eq!(STANDARD.decode(&first.signing_seed)?.len(), 32);
        assert_eq!(fs::metadata(dir.join("secrets.json"))?.permissions().mode() & 0o777, 0o600);
        Ok(fs::remove_dir_all(dir)?)
    }
}
