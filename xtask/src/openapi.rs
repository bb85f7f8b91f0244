//! What the edge and the region answer, as documents (OpenAPI): made of the code and committed, so that a change is seen in review.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::artifacts;
use crate::root::Root;

/// Where it is kept.
pub const REGION: &str = "docs/openapi-region.json";

/// Makes the document anew and writes it.
pub fn write(root: &Root) -> Result<()> {
    let program = artifacts::binary(root, "Building the document's printer", "openapi", &[])?;
    let made = Command::new(&program)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(
        made.status.success(),
        "the document cannot be made: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    fs::write(root.path(REGION), made.stdout).with_context(|| format!("cannot write {REGION}"))?;
    eprintln!("{REGION} is written.");
    Ok(())
}
