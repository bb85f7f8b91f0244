//! Builds a program of the workspace for this machine.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::progress;
use crate::root::Root;

/// Builds the program `name` of the workspace for this machine and returns its path. All default members are
/// selected, so that libraries are compiled once, with the features that `cargo test` uses.
pub fn build(root: &Root, title: &str, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let mut build = Command::new("cargo");
    build
        .args(["build", "--bin", name, "--message-format=json-render-diagnostics"])
        .args(flags)
        .current_dir(root.dir());
    let messages = progress::cargo(title, &mut build)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name").and_then(Value::as_str) == Some(name))
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program {name}"))
}
