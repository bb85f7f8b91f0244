//! `cargo xtask load lobby`: a crowd enters one queue; its first half waits for the second, and some lose
//! their sockets meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};
use shared::hash::fnv;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::guests::guests;
use super::outcome::{Matched, cpu_of};
use super::{Outcome, span};
use crate::stack::Stack;
use crate::wire::{LobbyEvent, Player, Server, Socket, num, text, unique};
use crate::{is_event, next_event};

/// Limit for a match after the last client entered.
const PATIENCE: Duration = Duration::from_mins(3);
/// Longest pause before a socket is opened again.
const PAUSE: Duration = Duration::from_secs(30);
/// Longest time for which a client has no socket.
const AWAY: Duration = Duration::from_secs(1);

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
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        eprintln!("Creating {} guests …", self.people);
        let players = guests(&server, self.people).await?;
        let half = players.len() / 2;
        let dropping = self.dropping();
        eprintln!("Entering the queue …");
        let before = cpu_of(stack.pids().workerd)?;
        let plan = Arc::new(Plan {
            server,
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
    server: Server,
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
    /// Runs one client, from its socket to its match.
    async fn live(self: Arc<Self>, nth: usize, player: Player, drops: bool) -> Result<Matched> {
        let who = player.id.clone();
        let lived = self.live_as(nth, player, drops).await;
        if lived.is_err() && nth < self.half {
            // The second half must not wait for a client that failed.
            self.waiting.add_permits(1);
        }
        lived.with_context(|| format!("person {nth}, {who}"))
    }

    async fn live_as(&self, nth: usize, player: Player, drops: bool) -> Result<Matched> {
        let first = nth < self.half;
        sleep_until(self.began + self.gap * u32::try_from(nth)?).await;
        if !first {
            // Clients that lost their socket were back before the second half entered, so no player was
            // matched meanwhile.
            let all = self.waiting.acquire_many(u32::try_from(self.half)?).await?;
            drop(all);
        }
        let (mut socket, _) = self.open(&player).await?;
        let enter = self.enter(first);
        let entered = Instant::now();
        let (ticket, again) = self.ask(&mut socket, enter).await?;
        let mut away = None;
        if drops {
            socket.cut();
            let lost = Instant::now();
            sleep(AWAY * u32::try_from(nth % 10)? / 10).await;
            socket = self.come_back(&player, &ticket).await?;
            away = Some(lost.elapsed());
        }
        if first {
            self.waiting.add_permits(1);
        }
        let event =
            socket.wait_until(self.until, "a match", |one| is_event!(one, LobbyEvent::Matched)).await?;
        let matched = Instant::now();
        socket.closed_with(4000).await?;
        let with = event.pointer("/body/with").and_then(Value::as_array);
        let with = with.into_iter().flatten().filter_map(Value::as_str);
        Ok(Matched {
            player: player.id,
            room: text(&event, "/body/room").to_owned(),
            with: with.map(str::to_owned).collect(),
            first,
            entered,
            matched,
            away,
            again,
        })
    }

    /// Enters the queue. Returns the ticket and the number of retries: an error with `retry` is waited out,
    /// as any client does.
    async fn ask(&self, socket: &mut Socket, enter: Value) -> Result<(Value, u32)> {
        let mut again = 0;
        loop {
            let reply = socket.ask(enter.clone()).await?;
            if let Some(ticket) = reply.get("ok") {
                return Ok((ticket.clone(), again));
            }
            let may = reply.pointer("/err/retry") == Some(&Value::Bool(true));
            ensure!(may && Instant::now() < self.until, "answered {reply}");
            again += 1;
            let after = num(&reply, "/err/after_ms").unwrap_or(1000);
            sleep(Duration::from_millis(after)).await;
        }
    }

    /// Opens a socket and returns it with its welcome. If opening fails, retries as the SDK does: after a
    /// random pause below a bound that doubles.
    async fn open(&self, player: &Player) -> Result<(Socket, Value)> {
        let mut bound = AWAY;
        loop {
            let error = match self.open_once(player).await {
                Ok(open) => return Ok(open),
                Err(error) => error,
            };
            let chance = fnv(format!("{} {bound:?}", player.id).as_bytes()) % 1000;
            let pause = AWAY / 2 + bound * u32::try_from(chance)? / 1000;
            if Instant::now() + pause >= self.until {
                return Err(error);
            }
            sleep(pause).await;
            bound = (bound * 2).min(PAUSE);
        }
    }

    async fn open_once(&self, player: &Player) -> Result<(Socket, Value)> {
        let socket = self.server.lobby(&self.pool, player).connect().await?;
        let rest = self.until.saturating_duration_since(Instant::now());
        let mut socket = socket.with_patience(rest);
        let welcome = socket.welcome().await?;
        Ok((socket, welcome))
    }

    /// Reconnects and checks that the ticket and its time are the same.
    async fn come_back(&self, player: &Player, ticket: &Value) -> Result<Socket> {
        let (mut socket, welcome) = self.open(player).await?;
        if welcome.get("recovered") != Some(&Value::Bool(true)) {
            bail!("reconnected for {ticket} and received {welcome}");
        }
        let queued = next_event!(socket, LobbyEvent::Queued).await?;
        let same = text(&queued, "/body/ticket") == text(ticket, "/ticket")
            && num(&queued, "/body/since") == num(ticket, "/since");
        ensure!(same, "reconnected for {ticket} and received {queued}");
        Ok(socket)
    }

    fn enter(&self, first: bool) -> Value {
        let (own, other) = if first { ("1", "2") } else { ("2", "1") };
        let side = |half: &str| format!("{}/{half}", self.mark);
        json!({"op": "enter", "key": unique(), "body": {
            "attrs": {"side": side(own)},
            "wants": [{"attr": "side", "is": side(other)}],
        }})
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
