//! One client of the storm: sends at a steady rate, follows its room, and suffers the weather's orders.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::wire::{Player, RoomClient, Server};

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
    server: Server,
    room: String,
    player: Player,
    every: Duration,
    orders: UnboundedReceiver<Disturbance>,
    tally: Arc<Counters>,
    /// Number of the room.
    pub at: usize,
    pub connection: RoomClient,
    /// The text that was sent under each key.
    pub names: BTreeMap<String, String>,
    /// True if the client received every event of the room.
    pub received_all: bool,
}

impl Client {
    pub(super) fn new(
        server: &Server,
        at: usize,
        room: &str,
        player: &Player,
        every: Duration,
        seat: u32,
    ) -> (Self, UnboundedSender<Disturbance>, Arc<Counters>) {
        let (order, orders) = unbounded_channel();
        let tally = Arc::new(Counters::default());
        let client = Self {
            server: server.clone(),
            room: room.to_owned(),
            player: player.clone(),
            every,
            orders,
            tally: tally.clone(),
            at,
            // One after another: workerd keeps an object awake whose sockets opened at the same moment.
            connection: RoomClient::new(server.room(room, player)).after(CONNECT_DELAY * seat),
            names: BTreeMap::new(),
            received_all: false,
        };
        (client, order, tally)
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
                    self.obey().await;
                }
                Phase::Calm => {}
                Phase::Until(heads, deadline) => {
                    let head = heads.get(self.at).copied().unwrap_or(0);
                    self.received_all = self.connection.ledger.at() >= head;
                    if self.received_all || now >= deadline {
                        return self;
                    }
                }
            }
            if self.connection.needs_token() {
                self.renew().await;
            }
            self.connection.step(now + POLL_INTERVAL.min(self.every)).await;
            self.count();
        }
    }

    fn speak(&mut self) {
        let name = format!("{} {}", self.player.id, self.names.len());
        let key = self.connection.say(&json!({ "name": name }));
        self.names.insert(key, name);
    }

    async fn obey(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Disturbance::Cut => self.connection.cut(),
                Disturbance::Slow(pause) => sleep(pause).await,
            }
        }
    }

    async fn renew(&mut self) {
        // If the region does not answer, the next look asks again.
        if let Ok(player) = self.server.refresh(&self.player).await {
            self.player = player;
            self.connection.reopen(self.server.room(&self.room, &self.player));
        }
    }

    fn count(&self) {
        let tell = |to: &AtomicU64, value: u64| to.store(value, Ordering::Relaxed);
        tell(&self.tally.here, u64::from(self.connection.is_here()));
        tell(&self.tally.said, self.names.len() as u64);
        tell(&self.tally.unsettled, self.connection.unsettled() as u64);
        tell(&self.tally.delivered, self.connection.ledger.delivered);
        tell(&self.tally.resumes, self.connection.resumes.len() as u64);
    }
}
