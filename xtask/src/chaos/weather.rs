//! The weather: cuts, slow readers, evictions, kills, as a seed draws them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until, timeout};

use super::client::Order;
use crate::driver::WebSockets;
use crate::stack::Stack;

/// How often the weather changes.
const EVERY: Duration = Duration::from_millis(100);
/// How long an eviction may take. workerd waits until an object is idle.
const PATIENCE: Duration = Duration::from_secs(1);

/// Numbers that a seed draws.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `most`.
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let most = u64::try_from(most.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0 % most).unwrap_or(0)
    }

    /// Once in so many times.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A seed that nobody chose.
pub(super) fn seed() -> u64 {
    u64::from_str_radix(&crate::wire::unique(), 16).unwrap_or(1) >> 32
}

/// How bad it gets.
#[derive(Debug)]
pub(super) struct Plan {
    pub until: Instant,
    /// Zero, never.
    pub kill_every: Duration,
    pub rooms: Vec<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    pub kills: u64,
    pub evictions: u64,
    /// Evictions that workerd did not carry out in time.
    pub held: u64,
    pub cuts: u64,
    pub slowed: u64,
}

/// Lets it rage until the plan's end. One thing after another: nobody is evicted from a server that is down.
pub(super) async fn rage(
    stack: Arc<Stack>,
    plan: Plan,
    mut chance: Chance,
    clients: Vec<UnboundedSender<Order>>,
) -> Result<Done> {
    let mut done = Done::default();
    let mut next_kill = Instant::now() + plan.kill_every;
    let mut next = Instant::now();
    while Instant::now() < plan.until {
        next = (next + EVERY).max(Instant::now());
        sleep_until(next).await;
        // Each client is cut about once in 40 s, and reads slowly about once in 10 minutes.
        for _ in 0..=clients.len() / 100 {
            if chance.one_in(4) {
                done.cuts += u64::from(order(&clients, &mut chance, Order::Cut));
            }
        }
        if chance.one_in(30) {
            let pause = Duration::from_millis(2000 + chance.below(6000) as u64);
            done.slowed += u64::from(order(&clients, &mut chance, Order::Slow(pause)));
        }
        if chance.one_in(5)
            && let Some(room) = plan.rooms.get(chance.below(plan.rooms.len()))
        {
            let how = if chance.one_in(3) { WebSockets::Close } else { WebSockets::Hibernate };
            match timeout(PATIENCE, stack.evict("RoomObject", room, how)).await {
                Ok(evicted) => done.evictions += u64::from(evicted?),
                Err(_) => done.held += 1,
            }
        }
        if !plan.kill_every.is_zero() && Instant::now() >= next_kill {
            stack.kill_workerd().await?;
            stack.restart_edge().await?;
            done.kills += 1;
            next_kill = Instant::now() + plan.kill_every;
        }
    }
    Ok(done)
}

fn order(clients: &[UnboundedSender<Order>], chance: &mut Chance, order: Order) -> bool {
    let client = clients.get(chance.below(clients.len()));
    client.is_some_and(|client| client.send(order).is_ok())
}
