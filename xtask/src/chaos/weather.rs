//! Injects failures drawn from a seed: cuts, slow readers, evictions, kills.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until, timeout};

use super::client::Disturbance;
use crate::driver::WebSockets;
use crate::stack::Stack;

/// Interval between two draws.
const EVERY: Duration = Duration::from_millis(100);
/// Limit for an eviction. workerd waits until an object is idle.
const PATIENCE: Duration = Duration::from_secs(1);

/// Random numbers of a seed.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a number below `most`.
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let most = u64::try_from(most.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0 % most).unwrap_or(0)
    }

    /// Returns true once in `times` on average.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Returns a random seed.
pub(super) fn seed() -> u64 {
    u64::from_str_radix(&crate::wire::unique(), 16).unwrap_or(1) >> 32
}

/// The rate and duration of failures.
#[derive(Debug)]
pub(super) struct Plan {
    pub until: Instant,
    /// Zero turns kills off.
    pub kill_every: Duration,
    pub rooms: Vec<String>,
}

/// Counts of injected failures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Injected {
    pub kills: u64,
    pub evictions: u64,
    /// Evictions that workerd did not carry out in time.
    pub held: u64,
    pub cuts: u64,
    pub slowed: u64,
}

/// Injects failures until the plan's end, one after another: no object is evicted from a server that is down.
pub(super) async fn inject(
    stack: Arc<Stack>,
    plan: Plan,
    mut chance: Random,
    clients: Vec<UnboundedSender<Disturbance>>,
) -> Result<Injected> {
    let mut done = Injected::default();
    let mut next_kill = Instant::now() + plan.kill_every;
    let mut next = Instant::now();
    while Instant::now() < plan.until {
        next = (next + EVERY).max(Instant::now());
        sleep_until(next).await;
        // Each client is cut about once in 40 s, and reads slowly about once in 10 minutes.
        for _ in 0..=clients.len() / 100 {
            if chance.one_in(4) {
                done.cuts += u64::from(order(&clients, &mut chance, Disturbance::Cut));
            }
        }
        if chance.one_in(30) {
            let pause = Duration::from_millis(2000 + chance.below(6000) as u64);
            done.slowed += u64::from(order(&clients, &mut chance, Disturbance::Slow(pause)));
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

fn order(clients: &[UnboundedSender<Disturbance>], chance: &mut Random, order: Disturbance) -> bool {
    let client = clients.get(chance.below(clients.len()));
    client.is_some_and(|client| client.send(order).is_ok())
}
