//! Runs a Lambda binary of the region against a stand-in for the Lambda runtime API.

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::Command;
pub use xtask::runtime_api::Function;

/// Builds a Lambda binary of the region together with this package: with other features, cargo would build
/// all dependencies a second time. `cargo xtask lambda` builds it as it is deployed.
pub async fn build(name: &str) -> Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "regional", "--package", "tests"])
        .args(["--bin", name])
        .args(["--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .await?;
    anyhow::ensure!(output.status.success(), "{name} does not build");
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name") == Some(&name.into()))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .with_context(|| format!("cargo names no binary {name}"))
}
