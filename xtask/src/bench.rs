//! `cargo xtask bench`: measures a local stack; its figures are comparable with others of the same machine.

mod lambda;
mod outage;
mod plan;
mod reads;
mod region;
mod revoke;
mod room;
mod size;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use hdrhistogram::Histogram;

use crate::faults::Link;
use crate::root::Root;
use crate::scratch;
use crate::stack::{self, Stack};

/// Measures a local stack.
#[derive(Debug, Clone, Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
    /// Directory of the stack's data; earlier data is deleted [default: in memory, or target/bench]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    Reads(reads::Reads),
    Region(region::Region),
    Lambda(lambda::Lambda),
    Outage(outage::Outage),
    Plan(plan::Plan),
    Revoke(revoke::Revoke),
    Room(room::Room),
    Size(size::Size),
}

/// Runs the measurement and prints the figures.
pub async fn run(root: &Root, bench: Bench) -> Result<()> {
    let data = bench.data;
    let text = match bench.what {
        What::Plan(plan) => plan::run(root, &plan)?,
        What::Lambda(lambda) => lambda.run(root).await?,
        What::Region(region) => {
            let data = data.unwrap_or_else(|| scratch::folder(root, "bench"));
            region.run(root, &std::path::absolute(data)?).await?
        }
        What::Room(rooms) => {
            // On a disk, as an object's storage is.
            let data = data.unwrap_or_else(|| root.path("target/bench/room"));
            rooms.run(root, std::path::absolute(data)?).await?
        }
        What::Size(size) => size.run(root).await?,
        What::Reads(reads) => {
            let (stack, link) = start(root, data).await?;
            let result = reads.run(&stack, &link).await;
            stack.stop().await;
            result?
        }
        What::Outage(outage) => {
            let (stack, _link) = start(root, data).await?;
            let result = outage.run(&stack).await;
            stack.stop().await;
            result?
        }
        What::Revoke(revoke) => {
            let (stack, _link) = start(root, data).await?;
            let result = revoke.run(&stack).await;
            stack.stop().await;
            result?
        }
    };
    println!("{text}");
    Ok(())
}

/// Starts a stack without rate limits per address, and a link that counts the requests to its region.
async fn start(root: &Root, data: Option<PathBuf>) -> Result<(Stack, Link)> {
    let (artifacts, mut options) = stack::fresh(root, data, "bench").await?;
    options.disable_rate_limits();
    let link = Link::in_front_of(&mut options).await?;
    let stack = Stack::start(root, &artifacts, options).await?;
    Ok((stack, link))
}

/// A histogram of times in microseconds, to three digits.
#[derive(Debug, Clone)]
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Result<Self> {
        // Up to ten minutes; longer times count as ten minutes.
        Ok(Self(Histogram::new_with_bounds(1, 600_000_000, 3)?))
    }

    fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn count(&self) -> u64 {
        self.0.len()
    }

    /// Formats the percentiles as `p50 0.3 ms, p95 …`.
    fn show(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        let at = |quantile| Duration::from_micros(self.0.value_at_quantile(quantile));
        let ms = |span: Duration| format!("{:.1} ms", span.as_secs_f64() * 1000.0);
        format!(
            "p50 {}, p95 {}, p99 {}, max {}",
            ms(at(0.5)),
            ms(at(0.95)),
            ms(at(0.99)),
            ms(Duration::from_micros(self.0.max()))
        )
    }
}
