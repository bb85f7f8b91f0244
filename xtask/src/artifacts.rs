//! What a stack runs: the Worker, the pages, the regional binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::root::Root;
use crate::worker::Size;
use crate::{pages, progress, region, tools, worker};

/// Everything built.
#[derive(Debug, Clone)]
pub struct Artifacts {
    /// How large the Worker is.
    pub worker: Size,
    /// The regional binary.
    pub region: PathBuf,
}

/// Builds what changed since the last time, after installing what is missing. One process at a time.
pub fn build(root: &Root) -> Result<Artifacts> {
    let _lock = root.lock()?;
    let worker = deployable(root)?;
    let region = region::build(root)?;
    Ok(Artifacts { worker, region })
}

/// Builds what is deployed to the edge: the Worker and the pages.
pub fn edge(root: &Root) -> Result<Size> {
    let _lock = root.lock()?;
    deployable(root)
}

fn deployable(root: &Root) -> Result<Size> {
    tools::node::ensure(root)?;
    let size = worker::build(root)?;
    pages::build(root)?;
    Ok(size)
}

/// Builds the program `name` of the workspace for this machine and returns its path. All default members are
/// selected, so that libraries are compiled with the features that `cargo test` uses, once for both.
pub fn binary(root: &Root, title: &str, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let mut build = Command::new("cargo");
    build
        .args(["build", "--bin", name, "--message-format=json-render-diagnostics"])
        .args(flags)
        .current_dir(root.dir());
    let messages = progress::run(title, &mut build)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name").and_then(Value::as_str) == Some(name))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .with_context(|| format!("cargo names no program {name}"))
}
