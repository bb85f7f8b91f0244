//! `cargo xtask openapi`: writes the OpenAPI documents of edge and region, which are generated from the code
//! and committed for review.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::generated;
use crate::program;
use crate::root::Root;

/// File of the edge's document.
pub const EDGE: &str = "docs/openapi-edge.json";
/// File of the region's document.
pub const REGION: &str = "docs/openapi-region.json";

/// Generates both documents and writes them.
pub fn write(root: &Root) -> Result<()> {
    let program = program::build(root, "Building the document's printer", "openapi", &[])?;
    let made =
        Command::new(&program).output().with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(made.status.success(), "the document cannot be made: {}", String::from_utf8_lossy(&made.stderr));
    let region: Value = serde_json::from_slice(&made.stdout)?;
    generated::write(root, REGION, &text(&region)?)?;
    generated::write(root, EDGE, &text(&edge(&region)?)?)
}

/// Returns the edge's document. Its profile schemas come from the region's.
pub fn edge(region: &Value) -> Result<Value> {
    Ok(shared::http::openapi::document(region)?)
}

/// Returns the operations of a document: path, method, and the operation object.
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

fn text(document: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(document)?))
}
