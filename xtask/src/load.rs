//! `cargo xtask load`: runs a crowd of clients against a local stack, and reports costs and broken promises.

mod guests;
pub mod journey;
pub mod lobby;
mod outcome;

use std::path::PathBuf;
use std::time::Duration;

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
    Journey(journey::Journey),
    Lobby(lobby::Crowd),
}

/// Runs the crowd, prints the figures, and fails if a promise was broken.
pub async fn run(root: &Root, load: Load) -> Result<()> {
    let (artifacts, mut options) = stack::fresh(root, load.data, "load").await?;
    options.disable_rate_limits();
    let stack = Stack::start(root, &artifacts, options).await?;
    match load.what {
        What::Lobby(crowd) => {
            let outcome = crowd.run(&stack).await;
            stack.stop().await;
            let outcome = outcome?;
            println!("{outcome}");
            ensure!(outcome.is_success(), "a promise was broken");
        }
        What::Journey(journey) => {
            let report = journey.run(&stack).await;
            stack.stop().await;
            let report = report?;
            println!("{report}");
            let path = report.write(root)?;
            eprintln!("The usage is in {}: `cargo xtask cost` scales it to a month.", root.short(&path));
            report.verdict()?;
        }
    }
    Ok(())
}

/// Parses a time such as `10s` or `500ms`.
fn span(text: &str) -> Result<Duration, String> {
    let parsed = match text.strip_suffix("ms") {
        Some(ms) => ms.parse().ok().map(Duration::from_millis),
        None => text
            .strip_suffix('s')
            .and_then(|secs| secs.parse().ok())
            .and_then(|secs| Duration::try_from_secs_f64(secs).ok()),
    };
    parsed.ok_or_else(|| "a time like 10s or 500ms".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed() {
        assert_eq!(span("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(span("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert!(span("10").is_err() && span("-1s").is_err());
    }
}
