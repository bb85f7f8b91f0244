//! `cargo xtask wire`: generates sdk/src/wire/wire.ts and the op table of docs/protocol.md from the Rust types of
//! the wire.

mod format;

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use shared::wire::{ops, typescript};

use crate::generated;
use crate::root::Root;

const TYPES: &str = "sdk/src/wire/wire.ts";
const PROTOCOL: &str = "docs/protocol.md";
/// The marker of the table of ops and their fields in [`PROTOCOL`].
const MARKER: &str = "op-fields";

/// Writes sdk/src/wire/wire.ts and the table of ops in docs/protocol.md from the Rust types of the wire.
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

fn files(root: &Root) -> Result<[(&'static str, String); 2]> {
    let protocol =
        fs::read_to_string(root.path(PROTOCOL)).with_context(|| format!("cannot read {PROTOCOL}"))?;
    let protocol =
        generated::between(&protocol, MARKER, &ops::markdown(&shared::wire::OPS)).context(PROTOCOL)?;
    Ok([(TYPES, format::format(&typescript::document())), (PROTOCOL, protocol)])
}
