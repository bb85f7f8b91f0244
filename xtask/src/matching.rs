//! `cargo xtask match`: runs a log of who came and left through the lobby's own matchmaker, under simulated time, and
//! tells how long people waited, how good their matches are, and who was left. docs/replay.md has the log's format.

mod best;
mod cohort;
mod engine;
mod generate;
mod html;
mod log;
mod others;
mod plot;
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
pub use cohort::Cohort;
pub use generate::{Generate, Kind};
pub use log::Log;
use others::{Fifo, Interval, Query};
use replay::Lobby;
pub use report::{Report, Run, Split};
use rules::Rules;
pub use shards::By;
use shards::Sharded;
pub use snapshots::{Comparison, Exact, GOAL};
pub use summary::{Spread, Summary};

/// Replays a log of who came and left: waits, quality and starvation, by the rules of one pool or several.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Match {
    #[command(subcommand)]
    also: Option<Also>,
    #[command(flatten)]
    replay: Option<Replay>,
}

#[derive(Debug, Clone, Subcommand)]
enum Also {
    Generate(Generate),
    Exact(Exact),
}

/// A replay.
#[derive(Debug, Clone, Args)]
pub struct Replay {
    /// The log: CSV or JSON Lines, as docs/replay.md says.
    #[arg(long, value_name = "FILE", required = true)]
    pub log: PathBuf,
    /// A pool of wrangler.toml, or a TOML or JSON file of one; several stand side by side [default: all of
    /// wrangler.toml]
    #[arg(long = "pool", value_name = "RULES")]
    pub pools: Vec<String>,
    /// A column to group people by; `rating:100` makes bands of 100.
    #[arg(long = "by", value_name = "COLUMN[:WIDTH]")]
    pub by: Vec<Cohort>,
    /// Beside it: first come first served, Nakama's matchmaker, and the best possible pairs.
    #[arg(long)]
    pub compare: bool,
    /// Also with so many lobbies, and a parent for whoever waits too long; without it, with those that the pool says.
    #[arg(long, value_name = "LOBBIES", value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub shards: Option<u16>,
    /// What decides which lobby somebody goes to.
    #[arg(long, value_enum, default_value_t = By::Rating)]
    pub shard_by: By,
    /// Which attribute, for `--shard-by attr`.
    #[arg(long, value_name = "COLUMN", default_value = "lang")]
    pub shard_attr: String,
    /// After how long somebody climbs to the parent, seconds.
    #[arg(long, default_value_t = 10)]
    pub climb_s: u32,
    /// Write a page with plots there.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the figures there.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Replay {
    /// Of this log, by these rules, with nothing else.
    #[must_use]
    pub fn of(log: &Path, pools: &[&str]) -> Self {
        Self {
            log: log.to_owned(),
            pools: pools.iter().map(|&name| name.to_owned()).collect(),
            by: Vec::new(),
            compare: false,
            shards: None,
            shard_by: By::Rating,
            shard_attr: "lang".into(),
            climb_s: 10,
            html: None,
            json: None,
        }
    }
}

/// Does what is asked.
pub fn run(root: &Root, asked: &Match) -> Result<()> {
    match (&asked.also, &asked.replay) {
        (Some(Also::Generate(generate)), _) => generate::run(generate),
        (Some(Also::Exact(asked)), _) => say(&exact(root, asked)?.to_string()),
        (None, Some(asked)) => {
            let report = replay(root, asked)?;
            if let Some(file) = &asked.html {
                write(file, &html::page(&report))?;
            }
            if let Some(file) = &asked.json {
                let text = serde_json::to_string_pretty(&report)?;
                write(file, &(text + "\n"))?;
            }
            say(&report.to_string())
        }
        (None, None) => bail!("name a log: --log FILE"),
    }
}

/// Prints it. Who reads no further, as `head` does, has read enough.
fn say(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The lobby's pairs beside the best possible ones, on made-up snapshots.
pub fn exact(root: &Root, asked: &Exact) -> Result<Comparison> {
    snapshots::run(&rules::find(root, &asked.pool)?, asked)
}

/// Runs a log through everything that is asked for.
pub fn replay(root: &Root, asked: &Replay) -> Result<Report> {
    let log = read::file(&asked.log)?;
    let pools = if asked.pools.is_empty() {
        rules::all(root)?
    } else {
        let names = asked.pools.iter();
        names.map(|name| rules::find(root, name)).collect::<Result<_>>()?
    };
    let times = log.events.iter().map(|(at, _)| *at);
    let began = times.clone().min().unwrap_or_default();
    let mut report = Report {
        log: asked.log.display().to_string(),
        people: log.people(),
        span_ms: time::ms(times.max().unwrap_or_default().since(began)),
        runs: Vec::new(),
        exact: std::collections::BTreeMap::default(),
        shards: Vec::new(),
    };
    for rules in &pools {
        let whole = run_one(&log, &rules.name, rules, &mut Lobby::new(&rules.pool), asked);
        let made_up = asked
            .shards
            .map(|many| shards::rule(&log, many, asked.shard_by, &asked.shard_attr, asked.climb_s));
        if let Some(rule) = made_up.or_else(|| rules.pool.shards.clone()) {
            let split = split(&log, rules, &rule, asked, &whole);
            report.runs.push(whole);
            report.runs.push(split.0);
            report.shards.push(split.1);
        } else {
            report.runs.push(whole);
        }
    }
    if asked.compare {
        compare(&log, &pools, began, asked, &mut report);
    }
    Ok(report)
}

fn run_one(log: &Log, name: &str, rules: &Rules, matcher: &mut dyn replay::Matcher, asked: &Replay) -> Run {
    let outcome = replay::run(log, &rules.pool, matcher);
    Run::new(name, log, &outcome, &rules.pool, &asked.by)
}

fn split(log: &Log, rules: &Rules, rule: &Shards, asked: &Replay, whole: &Run) -> (Run, Split) {
    let mut sharded = Sharded::new(&rules.pool, rule);
    let name = format!("{} × {}", rules.name, rule.count());
    let run = run_one(log, &name, rules, &mut sharded, asked);
    let unmatched = |run: &Run| i64::try_from(run.all.unmatched()).unwrap_or(i64::MAX);
    let split = Split {
        whole: whole.name.clone(),
        split: name,
        climbed: sharded.climbed,
        added_wait_ms: run.all.wait_ms.mean - whole.all.wait_ms.mean,
        added_p90_ms: run.all.wait_ms.p90 - whole.all.wait_ms.p90,
        added_gap: run.all.gap.mean - whole.all.gap.mean,
        added_unmatched: unmatched(&run) - unmatched(whole),
    };
    (run, split)
}

/// What others would make of it, by the first pool's seats and ratings.
fn compare(log: &Log, pools: &[Rules], began: Time, asked: &Replay, report: &mut Report) {
    let Some(rules) = pools.first() else {
        return;
    };
    let (_, seats) = engine::sizes(&rules.pool);
    let fifo = run_one(log, "first come", rules, &mut Fifo::new(seats), asked);
    report.runs.push(fifo);
    let mut ranges = vec![("Nakama".to_owned(), f64::INFINITY)];
    if let Some(window) = rules.pool.rating {
        let range = |within: f64| (format!("Nakama ±{within}"), within);
        ranges = vec![range(window.within), range(window.at_most)];
    }
    for (name, within) in ranges {
        let query = Query { within, is_mutual: false };
        let mut interval = Interval::new(&rules.pool, query, began);
        report.runs.push(run_one(log, &name, rules, &mut interval, asked));
    }
    for rules in pools.iter().filter(|rules| snapshots::applies(&rules.pool)) {
        let comparison = snapshots::of_log(log, &rules.pool);
        report.exact.insert(rules.name.clone(), comparison);
    }
}
