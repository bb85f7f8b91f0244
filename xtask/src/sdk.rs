//! `cargo xtask sdk`: builds and packs the npm package `@matchpoint/client`.

pub mod package;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::root::Root;

/// Builds the npm package `@matchpoint/client` into target/sdk/package.
#[derive(Debug, Clone, Args)]
pub struct Sdk {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Task {
    /// Builds the package, and packs it into a tarball in target/sdk.
    Pack,
}

/// Runs the task; without one, builds the package.
pub fn run(root: &Root, options: &Sdk) -> Result<()> {
    let _lock = root.lock()?;
    match options.task {
        None => package::build(root).map(drop),
        Some(Task::Pack) => {
            println!("{}", package::pack(root)?.display());
            Ok(())
        }
    }
}
