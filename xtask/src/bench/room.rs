//! `cargo xtask bench room`: rooms beside their peers in one run: throughput, latency, openings, memory, waking.

mod cores;
mod generator;
mod matchpoint;
mod peer;
mod rooms;
mod scenario;
mod table;
pub(super) mod workerd;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use room_bench::plan::Outcome;

use crate::root::Root;
use peer::{Kit, Peer};
use scenario::Scenario;

/// Measures rooms of Matchpoint beside a bare JavaScript room, bare Rust rooms, `ws` and Socket.IO.
///
/// Servers run on core 0 and the generator on core 1, in turn; figures are medians.
#[derive(Debug, Clone, Args)]
pub struct Room {
    /// Only these servers [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Only these scenarios [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// Rounds; each runs every server once, and the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds that are measured in each run
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// A version of workerd other than the pinned one, such as 1.20261117.1
    #[arg(long, value_name = "VERSION")]
    workerd: Option<String>,
    /// Also writes the figures as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// The outcomes of one scenario at one server, a round each.
pub(super) struct Cell {
    peer: Peer,
    outcomes: Vec<Outcome>,
}

impl Room {
    pub(super) async fn run(&self, root: &Root, data: PathBuf) -> Result<String> {
        ensure!(self.rounds > 0, "--rounds is 1 at least");
        let peers = if self.peers.is_empty() { Peer::ALL.to_vec() } else { self.peers.clone() };
        let scenarios =
            if self.scenarios.is_empty() { Scenario::ALL.to_vec() } else { self.scenarios.clone() };
        let kit = Kit::prepare(root, data, self.workerd.as_deref(), &peers).await?;
        let mut report = table::Report::new(&kit);
        for scenario in scenarios {
            let mut cells: Vec<Cell> =
                peers.iter().map(|peer| Cell { peer: *peer, outcomes: Vec::new() }).collect();
            for round in 0..self.rounds {
                for cell in &mut cells {
                    eprintln!("{scenario}, {}, round {}", cell.peer, round + 1);
                    let outcome = scenario.run(&kit, cell.peer, self.seconds).await;
                    cell.outcomes.push(outcome.with_context(|| format!("{scenario} at {}", cell.peer))?);
                }
            }
            report.add(scenario, &cells);
        }
        kit.stop().await;
        if let Some(file) = &self.svg {
            std::fs::write(file, report.svg()).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(report.markdown())
    }
}
