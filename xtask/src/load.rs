//! `cargo xtask load`: lets a crowd or a stream of requests meet a deployment, and reports latencies, cost and every
//! broken promise.
//!
//! ```text
//! scenario   who comes, when, and what they do: xtask/load/*.toml      curve  levels over time
//! drive      runs a scenario, with a sample each second                live   the block that is redrawn
//! people     comes and goes by the schedule     person  one of them    talk   one of them in one room
//! requests   requests at a rate                 web     one of them
//! tally      counters and latencies             sample  one second     run    the data of a finished run
//! verdict    what must hold, and goals          report  tables, plots, environment, bill, comparison
//! ```

mod curve;
mod drive;
mod live;
pub mod lobby;
mod machine;
mod outcome;
mod people;
mod person;
mod report;
mod requests;
mod run;
mod sample;
mod scenario;
mod site;
mod stage;
mod talk;
mod tally;
mod target;
mod times;
mod trouble;
mod verdict;
mod web;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use time::OffsetDateTime;

use crate::cost;
use crate::root::Root;
use crate::stack::{self, Stack};
pub use drive::Plan;
pub use outcome::Outcome;
pub use report::Report;
pub use run::{Run, Shard};
pub use scenario::Scenario;
pub use verdict::{Criterion, Kind, Verdict, criteria, verdict};
pub(crate) use web::store_time;

/// Lets a scenario of xtask/load meet a stack of its own or another deployment, and judges it.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Load {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    scenario: Option<Options>,
}

#[derive(Debug, Clone, Args)]
struct Options {
    /// Name of the scenario: a file of xtask/load without its ending
    scenario: String,
    /// Part of the people or requests
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
    /// Part of the time
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time: f64,
    /// Edge of a running deployment, instead of a stack of its own
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Host of --target, if it is not this machine: you say that it is yours
    #[arg(long, value_name = "HOST", requires = "target")]
    i_own: Option<String>,
    /// The part of this generator, such as 1/3; each of several needs the same --target
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "target")]
    shard: Option<Shard>,
    /// Directory of a former report, to compare with
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Directory of the stack's data; earlier data is deleted [default: in memory, or target/load]
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum Other {
    Lobby(lobby::Crowd),
    /// Merges the reports of several generators into one.
    Merge {
        /// Directories of the reports
        #[arg(value_name = "DIR", required = true, num_args = 2..)]
        dirs: Vec<PathBuf>,
    },
}

/// Runs the scenario, writes the report, and fails if a criterion is not met.
pub async fn run(root: &Root, load: Load) -> Result<()> {
    match (load.other, load.scenario) {
        (Some(Other::Lobby(crowd)), _) => burst(root, &crowd).await,
        (Some(Other::Merge { dirs }), _) => {
            let runs: Vec<Run> = dirs.iter().map(|dir| Run::read(dir)).collect::<Result<_>>()?;
            conclude(root, &Run::merged(&runs)?, None)
        }
        (None, Some(options)) => scenario(root, options).await,
        (None, None) => bail!("name a scenario: {}", Scenario::names(root)?.join(", ")),
    }
}

async fn scenario(root: &Root, options: Options) -> Result<()> {
    let Options { scenario: name, scale, time, target, i_own, shard, against, data } = options;
    for (option, factor) in [("--scale", scale), ("--time", time)] {
        ensure!(factor > 0.0 && factor <= 1.0, "{option} {factor} must be more than 0 and at most 1");
    }
    let against = against.map(|dir| Run::read(&dir)).transpose()?;
    let plan = Plan { scenario: Scenario::read(root, &name)?, name, scale, time, shard };
    let run = if let Some(target) = target {
        target::check(&target, i_own.as_deref())?;
        plan.run(root, &target, None).await?
    } else {
        let stack = own_stack(root, data).await?;
        let run = plan.run(root, stack.edge_url(), Some(&stack)).await;
        stack.stop().await;
        run?
    };
    conclude(root, &run, against.as_ref())
}

/// Starts a stack without limits for one address: all people of a load have the same.
async fn own_stack(root: &Root, data: Option<PathBuf>) -> Result<Stack> {
    let (artifacts, mut options) = stack::fresh(root, data, "load").await?;
    options.disable_rate_limits();
    // A line for each request, for the bill.
    options.region_env.insert("METRICS".to_owned(), "on".to_owned());
    Stack::start(root, &artifacts, options).await
}

/// Writes and prints the report, and fails if a criterion is not met.
fn conclude(root: &Root, run: &Run, against: Option<&Run>) -> Result<()> {
    let report = Report::of(root, run, against);
    let dir = report.write(root, run)?;
    println!("{}", report.markdown());
    eprintln!("The report is in {}.", root.short(&dir));
    if let Some(measured) = &run.measured {
        let path = root.path(cost::LAST);
        std::fs::write(&path, serde_json::to_string_pretty(measured)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("The usage is in {}: `cargo xtask cost` scales it to a month.", root.short(&path));
    }
    match report.verdict() {
        Verdict::Passed => Ok(()),
        Verdict::Failed => bail!("a criterion is not met; see the verdict"),
        Verdict::Undecided => bail!("the run cannot decide all criteria; see the verdict"),
    }
}

async fn burst(root: &Root, crowd: &lobby::Crowd) -> Result<()> {
    let stack = own_stack(root, None).await?;
    let outcome = crowd.run(&stack).await;
    stack.stop().await;
    let outcome = outcome?;
    println!("{outcome}");
    ensure!(outcome.is_success(), "a promise was broken");
    Ok(())
}

/// Returns the time as a name of a directory: `20261129-081500`, UTC.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!(
        "{}{:02}{:02}-{:02}{:02}{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Parses a part such as `1/3`.
fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(nth, of)| Some((nth.parse().ok()?, of.parse().ok()?)));
    let fine = parts.filter(|(nth, of)| *nth >= 1_u32 && nth <= of);
    fine.map(|(nth, of)| Shard { nth, of }).ok_or_else(|| "a part like 1/3, from 1/N to N/N".to_owned())
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

    #[test]
    fn shards_are_parsed() {
        assert_eq!(shard("2/3"), Ok(Shard { nth: 2, of: 3 }));
        assert!(shard("0/3").is_err() && shard("4/3").is_err() && shard("3").is_err());
    }
}
