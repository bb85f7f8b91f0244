//! The scenarios: the rooms, the load, and the figure that counts.

use std::fmt;

use anyhow::Result;
use clap::ValueEnum;
use room_bench::plan::{Load, Outcome};
use serde_json::json;

use super::peer::{Kit, Peer};
use super::rooms::{Mode, Rooms};

/// A load, the same for every server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Scenario {
    /// 100 rooms of 10; each client waits for its own message before it sends the next.
    Closed,
    /// The same with `ack: "durable"`, each client waiting for the acknowledgement; Matchpoint alone.
    Durable,
    /// 10 rooms of 10 with 1,000 messages a second in all: 10,000 deliveries a second.
    Open,
    /// The most players at 20 messages a second in rooms of 10 with p95 below 50 ms and nothing lost.
    People,
    /// The most players in matches of eight of a real-time mode, 2 moves a second each, with p95 of the replies below 50 ms;
    /// Matchpoint alone.
    Ticking,
    /// One speaker at 10 messages a second, 1,000 spectators.
    Crowd,
    /// 500 rooms of two, closed loop.
    Pairs,
    /// Opening 1,000 sockets after 500 others, 32 at a time, in rooms of 10.
    Openings,
    /// Memory with 1,000 idle sockets in rooms of 10.
    Idle,
    /// 100 rooms of two are idle for 15 s, then one message in each, 20 a second.
    Wake,
}

/// p95 beyond which players notice.
const PATIENCE_MS: f64 = 50.0;
/// Clients in a room, where a scenario does not say otherwise.
const ROOM: usize = 10;
/// Players of a match of the real-time mode.
const ARENA_PLAYERS: usize = 8;
/// A match that does not end while it is measured.
const ARENA: Mode = Mode { name: "arena@1", config: || json!({ "coins_to_win": 1000 }) };
/// Rooms with which the search for the most players begins.
const FIRST_ROOMS: usize = 8;

impl Scenario {
    pub(super) const ALL: [Self; 10] = [
        Self::Closed,
        Self::Durable,
        Self::Open,
        Self::People,
        Self::Ticking,
        Self::Crowd,
        Self::Pairs,
        Self::Openings,
        Self::Idle,
        Self::Wake,
    ];

    /// Runs once against a fresh server.
    pub(super) async fn run(self, kit: &Kit, peer: Peer, seconds: f64) -> Result<Outcome> {
        let closed = Load::Closed { durable: false };
        match self {
            Self::Closed => kit.run(peer, Rooms::of(100, ROOM), closed, seconds, 0.0).await,
            Self::Durable | Self::Ticking if peer != Peer::Matchpoint => Ok(Outcome::default()),
            Self::Durable => {
                let durable = Load::Closed { durable: true };
                kit.run(peer, Rooms::of(100, ROOM), durable, seconds, 0.0).await
            }
            Self::Open => {
                kit.run(peer, Rooms::of(10, ROOM), Load::Open { per_s: 1000.0 }, seconds, 0.0).await
            }
            Self::People => {
                most_people(kit, peer, Rooms::of(FIRST_ROOMS, ROOM), Load::Each { per_s: 20.0 }, seconds)
                    .await
            }
            Self::Ticking => {
                let rooms = Rooms { mode: Some(ARENA), ..Rooms::of(FIRST_ROOMS, ARENA_PLAYERS) };
                most_people(kit, peer, rooms, Load::Moves { per_s: 2.0 }, seconds).await
            }
            Self::Crowd => {
                let rooms = Rooms { spectators: 1000, ..Rooms::of(1, 1) };
                kit.run(peer, rooms, Load::Open { per_s: 10.0 }, seconds, 0.0).await
            }
            Self::Pairs => kit.run(peer, Rooms::of(500, 2), closed, seconds, 0.0).await,
            Self::Openings => {
                let rooms = Rooms { warm: 50, ..Rooms::of(150, ROOM) };
                kit.run(peer, rooms, Load::Idle, seconds, 1.0).await
            }
            Self::Idle => kit.run(peer, Rooms::of(100, ROOM), Load::Idle, seconds, 1.0).await,
            Self::Wake => {
                // One message for each room, so that each wakes an object.
                kit.run(peer, Rooms::of(100, 1), Load::Open { per_s: 20.0 }, 5.0, 15.0).await
            }
        }
    }

    /// The figure that counts, its name, and true where more is better.
    pub(super) fn figure(self, outcome: &Outcome) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let per_s = |count: u64| count as f64 / outcome.measured_s.max(0.001);
        #[allow(clippy::cast_precision_loss)]
        match self {
            Self::Closed | Self::Pairs => per_s(outcome.delivered),
            Self::Durable => per_s(outcome.acknowledged),
            Self::Open | Self::Crowd => outcome.p95_ms,
            Self::People | Self::Ticking => outcome.opened as f64,
            Self::Openings => outcome.open_cpu_s * 1000.0 / outcome.open_measured.max(1) as f64,
            Self::Idle => {
                outcome.rss_after_kib.saturating_sub(outcome.rss_before_kib) as f64
                    / outcome.opened.max(1) as f64
            }
            Self::Wake => outcome.p50_ms,
        }
    }

    /// The unit of the figure.
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Closed | Self::Pairs => "deliveries/s",
            Self::Durable => "durable acknowledgements/s",
            Self::Open | Self::Crowd => "p95 ms",
            Self::People | Self::Ticking => "players",
            Self::Openings => "CPU ms a connection",
            Self::Idle => "KiB a socket",
            Self::Wake => "p50 ms from rest",
        }
    }

    /// True where a greater figure is better.
    pub(super) const fn more_is_better(self) -> bool {
        match self {
            Self::Closed | Self::Pairs | Self::Durable | Self::People | Self::Ticking => true,
            Self::Open | Self::Crowd | Self::Openings | Self::Idle | Self::Wake => false,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Closed => "closed loop, 100 × 10",
            Self::Durable => "closed loop, every command durable",
            Self::Open => "open loop, 10,000 deliveries/s",
            Self::People => "most players at 20 messages/s",
            Self::Ticking => "most players in matches of eight at 10 ticks/s",
            Self::Crowd => "1 speaker, 1,000 spectators",
            Self::Pairs => "closed loop, 500 × 2",
            Self::Openings => "opening 1,000 sockets after 500",
            Self::Idle => "1,000 idle sockets",
            Self::Wake => "waking after 15 s",
        };
        f.write_str(name)
    }
}

/// Doubles the rooms until the server fails, then halves the gap down to a twentieth.
async fn most_people(kit: &Kit, peer: Peer, first: Rooms, load: Load, seconds: f64) -> Result<Outcome> {
    let (mut good, mut bad, mut rooms) = (None::<(usize, Outcome)>, None::<usize>, first.count);
    loop {
        let outcome = kit.run(peer, Rooms { count: rooms, ..first }, load, seconds, 0.0).await;
        match outcome {
            Ok(outcome) if outcome.p95_ms < PATIENCE_MS && outcome.lost + outcome.doubled == 0 => {
                good = Some((rooms, outcome));
            }
            // A server that closes a socket under load has failed as one that is late.
            Ok(_) | Err(_) => bad = Some(rooms),
        }
        let low = good.as_ref().map_or(0, |(rooms, _)| *rooms);
        rooms = match bad {
            None => low * 2,
            Some(high) if high - low <= (high / 20).max(1) => {
                return Ok(good.map(|(_, outcome)| outcome).unwrap_or_default());
            }
            Some(high) => low.midpoint(high),
        };
    }
}
