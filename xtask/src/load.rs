//! `cargo xtask load`: a crowd that does what people do, on the real stack of this machine: what it costs, and whether
//! everybody got what they were promised.

mod guests;
pub mod lobby;
mod outcome;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use tokio::task::spawn_blocking;

use crate::root::Root;
use crate::stack::{self, Options, Stack};
use crate::{artifacts, port, scratch};
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
    let data = load.data.unwrap_or_else(|| scratch::folder(root, "load"));
    let stack = start(root, &std::path::absolute(data)?).await?;
    let outcome = crowd.run(&stack).await;
    stack.stop().await;
    let outcome = outcome?;
    println!("{outcome}");
    ensure!(outcome.is_fine(), "a promise was broken");
    Ok(())
}

/// A stack that does not hold back one address: the whole crowd comes from this one.
async fn start(root: &Root, data: &Path) -> Result<Stack> {
    let here = root.clone();
    let artifacts = spawn_blocking(move || artifacts::build(&here)).await??;
    stack::forget(data)?;
    let mut options = Options {
        log_to_files: true,
        ..Options::new(data.to_owned(), port::take(0, "")?, port::take(0, "")?)
    };
    unpaced(&mut options);
    Stack::start(root, &artifacts, options).await
}

/// Takes the paces away that hold back one address.
pub fn unpaced(options: &mut Options) {
    let pace = ("HTTP_PACE".to_owned(), "off".to_owned());
    options.edge_values.extend([pace]);
    let fast = ["RATE_PER_S", "RATE_BURST"].map(|name| (name.to_owned(), "1000000".to_owned()));
    options.region_env.extend(fast);
}
