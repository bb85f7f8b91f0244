//! `cargo xtask conformance`: does a server keep the wire's rules? Each check has a number that docs/protocol.md
//! refers to.

macro_rules! checks {
    ($($number:literal $says:literal => $run:ident;)*) => {
        /// The checks of this file.
        pub(super) fn all() -> Vec<super::Check> {
            vec![$(super::Check {
                number: $number,
                says: $says,
                run: |table| Box::pin($run(table)),
            }),*]
        }
    };
}

mod auth;
mod board;
mod company;
mod consent;
mod delivery;
mod end;
mod fields;
mod frames;
mod http;
mod keys;
mod lobby;
mod me;
mod opening;
mod pools;
mod presence;
mod queue;
mod reads;
mod report;
mod resume;
mod say;
mod signal;
mod spectators;
mod table;
mod wants;
mod welcome;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::wire::{Player, Server};
pub use report::{Outcome, Report, Verdict};
pub use table::Table;

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(50);
/// Checks at once.
const AT_ONCE: usize = 16;

/// Checks a running server against the wire's rules. Without tokens each check begins guest sessions of its own.
#[derive(Debug, Clone, Args)]
pub struct Conformance {
    /// The edge.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The region [default: the one that the edge names]
    #[arg(long, value_name = "URL")]
    region: Option<String>,
    /// An access token, in place of guests; up to three, of different players.
    #[arg(long = "token", value_name = "TOKEN")]
    tokens: Vec<String>,
    /// An access token whose time is up. Without it the check that needs one is passed over.
    #[arg(long, value_name = "TOKEN")]
    expired: Option<String>,
    /// Only checks whose number or rule contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write the results there, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the checks as the command line says, and prints each with its verdict.
pub async fn run(conformance: Conformance) -> Result<()> {
    let server = match &conformance.region {
        Some(region) => Server::at(&conformance.url, region)?,
        None => Server::find(&conformance.url).await?,
    };
    let players = conformance.tokens.iter().map(|token| Player::of_token(token));
    let subject = Subject { server, players: players.collect::<Result<_>>()?, expired: conformance.expired };
    let only = conformance.only.unwrap_or_default();
    let report = examine(subject, &only).await;
    print!("{report}");
    if let Some(file) = conformance.json {
        std::fs::write(file, report.json().to_string())?;
    }
    ensure!(report.count(&Verdict::is_pass) > 0, "no check ran");
    if report.is_fine() {
        return Ok(());
    }
    bail!("this server does not keep the wire's rules");
}

/// What is checked, and as whom.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Where it is.
    pub server: Server,
    /// Who checks; nobody, guests do.
    pub players: Vec<Player>,
    /// A token that is no longer good.
    pub expired: Option<String>,
}

/// A check that is being made.
type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One rule of the wire, and how to see whether it is kept.
pub struct Check {
    /// `W-017`. Never used for another rule.
    pub number: &'static str,
    /// The rule.
    pub says: &'static str,
    run: fn(Table) -> Run,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.says)
    }
}

/// A check that could not be made, and why.
#[derive(Debug)]
struct PassedOver(&'static str);

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for PassedOver {}

/// Every check, by number.
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
        company::all(),
        consent::all(),
        keys::all(),
        resume::all(),
        presence::all(),
        spectators::all(),
        end::all(),
        auth::all(),
        lobby::all(),
        me::all(),
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

/// Makes the checks whose number or rule contains `only`. With guests many run at once; with given players, who may
/// have two sockets each, one after another.
pub async fn examine(subject: Subject, only: &str) -> Report {
    let began = Instant::now();
    let at_once = if subject.players.is_empty() { AT_ONCE } else { 1 };
    let (gate, subject) = (Arc::new(Semaphore::new(at_once)), Arc::new(subject));
    let mut running = JoinSet::new();
    for check in checks() {
        if !check.number.contains(only) && !check.says.contains(only) {
            continue;
        }
        let (gate, table) = (gate.clone(), Table::new(subject.clone()));
        running.spawn(async move {
            let _turn = gate.acquire().await;
            let began = Instant::now();
            let result = timeout(LIMIT, (check.run)(table)).await;
            let verdict = match result {
                Ok(Ok(())) => Verdict::Pass,
                Ok(Err(error)) if error.is::<PassedOver>() => Verdict::PassedOver(error.to_string()),
                Ok(Err(error)) => Verdict::Fail(format!("{error:#}")),
                Err(_) => Verdict::Fail(format!("it was not done after {LIMIT:?}")),
            };
            Outcome { number: check.number, says: check.says, verdict, took: began.elapsed() }
        });
    }
    let mut outcomes = running.join_all().await;
    outcomes.sort_by_key(|outcome| outcome.number);
    Report { outcomes, took: began.elapsed() }
}
