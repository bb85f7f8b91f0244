//! `cargo xtask load`: runs a crowd of clients against a local stack, and reports costs and broken promises.

mod guests;
pub mod lobby;
mod outcome;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use crate::root::Root;
use crate::stack::{self, Stack};
pub use outcome::Outcome;

/// Runs a crowd of clients against a stack of its own.
#[derive(Debug, Clone, Args)]
pub struct Load {
    #[command(subcommand)]
    what: What,
    /// Directory of the stack's data; earlier data is deleted [default: in memory, or target/load]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    Lobby(lobby::Crowd),
}

/// Runs the crowd, prints the figures, and fails if a promise was broken.
pub async fn run(root: &Root, load: Load) -> Result<()> {
    let What::Lobby(crowd) = load.what;
    let (artifacts, mut options) = stack::fresh(root, load.data, "load").await?;
    options.disable_rate_limits();
    let stack = Stack::start(root, &artifacts, options).await?;
    let outcome = crowd.run(&stack).await;
    stack.stop().await;
    let outcome = outcome?;
    println!("{outcome}");
    ensure!(outcome.is_success(), "a promise was broken");
    Ok(())
}
