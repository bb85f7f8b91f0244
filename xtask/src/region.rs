//! Builds and runs the region: the router that Lambda runs, over an embedded store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program;
use crate::root::Root;
use crate::service::{Log, Service};

/// Limit for the region's start.
const START: Duration = Duration::from_secs(30);

/// Builds the regional binary and returns its path.
pub fn build(root: &Root) -> Result<PathBuf> {
    program::build(root, "Building the region", "local", &["--features", "regional/local"])
}

/// The running region process.
#[derive(Debug)]
pub struct Region {
    service: Service,
}

impl Region {
    /// Starts `program` on `port` with its tables stored in `data`; the environment has its other settings.
    pub async fn start(
        program: &Path,
        data: &Path,
        port: u16,
        env: &BTreeMap<String, String>,
        log: Log,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--port", &port.to_string(), "--data"])
            .arg(data)
            .envs(env)
            .env("EXIT_ON_STDIN_EOF", "1");
        let service = Service::start("the region", command, log)?;
        let line = service
            .answer(START, |line| line.get("listening").is_some() || line.get("error").is_some())
            .await?;
        line.get("listening").and_then(Value::as_str).context("the region's answer has no address")?;
        Ok(Self { service })
    }

    /// The region's process.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }
}
