//! What the edge and the region answer, as documents: made of the code and committed, so that a change is seen in review.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::artifacts;
use crate::root::Root;

/// Where the edge's is kept.
pub const EDGE: &str = "docs/openapi-edge.json";
/// Where the region's is kept.
pub const REGION: &str = "docs/openapi-region.json";

/// Makes both anew and writes them.
pub fn write(root: &Root) -> Result<()> {
    let program = artifacts::binary(root, "Building the document's printer", "openapi", &[])?;
    let made =
        Command::new(&program).output().with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(made.status.success(), "the document cannot be made: {}", String::from_utf8_lossy(&made.stderr));
    let region: Value = serde_json::from_slice(&made.stdout)?;
    keep(root, REGION, &region)?;
    keep(root, EDGE, &edge(&region)?)
}

/// The edge's document. Profiles are what the region says that they are.
pub fn edge(region: &Value) -> Result<Value> {
    Ok(shared::http::openapi::document(region)?)
}

/// The operations of a document: path, method, and what is said of it.
#[must_use]
pub fn operations(document: &Value) -> Vec<(&str, String, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths
        .into_iter()
        .flatten()
        .flat_map(|(path, item)| {
            let item = item.as_object().into_iter().flatten();
            item.map(move |(method, said)| (path.as_str(), method.to_uppercase(), said))
        })
        .collect()
}

fn keep(root: &Root, file: &str, document: &Value) -> Result<()> {
    let text = format!("{}\n", serde_json::to_string_pretty(document)?);
    fs::write(root.path(file), text).with_context(|| format!("cannot write {file}"))?;
    eprintln!("{file} is written.");
    Ok(())
}
