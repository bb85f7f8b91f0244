//! `cargo xtask wire`: generates the types of the SDK and the op table of docs/protocol.md from the Rust types of
//! the wire and the OpenAPI documents.

mod format;
mod http_types;

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use shared::wire::{ops, typescript};

use crate::generated;
use crate::openapi;
use crate::root::Root;

const TYPES: &str = "sdk/src/wire/wire.ts";
/// The types of the HTTP interfaces.
const HTTP: &str = "sdk/src/wire/region.ts";
const PROTOCOL: &str = "docs/protocol.md";
/// The marker of the table of ops and their fields in [`PROTOCOL`].
const MARKER: &str = "op-fields";

/// Writes the types of the SDK and the table of ops in docs/protocol.md from the Rust types of the wire.
#[derive(Debug, Clone, Copy, Args)]
pub struct Wire {
    /// Write nothing; fail if a file is out of date.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the files.
pub fn run(root: &Root, options: Wire) -> Result<()> {
    if options.check {
        return check(root);
    }
    files(root)?.iter().try_for_each(|(file, text)| generated::write(root, file, text))
}

/// Fails if a file differs from the Rust types.
pub fn check(root: &Root) -> Result<()> {
    files(root)?.iter().try_for_each(|(file, text)| generated::check(root, file, text, "cargo xtask wire"))
}

fn files(root: &Root) -> Result<[(&'static str, String); 3]> {
    let protocol =
        fs::read_to_string(root.path(PROTOCOL)).with_context(|| format!("cannot read {PROTOCOL}"))?;
    let protocol =
        generated::between(&protocol, MARKER, &ops::markdown(&shared::wire::OPS)).context(PROTOCOL)?;
    let read = |file: &str| -> Result<Value> {
        let text = fs::read_to_string(root.path(file)).with_context(|| format!("cannot read {file}"))?;
        serde_json::from_str(&text).with_context(|| format!("{file} is not JSON"))
    };
    let http = http_types::document(&read(openapi::REGION)?, &read(openapi::EDGE)?)?;
    Ok([(TYPES, format::format(&typescript::document())), (HTTP, http), (PROTOCOL, protocol)])
}
