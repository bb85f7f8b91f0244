//! Builds the artifacts of a stack: the Worker, the pages and the regional binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::root::Root;
use crate::worker::Size;
use crate::{pages, progress, region, tools, worker};

/// The artifacts of one build.
#[derive(Debug, Clone)]
pub struct Artifacts {
    pub worker: Size,
    pub region: PathBuf,
}

/// Installs missing tools and rebuilds the artifacts whose sources changed. One process builds at a time.
pub fn build(root: &Root) -> Result<Artifacts> {
    let _lock = root.lock()?;
    let worker = deployable(root)?;
    let region = region::build(root)?;
    Ok(Artifacts { worker, region })
}

/// Builds the artifacts of the edge: the Worker and the pages.
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
/// selected, so that libraries are compiled once, with the features that `cargo test` uses.
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
        .with_context(|| format!("cargo built no program {name}"))
}
