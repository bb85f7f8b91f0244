//! `cargo xtask load`: a crowd that does what people do, on the real stack of this machine: what it costs, and whether
//! everybody got what they were promised.

mod guests;
pub mod lobby;
mod outcome;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use crate::root::Root;
use crate::stack::{self, Stack};
pub use outcome::Outcome;

/// Lets a crowd into a stack of its own.
#[derive(Debug, Clone, Args)]
pub struct Load {
    #[command(subcommand)]
    what: What,
    /// Where the stack keeps its data; what it kept before is forgotten [default: in memory, or target/load]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    Lobby(lobby::Crowd),
}

/// Runs it, prints the figures, and fails where somebody did not get what was promised.
pub async fn run(root: &Root, load: Load) -> Result<()> {
    let What::Lobby(crowd) = load.what;
    let (artifacts, mut options) = stack::fresh(root, load.data, "load").await?;
    options.unpace();
    let stack = Stack::start(root, &artifacts, options).await?;
    let outcome = crowd.run(&stack).await;
    stack.stop().await;
    let outcome = outcome?;
    println!("{outcome}");
    ensure!(outcome.is_fine(), "a promise was broken");
    Ok(())
}
