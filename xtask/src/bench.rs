//! `cargo xtask bench`: figures of the real stack on this machine, for comparison with others of the same machine.

mod lambda;
mod outage;
mod plan;
mod reads;
mod region;
mod revoke;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use hdrhistogram::Histogram;

use crate::faults::Link;
use crate::root::Root;
use crate::scratch;
use crate::stack::{self, Stack};

/// Measures something of a stack of its own.
#[derive(Debug, Clone, Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
    /// Where the stack keeps its data; what it kept before is forgotten [default: in memory, or target/bench]
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
}

/// Runs it and prints the figures.
pub async fn run(root: &Root, bench: Bench) -> Result<()> {
    let data = bench.data;
    let text = match bench.what {
        What::Plan(plan) => plan::run(root, &plan)?,
        What::Lambda(lambda) => lambda.run(root).await?,
        What::Region(region) => {
            let data = data.unwrap_or_else(|| scratch::folder(root, "bench"));
            region.run(root, &std::path::absolute(data)?).await?
        }
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

/// A stack that does not hold back one address, and a link that counts what its region is asked.
async fn start(root: &Root, data: Option<PathBuf>) -> Result<(Stack, Link)> {
    let (artifacts, mut options) = stack::fresh(root, data, "bench").await?;
    options.unpace_edge();
    let link = Link::before(&mut options).await?;
    let stack = Stack::start(root, &artifacts, options).await?;
    Ok((stack, link))
}

/// Times, to three digits, in microseconds.
#[derive(Debug, Clone)]
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Result<Self> {
        // Up to ten minutes: what is longer counts as that.
        Ok(Self(Histogram::new_with_bounds(1, 600_000_000, 3)?))
    }

    fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn count(&self) -> u64 {
        self.0.len()
    }

    /// `p50 0.3 ms, p95 …`.
    fn show(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        let at = |quantile| Duration::from_micros(self.0.value_at_quantile(quantile));
        let ms = |span: Duration| format!("{:.1} ms", span.as_secs_f64() * 1000.0);
        format!(
            "p50 {}, p95 {}, p99 {}, most {}",
            ms(at(0.5)),
            ms(at(0.95)),
            ms(at(0.99)),
            ms(Duration::from_micros(self.0.max()))
        )
    }
}
