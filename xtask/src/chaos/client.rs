//! One client of the storm: sends at a steady rate, follows its room, and suffers the weather's orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use matchpoint_client::{Player, RoomId};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::ledger::Recorder;

/// Interval between two looks at orders and phase.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Delay between the first connections of a room's clients.
const CONNECT_DELAY: Duration = Duration::from_millis(1500);

/// A disturbance of one client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Disturbance {
    Cut,
    /// Stops reading for a while, with the socket open.
    Slow(Duration),
}

/// The phase of the storm.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Storm,
    /// Clients send nothing new.
    Calm,
    /// Clients read until the room's head, or until the deadline.
    Until(Arc<Vec<u64>>, Instant),
}

/// Counters of a client that are read while it runs.
#[derive(Debug, Default)]
pub(super) struct Counters {
    here: AtomicU64,
    said: AtomicU64,
    unsettled: AtomicU64,
    delivered: AtomicU64,
    resumes: AtomicU64,
}

impl Counters {
    pub(super) fn here(&self) -> u64 {
        self.here.load(Ordering::Relaxed)
    }

    pub(super) fn said(&self) -> u64 {
        self.said.load(Ordering::Relaxed)
    }

    pub(super) fn unsettled(&self) -> u64 {
        self.unsettled.load(Ordering::Relaxed)
    }

    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    pub(super) fn resumes(&self) -> u64 {
        self.resumes.load(Ordering::Relaxed)
    }
}

/// A client of a room.
#[derive(Debug)]
pub(super) struct Client {
    player: Player,
    every: Duration,
    orders: UnboundedReceiver<Disturbance>,
    tally: Arc<Counters>,
    /// Number of the room.
    pub at: usize,
    pub connection: Recorder,
    /// Number of messages that were sent.
    pub said: u64,
    /// True if the client received every event of the room.
    pub received_all: bool,
}

impl Client {
    /// Connects a player to its room, after the earlier seats of the room: workerd keeps an object awake whose sockets opened
    /// at the same moment.
    pub(super) async fn connect(
        (at, room): (usize, RoomId),
        (seat, player): (u32, Player),
        every: Duration,
        orders: UnboundedReceiver<Disturbance>,
        tally: Arc<Counters>,
    ) -> Self {
        sleep(CONNECT_DELAY * seat).await;
        let connection = Recorder::open(&player, room);
        Self { player, every, orders, tally, at, connection, said: 0, received_all: false }
    }

    /// Runs until the client has received everything.
    pub(super) async fn run(mut self, phases: watch::Receiver<Phase>) -> Self {
        let mut next_said = Instant::now();
        loop {
            let phase = phases.borrow().clone();
            let now = Instant::now();
            match phase {
                Phase::Storm => {
                    if now >= next_said {
                        next_said = now + self.every;
                        self.speak();
                    }
                    self.obey();
                }
                Phase::Calm => {}
                Phase::Until(heads, deadline) => {
                    let head = heads.get(self.at).copied().unwrap_or(0);
                    self.received_all = self.connection.log.at() >= head;
                    if self.received_all || now >= deadline {
                        return self;
                    }
                }
            }
            self.connection.step(now + POLL_INTERVAL.min(self.every)).await;
            self.count();
        }
    }

    fn speak(&mut self) {
        let name = format!("{} {}", self.player.id(), self.said);
        self.said += 1;
        let body = json!({ "name": name });
        self.connection.say(name, &body);
    }

    fn obey(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Disturbance::Cut => self.connection.cut(None),
                Disturbance::Slow(pause) => self.connection.room().stall(pause),
            }
        }
    }

    fn count(&self) {
        let tell = |to: &AtomicU64, value: u64| to.store(value, Ordering::Relaxed);
        tell(&self.tally.here, u64::from(self.connection.is_here()));
        tell(&self.tally.said, self.said);
        tell(&self.tally.unsettled, self.connection.unsettled() as u64);
        tell(&self.tally.delivered, self.connection.log.delivered);
        tell(&self.tally.resumes, self.connection.resumes.len() as u64);
    }
}
