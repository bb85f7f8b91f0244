//! One person in the storm: speaks at a steady pace, follows the room, and does what the weather orders.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::wire::{Follower, Player, Server};

/// How often somebody looks up from the socket.
const LOOK: Duration = Duration::from_millis(200);

/// How long after one another the people of a room come.
const APART: Duration = Duration::from_millis(1500);

/// What the weather does to somebody.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Cut,
    /// Reads nothing for a while, with the socket open.
    Slow(Duration),
}

/// How far the whole is.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    Storm,
    /// Nobody says anything new.
    Calm,
    /// Everybody listens until the room's head, or until then.
    Until(Arc<Vec<u64>>, Instant),
}

/// What others see of a client while it runs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    here: AtomicU64,
    said: AtomicU64,
    unsettled: AtomicU64,
    delivered: AtomicU64,
    resumes: AtomicU64,
}

impl Tally {
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

/// Somebody.
#[derive(Debug)]
pub(super) struct Client {
    server: Server,
    room: String,
    player: Player,
    every: Duration,
    orders: UnboundedReceiver<Order>,
    tally: Arc<Tally>,
    /// Which room, by number.
    pub at: usize,
    pub follower: Follower,
    /// What was said under which key.
    pub names: BTreeMap<String, String>,
    /// Whether everything that the room has was heard in the end.
    pub heard_all: bool,
}

impl Client {
    pub(super) fn new(
        server: &Server,
        at: usize,
        room: &str,
        player: &Player,
        every: Duration,
        seat: u32,
    ) -> (Self, UnboundedSender<Order>, Arc<Tally>) {
        let (order, orders) = unbounded_channel();
        let tally = Arc::new(Tally::default());
        let client = Self {
            server: server.clone(),
            room: room.to_owned(),
            player: player.clone(),
            every,
            orders,
            tally: tally.clone(),
            at,
            // One after another: workerd keeps an object awake whose sockets opened at the same moment.
            follower: Follower::new(server.room(room, player)).after(APART * seat),
            names: BTreeMap::new(),
            heard_all: false,
        };
        (client, order, tally)
    }

    /// Lives through the storm until everything is heard.
    pub(super) async fn live(mut self, phases: watch::Receiver<Phase>) -> Self {
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
                    self.heard_all = self.follower.ledger.at() >= head;
                    if self.heard_all || now >= deadline {
                        return self;
                    }
                }
            }
            if self.follower.needs_token() {
                self.renew().await;
            }
            self.follower.step(now + LOOK.min(self.every)).await;
            self.count();
        }
    }

    fn speak(&mut self) {
        let name = format!("{} {}", self.player.id, self.names.len());
        let key = self.follower.say(&json!({ "name": name }));
        self.names.insert(key, name);
    }

    async fn obey(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Cut => self.follower.cut(),
                Order::Slow(pause) => sleep(pause).await,
            }
        }
    }

    async fn renew(&mut self) {
        // A region that does not answer is asked again at the next look.
        if let Ok(player) = self.server.refresh(&self.player).await {
            self.player = player;
            self.follower.reopen(self.server.room(&self.room, &self.player));
        }
    }

    fn count(&self) {
        let tell = |to: &AtomicU64, value: u64| to.store(value, Ordering::Relaxed);
        tell(&self.tally.here, u64::from(self.follower.is_here()));
        tell(&self.tally.said, self.names.len() as u64);
        tell(&self.tally.unsettled, self.follower.unsettled() as u64);
        tell(&self.tally.delivered, self.follower.ledger.delivered);
        tell(&self.tally.resumes, self.follower.resumes.len() as u64);
    }
}
