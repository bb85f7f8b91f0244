//! `cargo xtask conformance`: checks a running server against the numbered rules of docs/protocol.md.

macro_rules! checks {
    ($($number:literal $rule:literal => $run:ident;)*) => {
        /// Returns the checks of this file.
        pub(super) fn all() -> Vec<super::Check> {
            vec![$(super::Check {
                number: $number,
                rule: $rule,
                run: |fixture| Box::pin($run(fixture)),
            }),*]
        }
    };
}

mod auth;
mod board;
mod connection;
mod delivery;
mod end;
mod fields;
mod fixture;
mod frames;
mod http;
mod keys;
mod lobby;
mod me;
mod modes;
mod opening;
mod party;
mod pools;
mod presence;
mod proposal;
mod queue;
mod reads;
mod report;
mod resume;
mod say;
mod signal;
mod spectators;
mod wants;
mod welcome;

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::root::Root;
use crate::sdk::live::{self, Runtimes};
use crate::wire::{Player, Server};
pub use fixture::Fixture;
pub use report::{Outcome, Report, Verdict};

/// Limit for one check.
const LIMIT: Duration = Duration::from_secs(50);
/// Checks that run concurrently.
const AT_ONCE: usize = 16;

/// Checks a running server against the wire's rules. Without tokens each check creates its own guest
/// sessions.
#[derive(Debug, Clone, Args)]
pub struct Conformance {
    /// URL of the edge
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    url: String,
    /// URL of the region [default: the one that the edge names]
    #[arg(long, value_name = "URL")]
    region: Option<String>,
    /// An access token, to use instead of guests; up to three, of different players
    #[arg(long = "token", value_name = "TOKEN")]
    tokens: Vec<String>,
    /// An expired access token. The check that needs one is skipped without it
    #[arg(long, value_name = "TOKEN")]
    expired: Option<String>,
    /// Only checks whose number or rule contains this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Check what a client sees through the npm package instead: order, resume, keys, durability, refusals, moves, parties,
    /// proposals. In Node, in Chromium or in both; the page in Chromium is on port 8799 of this machine
    #[arg(
        long,
        value_name = "RUNTIME",
        num_args = 0..=1,
        default_missing_value = "node",
        conflicts_with_all = ["region", "tokens", "expired", "only", "json"]
    )]
    through_sdk: Option<Runtimes>,
}

/// Runs the selected checks and prints each with its verdict.
pub async fn run(root: &Root, conformance: Conformance) -> Result<()> {
    if let Some(runtimes) = conformance.through_sdk {
        return live::run(root, &conformance.url, runtimes).await;
    }
    let server = match &conformance.region {
        Some(region) => Server::at(&conformance.url, region)?,
        None => Server::find(&conformance.url).await?,
    };
    let players = conformance.tokens.iter().map(|token| Player::from_token(token));
    let subject = Subject {
        server,
        players: players.collect::<Result<_>>()?,
        expired: conformance.expired,
        expiring: None,
    };
    let only = conformance.only.unwrap_or_default();
    let report = run_checks(subject, &only).await;
    print!("{report}");
    if let Some(file) = conformance.json {
        std::fs::write(file, report.json().to_string())?;
    }
    ensure!(report.count(&Verdict::is_pass) > 0, "no check ran");
    if report.is_success() {
        return Ok(());
    }
    bail!("this server does not keep the wire's rules");
}

/// The server to check, and the players to check it with.
#[derive(Debug, Clone)]
pub struct Subject {
    pub server: Server,
    /// Players of given tokens; empty for guests.
    pub players: Vec<Player>,
    /// An expired access token.
    pub expired: Option<String>,
    /// Signs a token of the same login as an access token's, that expires in some seconds.
    pub expiring: Option<(PathBuf, ExpiringToken)>,
}

/// Signs a copy of an access token that expires in some seconds, with the keys in a data directory.
pub type ExpiringToken = fn(&Path, &str) -> Result<String>;

/// A running check.
type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One rule of the wire and its check.
pub struct Check {
    /// For example `W-017`. A number is never reused for another rule.
    pub number: &'static str,
    /// The text of the rule.
    pub rule: &'static str,
    run: fn(Fixture) -> Run,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.rule)
    }
}

/// The reason why a check was skipped.
#[derive(Debug)]
struct Skipped(&'static str);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skipped {}

/// Returns every check, sorted by number.
#[must_use]
pub fn checks() -> Vec<Check> {
    let mut all: Vec<Check> = [
        opening::all(),
        welcome::all(),
        frames::all(),
        fields::all(),
        say::all(),
        signal::all(),
        delivery::all(),
        board::all(),
        party::all(),
        proposal::all(),
        keys::all(),
        resume::all(),
        presence::all(),
        spectators::all(),
        end::all(),
        auth::all(),
        connection::all(),
        lobby::all(),
        me::all(),
        modes::all(),
        queue::all(),
        pools::all(),
        wants::all(),
        http::all(),
        reads::all(),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_by_key(|check| check.number);
    all
}

/// Runs the checks whose number or rule contains `only`. With guests many run concurrently; given players may
/// have two sockets each, so their checks run one after another.
pub async fn run_checks(subject: Subject, only: &str) -> Report {
    let began = Instant::now();
    let at_once = if subject.players.is_empty() { AT_ONCE } else { 1 };
    let (gate, subject) = (Arc::new(Semaphore::new(at_once)), Arc::new(subject));
    let mut running = JoinSet::new();
    for check in checks() {
        if !check.number.contains(only) && !check.rule.contains(only) {
            continue;
        }
        let (gate, fixture) = (gate.clone(), Fixture::new(subject.clone()));
        running.spawn(async move {
            let _turn = gate.acquire().await;
            let began = Instant::now();
            let result = timeout(LIMIT, (check.run)(fixture)).await;
            let verdict = match result {
                Ok(Ok(())) => Verdict::Pass,
                Ok(Err(error)) if error.is::<Skipped>() => Verdict::Skipped(error.to_string()),
                Ok(Err(error)) => Verdict::Fail(format!("{error:#}")),
                Err(_) => Verdict::Fail(format!("it took longer than {LIMIT:?}")),
            };
            Outcome { number: check.number, rule: check.rule, verdict, took: began.elapsed() }
        });
    }
    let mut outcomes = running.join_all().await;
    outcomes.sort_by_key(|outcome| outcome.number);
    Report { outcomes, took: began.elapsed() }
}
