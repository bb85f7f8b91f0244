//! `cargo xtask match`: replays a log of arrivals through the lobby's own matchmaker, under simulated time.
//!
//! The report has waiting times, match quality and unmatched players. docs/replay.md has the log's format.

mod baselines;
mod cohort;
mod engine;
mod exact;
mod generate;
mod html;
mod log;
mod read;
mod replay;
mod report;
mod rules;
mod shards;
mod snapshots;
mod summary;

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use shared::pool::Shards;
use shared::time::{self, Time};

use crate::root::Root;
use baselines::{Fifo, Interval, Query};
pub use cohort::Cohort;
pub use generate::{Generate, Kind};
pub use log::Log;
use replay::Lobby;
pub use report::{Report, Run, ShardingEffect};
use rules::Rules;
pub use shards::ShardKey;
use shards::Sharded;
pub use snapshots::{Comparison, ExactOptions, GOAL};
pub use summary::{Spread, Summary, percent};

/// Replays a log of arrivals with the rules of one pool or several: waits, quality and starvation.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Match {
    #[command(subcommand)]
    also: Option<Subtask>,
    #[command(flatten)]
    replay: Option<Replay>,
}

#[derive(Debug, Clone, Subcommand)]
enum Subtask {
    Generate(Generate),
    Exact(ExactOptions),
}

/// The options of a replay.
#[derive(Debug, Clone, Args)]
pub struct Replay {
    /// The log: CSV or JSON Lines, as docs/replay.md describes
    #[arg(long, value_name = "FILE", required = true)]
    pub log: PathBuf,
    /// A pool of wrangler.toml, or a TOML or JSON file of one; several are compared [default: all of
    /// wrangler.toml]
    #[arg(long = "pool", value_name = "RULES")]
    pub pools: Vec<String>,
    /// A column to group players by; `rating:100` makes bands of 100
    #[arg(long = "by", value_name = "COLUMN[:WIDTH]")]
    pub by: Vec<Cohort>,
    /// Compare with first come first served, Nakama's matchmaker, and the best possible pairs
    #[arg(long)]
    pub compare: bool,
    /// Also replay with this many shards and a parent; without it, with the shards that the pool has
    #[arg(long, value_name = "LOBBIES", value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub shards: Option<u16>,
    /// The key that assigns players to shards
    #[arg(long, value_enum, default_value_t = ShardKey::Rating)]
    pub shard_by: ShardKey,
    /// The attribute for `--shard-by attr`
    #[arg(long, value_name = "COLUMN", default_value = "lang")]
    pub shard_attr: String,
    /// Seconds after which a ticket escalates to the parent
    #[arg(long, default_value_t = 10)]
    pub climb_s: u32,
    /// Write a page with plots to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Replay {
    /// Returns the options of a replay of this log with these pools and nothing else.
    #[must_use]
    pub fn of(log: &Path, pools: &[&str]) -> Self {
        Self {
            log: log.to_owned(),
            pools: pools.iter().map(|&name| name.to_owned()).collect(),
            by: Vec::new(),
            compare: false,
            shards: None,
            shard_by: ShardKey::Rating,
            shard_attr: "lang".into(),
            climb_s: 10,
            html: None,
            json: None,
        }
    }
}

/// Runs the command.
pub fn run(root: &Root, options: &Match) -> Result<()> {
    match (&options.also, &options.replay) {
        (Some(Subtask::Generate(generate)), _) => generate::run(generate),
        (Some(Subtask::Exact(options)), _) => say(&exact(root, options)?.to_string()),
        (None, Some(options)) => {
            let report = replay(root, options)?;
            if let Some(file) = &options.html {
                write(file, &html::page(&report))?;
            }
            if let Some(file) = &options.json {
                let text = serde_json::to_string_pretty(&report)?;
                write(file, &(text + "\n"))?;
            }
            say(&report.to_string())
        }
        (None, None) => bail!("name a log: --log FILE"),
    }
}

/// Prints text. A reader that closes the pipe early, as `head` does, is no error.
fn say(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Compares the lobby's pairs with the best possible ones, on generated snapshots.
pub fn exact(root: &Root, options: &ExactOptions) -> Result<Comparison> {
    snapshots::run(&rules::find(root, &options.pool)?, options)
}

/// Replays a log through every matchmaker that the options name.
pub fn replay(root: &Root, options: &Replay) -> Result<Report> {
    let log = read::file(&options.log)?;
    let pools = if options.pools.is_empty() {
        rules::all(root)?
    } else {
        let names = options.pools.iter();
        names.map(|name| rules::find(root, name)).collect::<Result<_>>()?
    };
    let times = log.events.iter().map(|(at, _)| *at);
    let began = times.clone().min().unwrap_or_default();
    let mut report = Report {
        log: options.log.display().to_string(),
        people: log.people(),
        span_ms: time::ms(times.max().unwrap_or_default().since(began)),
        runs: Vec::new(),
        exact: std::collections::BTreeMap::default(),
        shards: Vec::new(),
    };
    for rules in &pools {
        let whole = run_one(&log, &rules.name, rules, &mut Lobby::new(&rules.pool), options);
        let made_up = options
            .shards
            .map(|many| shards::rule(&log, many, options.shard_by, &options.shard_attr, options.climb_s));
        if let Some(rule) = made_up.or_else(|| rules.pool.shards.clone()) {
            let split = split(&log, rules, &rule, options, &whole);
            report.runs.push(whole);
            report.runs.push(split.0);
            report.shards.push(split.1);
        } else {
            report.runs.push(whole);
        }
    }
    if options.compare {
        compare(&log, &pools, began, options, &mut report);
    }
    Ok(report)
}

fn run_one(log: &Log, name: &str, rules: &Rules, matcher: &mut dyn replay::Matcher, options: &Replay) -> Run {
    let outcome = replay::run(log, &rules.pool, matcher);
    Run::new(name, log, &outcome, &rules.pool, &options.by)
}

fn split(log: &Log, rules: &Rules, rule: &Shards, options: &Replay, whole: &Run) -> (Run, ShardingEffect) {
    let mut sharded = Sharded::new(&rules.pool, rule);
    let name = format!("{} × {}", rules.name, rule.count());
    let run = run_one(log, &name, rules, &mut sharded, options);
    let unmatched = |run: &Run| i64::try_from(run.all.unmatched()).unwrap_or(i64::MAX);
    let split = ShardingEffect {
        whole: whole.name.clone(),
        split: name,
        climbed: sharded.escalated,
        added_wait_ms: run.all.wait_ms.mean - whole.all.wait_ms.mean,
        added_p90_ms: run.all.wait_ms.p90 - whole.all.wait_ms.p90,
        added_gap: run.all.gap.mean - whole.all.gap.mean,
        added_unmatched: unmatched(&run) - unmatched(whole),
    };
    (run, split)
}

/// Adds the baselines to the report, with the first pool's seats and ratings.
fn compare(log: &Log, pools: &[Rules], began: Time, options: &Replay, report: &mut Report) {
    let Some(rules) = pools.first() else {
        return;
    };
    let (_, seats) = engine::sizes(&rules.pool);
    let fifo = run_one(log, "first come", rules, &mut Fifo::new(seats), options);
    report.runs.push(fifo);
    let mut ranges = vec![("Nakama".to_owned(), f64::INFINITY)];
    if let Some(window) = rules.pool.rating {
        let range = |within: f64| (format!("Nakama ±{within}"), within);
        ranges = vec![range(window.within), range(window.at_most)];
    }
    for (name, within) in ranges {
        let query = Query { within, is_mutual: false };
        let mut interval = Interval::new(&rules.pool, query, began);
        report.runs.push(run_one(log, &name, rules, &mut interval, options));
    }
    for rules in pools {
        let name = format!("{}, at once", rules.name);
        report.runs.push(run_one(log, &name, rules, &mut Lobby::at_once(&rules.pool), options));
    }
    for rules in pools.iter().filter(|rules| snapshots::applies(&rules.pool)) {
        let comparison = snapshots::of_log(log, &rules.pool);
        report.exact.insert(rules.name.clone(), comparison);
    }
}
