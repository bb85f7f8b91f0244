//! `cargo xtask load lobby`: a crowd enters one queue; its first half waits for the second, and some lose
//! their sockets meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use matchpoint_client::{Client, Error, Match, Player, QueueState, Queued, Wait, Wish};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::machine::cpu_of;
use super::outcome::Matched;
use super::{Outcome, span};
use crate::stack::Stack;
use crate::wire::unique;

/// Limit for a match after the last client entered.
const PATIENCE: Duration = Duration::from_mins(3);
/// Limit for an opening: thousands of clients open their sockets at once.
const OPENING: Duration = Duration::from_secs(60);
/// Longest time for which a client waits until it reconnects.
const AWAY: Duration = Duration::from_secs(1);
/// Guests that are created concurrently: more are not faster on two cores.
const GUESTS_AT_ONCE: usize = 8;

/// Lets clients enter one queue, cuts some of them off while they wait, and waits until all are matched.
#[derive(Debug, Clone, Args)]
pub struct Crowd {
    /// Number of clients; must be even.
    #[arg(long, default_value_t = 2000)]
    pub people: usize,
    /// Time over which they enter, for example 10s or 500ms.
    #[arg(long, default_value = "10s", value_parser = span)]
    pub over: Duration,
    /// Share of clients that lose their socket while they wait, for example 20%; at most 50%.
    #[arg(long, default_value = "20%", value_parser = share)]
    pub drop: f64,
    /// Pool of the queue. Clients of the first half want those of the second, and the other way round.
    #[arg(long, default_value = "speed-dating")]
    pub pool: String,
}

impl Crowd {
    /// Runs the crowd against this stack.
    pub async fn run(&self, stack: &Stack) -> Result<Outcome> {
        ensure!(
            self.people >= 2 && self.people.is_multiple_of(2),
            "--people must be even: every player is matched with one other"
        );
        let client = Client::new(stack.edge_url())?.with_opening_timeout(OPENING);
        eprintln!("Creating {} guests …", self.people);
        let players = guests(&client, self.people).await?;
        let half = players.len() / 2;
        let dropping = self.dropping();
        eprintln!("Entering the queue …");
        let before = cpu_of(stack.pids().workerd)?;
        let plan = Arc::new(Plan {
            pool: self.pool.clone(),
            mark: unique(),
            began: Instant::now(),
            half,
            gap: self.over / u32::try_from(players.len())?.max(1),
            waiting: Semaphore::new(0),
            until: Instant::now() + self.over + PATIENCE,
        });
        let mut living = JoinSet::new();
        for (nth, player) in players.into_iter().enumerate() {
            // Spread evenly over the first half.
            let drops = nth < half && (nth + 1) * dropping / half > nth * dropping / half;
            living.spawn(plan.clone().live(nth, player, drops));
        }
        let results = living.join_all().await;
        let cpu = cpu_of(stack.pids().workerd)?.saturating_sub(before);
        Ok(Outcome::of(plan.began, dropping, cpu, results))
    }

    fn dropping(&self) -> usize {
        let share = u32::try_from(self.people).unwrap_or(u32::MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most half of them")]
        let dropping = (f64::from(share) * self.drop).round() as usize;
        dropping
    }
}

/// The plan that all clients share.
#[derive(Debug)]
struct Plan {
    pool: String,
    mark: String,
    began: Instant,
    half: usize,
    /// Time between two clients' entries.
    gap: Duration,
    /// One permit for each client of the first half that waits.
    waiting: Semaphore,
    until: Instant,
}

impl Plan {
    /// Runs one client, from its entry to its match.
    async fn live(self: Arc<Self>, nth: usize, player: Player, drops: bool) -> Result<Matched> {
        let lived = self.live_as(nth, &player, drops).await;
        if lived.is_err() && nth < self.half {
            // The second half must not wait for a client that failed.
            self.waiting.add_permits(1);
        }
        lived.with_context(|| format!("person {nth}, {}", player.id()))
    }

    async fn live_as(&self, nth: usize, player: &Player, drops: bool) -> Result<Matched> {
        let first = nth < self.half;
        sleep_until(self.began + self.gap * u32::try_from(nth)?).await;
        if !first {
            // Clients that lost their socket were back before the second half entered, so no player was
            // matched meanwhile.
            let all = self.waiting.acquire_many(u32::try_from(self.half)?).await?;
            drop(all);
        }
        let entered = Instant::now();
        let mut wait = player.enter(&self.pool, self.wish(first)?);
        let (mut ticket, mut away) = (None, None);
        if first {
            ticket = Some(self.in_time(queued(&mut wait)).await.context("no ticket")??);
            if drops {
                let lost = Instant::now();
                wait.cut(Some(AWAY * u32::try_from(nth % 10)? / 10));
                self.in_time(wait.opened(2)).await.context("no second connection")??;
                away = Some(lost.elapsed());
            }
            self.waiting.add_permits(1);
        }
        let found = self.in_time(matched(&mut wait, ticket.as_ref())).await.context("no match")??;
        Ok(Matched {
            player: player.id().to_string(),
            room: found.room.to_string(),
            with: found.with.iter().map(ToString::to_string).collect(),
            first,
            entered,
            matched: Instant::now(),
            away,
        })
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        Ok(timeout_at(self.until, work).await?)
    }

    fn wish(&self, first: bool) -> Result<Wish> {
        let (own, other) = if first { ("1", "2") } else { ("2", "1") };
        let side = |half: &str| format!("{}/{half}", self.mark);
        let wish = json!({
            "attrs": { "side": side(own) },
            "wants": [{ "attr": "side", "is": side(other) }],
        });
        Ok(serde_json::from_value(wish)?)
    }
}

/// Creates `count` guests.
async fn guests(client: &Client, count: usize) -> Result<Vec<Player>> {
    let one = |nth| async move { client.guest(&format!("Crowd {nth}")).await };
    Ok(stream::iter(0..count).map(one).buffer_unordered(GUESTS_AT_ONCE).try_collect().await?)
}

/// Waits for the ticket.
async fn queued(wait: &mut Wait) -> Result<Queued> {
    let mut state = wait.state();
    loop {
        match state {
            QueueState::Queued(ticket) => return Ok(ticket),
            QueueState::Out(out) => return Err(Error::from(out).into()),
            QueueState::Matched(found) => bail!("matched in {} before the other half entered", found.room),
            QueueState::Entering | QueueState::Cooldown(_) | QueueState::Proposed(_) => {}
        }
        state = wait.changed().await;
    }
}

/// Waits for the match. The ticket must be the same, with its time, over all connections.
async fn matched(wait: &mut Wait, ticket: Option<&Queued>) -> Result<Match> {
    let mut state = wait.state();
    loop {
        match state {
            QueueState::Matched(found) => return Ok(found),
            QueueState::Out(out) => return Err(Error::from(out).into()),
            QueueState::Queued(now) => {
                let is_same =
                    ticket.is_none_or(|first| (&first.ticket, first.since) == (&now.ticket, now.since));
                ensure!(is_same, "{ticket:?} has become {now:?}");
            }
            QueueState::Entering | QueueState::Cooldown(_) | QueueState::Proposed(_) => {}
        }
        state = wait.changed().await;
    }
}

/// Parses a share such as `20%`.
fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|text| text.parse().ok());
    let fine = percent.filter(|percent| (0.0..=50.0).contains(percent));
    fine.map(|percent: f64| percent / 100.0).ok_or_else(|| "a share from 0% to 50%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_parsed() {
        assert_eq!(share("20%"), Ok(0.2));
        assert!(share("51%").is_err() && share("0.2").is_err());
    }
}
