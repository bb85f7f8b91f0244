//! `cargo xtask chaos`: runs rooms of clients under injected failures, and checks that no durable event is
//! lost.

mod client;
mod report;
mod verdict;
mod weather;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use matchpoint_client::{Player, RoomId};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::root::Root;
use crate::stack::{self, Stack};
use crate::wire::num;
use client::{Client, Counters, Phase};
use report::Report;
use weather::{Plan, Random};

/// Limit for the clients to reconnect and receive everything after the failures end.
const CALM: Duration = Duration::from_mins(3);

/// Limit for an opening: workerd has just been killed, and all clients come back at once.
const OPENING: Duration = Duration::from_secs(30);

/// Runs a stack of its own under failures: clients in rooms, lost connections, slow readers, evictions,
/// kills. At the end no event that was reported durable may be missing, doubled or out of order.
#[derive(Debug, Clone, Args)]
pub struct Chaos {
    /// Minutes of failures.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Number of clients.
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// Number of rooms; the clients are spread evenly.
    #[arg(long, default_value_t = 50)]
    rooms: usize,
    /// Messages per second of each client.
    #[arg(long, default_value_t = 0.5)]
    rate: f64,
    /// Seconds between kills of workerd; 0 for no kills.
    #[arg(long, value_name = "S", default_value_t = 30)]
    kill_every: u64,
    /// Seed of an earlier run, to repeat its failures.
    #[arg(long)]
    seed: Option<u64>,
    /// Directory of the stack's data; earlier data is deleted [default: in memory, or target/chaos]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the storm, prints the report, and fails on any broken promise.
pub async fn run(root: &Root, chaos: Chaos) -> Result<()> {
    let seats = chaos.clients / chaos.rooms.max(1);
    let fits = (1..=shared::limits::SEATS_MAX).contains(&seats) && seats * chaos.rooms == chaos.clients;
    ensure!(fits, "--clients must be 1 to 64 times --rooms");
    let seed = chaos.seed.unwrap_or_else(weather::seed);
    eprintln!("--seed {seed} repeats the same failures.");
    let stack = Arc::new(start(root, &chaos).await?);
    let result = storm(&stack, &chaos, seats, seed).await;
    stack.stop().await;
    let report = result?;
    println!("{report}");
    if !report.is_success() {
        bail!("a promise was broken; --seed {seed}");
    }
    Ok(())
}

async fn start(root: &Root, chaos: &Chaos) -> Result<Stack> {
    let (artifacts, mut options) = stack::fresh(root, chaos.data.clone(), "chaos").await?;
    // All clients come from one address.
    options.disable_rate_limits();
    Stack::start(root, &artifacts, options).await
}

/// Opens the rooms and creates their players.
async fn open_rooms(url: &str, rooms: usize, seats: usize) -> Result<Vec<(RoomId, Vec<Player>)>> {
    let client = Arc::new(matchpoint_client::Client::new(url)?.with_opening_timeout(OPENING));
    let mut making = JoinSet::new();
    for at in 0..rooms {
        let client = Arc::clone(&client);
        making.spawn(async move {
            let mut players = Vec::new();
            for seat in 0..seats {
                players.push(client.guest(&format!("Chaos {at} {seat}")).await?);
            }
            let owner = players.first().context("a room has a seat")?;
            let wish = json!({ "seats": seats, "rules": { "end": "nobody", "grace_s": 600 } });
            let room = owner.create_room(&wish).await?;
            anyhow::Ok((room, players))
        });
    }
    making.join_all().await.into_iter().collect()
}

async fn storm(stack: &Arc<Stack>, chaos: &Chaos, seats: usize, seed: u64) -> Result<Report> {
    let rooms = open_rooms(stack.edge_url(), chaos.rooms, seats).await?;
    let (phase, phases) = watch::channel(Phase::Storm);
    let mut running = JoinSet::new();
    let (mut orders, mut tallies) = (Vec::new(), Vec::new());
    let every = Duration::from_secs_f64(1.0 / chaos.rate.max(0.01));
    for (at, (room, players)) in rooms.iter().enumerate() {
        for (seat, player) in (0..).zip(players) {
            let (order, received) = mpsc::unbounded_channel();
            let (tally, phases) = (Arc::new(Counters::default()), phases.clone());
            orders.push(order);
            tallies.push(Arc::clone(&tally));
            let (room, player) = ((at, room.clone()), (seat, player.clone()));
            running.spawn(async move {
                Client::connect(room, player, every, received, tally).await.run(phases).await
            });
        }
    }
    let names = rooms.iter().map(|(room, _)| room.to_string()).collect();
    let plan = Plan {
        until: Instant::now() + Duration::from_secs_f64(chaos.minutes * 60.0),
        kill_every: Duration::from_secs(chaos.kill_every),
        rooms: names,
    };
    let began = Instant::now();
    let mut line = interval(Duration::from_secs(1));
    let weather = weather::inject(stack.clone(), plan, Random::new(seed), orders);
    tokio::pin!(weather);
    let done = loop {
        tokio::select! {
            done = &mut weather => break done?,
            _ = line.tick() => show(began, &tallies),
        }
    };
    phase.send(Phase::Calm)?;
    let deadline = Instant::now() + CALM;
    let left = || tallies.iter().map(|tally| tally.unsettled()).sum::<u64>();
    while left() > 0 && Instant::now() < deadline {
        line.tick().await;
        show(began, &tallies);
    }
    let unsettled = left();
    let mut heads = Vec::new();
    for (room, _) in &rooms {
        let url = format!("{}/v1/rooms/{room}", stack.edge_url());
        let summary: Value = reqwest::get(url).await?.json().await?;
        heads.push(num(&summary, "/at").with_context(|| format!("a room does not exist: {summary}"))?);
    }
    phase.send(Phase::Until(Arc::new(heads), deadline))?;
    let clients = running.join_all().await;
    eprintln!();
    Ok(verdict::report(clients, chaos.rooms, &done, unsettled))
}

fn show(began: Instant, tallies: &[Arc<Counters>]) {
    let sum = |of: fn(&Counters) -> u64| tallies.iter().map(|tally| of(tally)).sum::<u64>();
    let seconds = began.elapsed().as_secs();
    let here = sum(Counters::here);
    let (said, left) = (sum(Counters::said), sum(Counters::unsettled));
    let line = format!(
        "{seconds:>4} s  {here:>4} here  {said:>7} said  {left:>5} not yet durable  {:>8} delivered  {:>6} resumes",
        sum(Counters::delivered),
        sum(Counters::resumes),
    );
    if std::io::stderr().is_terminal() {
        eprint!("\r{line}");
    } else if seconds.is_multiple_of(10) {
        eprintln!("{line}");
    }
}
