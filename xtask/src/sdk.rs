//! `cargo xtask sdk`: builds, packs and checks the npm package `@matchpoint/client`.

pub mod check;
pub mod live;
pub mod package;
mod report;
mod size;

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
    /// Builds and packs the package, and checks it: types, exports, its API, its documentation and its sizes.
    Check,
    /// Writes the reports of the package's API in sdk/api.
    Report,
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
        Some(Task::Check) => check::run(root),
        Some(Task::Report) => report::write(root),
    }
}
