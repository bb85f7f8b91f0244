//! `cargo xtask bench outage`: measures messages, profile reads and match results while the region is away.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout_at};

use super::Times;
use crate::stack::Stack;
use crate::wire::{Player, Server, Socket, text};

/// Limit for storing every result after the region's return: a room retries after five minutes at the most.
const KEPT: Duration = Duration::from_mins(8);

/// Kills the region under active rooms and profile reads, ends the rooms meanwhile, and starts it again.
#[derive(Debug, Clone, Args)]
pub struct Outage {
    /// Seconds without the region
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Rooms of two players with one message per second each
    #[arg(long, default_value_t = 20)]
    rooms: usize,
    /// Profile reads per second
    #[arg(long, default_value_t = 50)]
    rps: u32,
}

/// The observations of a room.
struct Conversation {
    heard: Times,
    dropped: Option<String>,
}

impl Outage {
    pub(super) async fn run(&self, stack: &Stack) -> Result<String> {
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        let (phase, phases) = watch::channel(false);
        let (mut talking, mut played, mut urls) = (JoinSet::new(), Vec::new(), Vec::new());
        for n in 0..self.rooms {
            let players = [server.guest(&format!("Ana {n}")).await?, server.guest(&format!("Bo {n}")).await?];
            let (room, sockets) = server.open_room_with(&json!({ "seats": 2 }), &players).await?;
            for player in &players {
                let url = format!("{}/v1/profiles/{}", stack.edge_url(), player.id);
                ensure!(server.http().get(&url).send().await?.status().is_success());
                urls.push(url);
            }
            talking.spawn(talk(sockets, phases.clone()));
            played.push((room, players));
        }
        stack.kill_region().await;
        eprintln!("The region is gone for {} s …", self.seconds);
        let begun = Instant::now();
        let half = begun + Duration::from_secs(self.seconds) / 2;
        let end = begun + Duration::from_secs(self.seconds);
        let ending = async {
            sleep_until(half).await;
            phase.send(true)
        };
        let (read, ended) = tokio::join!(self.read(&server, &urls, end), ending);
        ended?;
        let mut heard = Times::new()?;
        let mut dropped = Vec::new();
        while let Some(one) = talking.join_next().await {
            let one = one??;
            heard.0.add(&one.heard.0)?;
            dropped.extend(one.dropped);
        }
        eprintln!("The region is back; waiting for the results …");
        stack.start_region().await?;
        let kept = kept(&server, &played).await?;
        let mut lines = vec![
            format!("{} rooms of two players, the region away for {} s", self.rooms, self.seconds),
            format!("messages    {} heard, {}", heard.count(), heard.show()),
            format!("sockets     {} of {} dropped", dropped.len(), 2 * self.rooms),
        ];
        for (what, times) in read? {
            lines.push(format!("{what:<11} {:>8} reads  {}", times.count(), times.show()));
        }
        lines.push(kept);
        ensure!(dropped.is_empty(), "{}\n{}", lines.join("\n"), dropped.join("\n"));
        Ok(lines.join("\n"))
    }

    /// Reads until `until`; counts by `x-cache`, or by status if it is not 200.
    async fn read(
        &self,
        server: &Server,
        urls: &[String],
        until: Instant,
    ) -> Result<BTreeMap<String, Times>> {
        let mut seen: BTreeMap<String, Times> = BTreeMap::new();
        let mut tick = interval(Duration::from_secs(1) / self.rps.max(1));
        let mut urls = urls.iter().cycle();
        while Instant::now() < until {
            tick.tick().await;
            let Some(url) = urls.next() else { break };
            let begun = Instant::now();
            let answer = server.http().get(url).send().await?;
            let status = answer.status().as_u16();
            let cache = answer.headers().get("x-cache").cloned();
            let cache = cache.and_then(|how| how.to_str().map(str::to_owned).ok());
            answer.bytes().await?;
            let what = cache.filter(|_| status == 200).unwrap_or(status.to_string());
            if !seen.contains_key(&what) {
                seen.insert(what.clone(), Times::new()?);
            }
            if let Some(times) = seen.get_mut(&what) {
                times.add(begun.elapsed());
            }
        }
        Ok(seen)
    }
}

/// Sends a message per second between two members until the room must end.
async fn talk(sockets: Vec<Socket>, phases: watch::Receiver<bool>) -> Result<Conversation> {
    let mut talk = Conversation { heard: Times::new()?, dropped: None };
    let Ok([mut a, mut b]) = <[Socket; 2]>::try_from(sockets) else {
        anyhow::bail!("a room of two has two sockets");
    };
    let mut tick = interval(Duration::from_secs(1));
    let mut n = 0;
    while !*phases.borrow() {
        tick.tick().await;
        n += 1;
        let (said, begun) = (format!("{n}"), Instant::now());
        let heard = async {
            a.ok(json!({ "op": "say", "body": said })).await?;
            b.wait(&said, |one| text(one, "/body") == said).await
        };
        match heard.await {
            Ok(_) => talk.heard.add(begun.elapsed()),
            Err(error) => {
                talk.dropped = Some(format!("{error:#}"));
                return Ok(talk);
            }
        }
    }
    let over = async {
        a.ok(json!({ "op": "end", "body": { "said": n } })).await?;
        a.closed_with(4007).await?;
        b.closed_with(4007).await
    };
    talk.dropped = over.await.err().map(|error| format!("{error:#}"));
    Ok(talk)
}

/// Waits until each result is stored, once for both players, and returns the time it took.
async fn kept(server: &Server, played: &[(String, [Player; 2])]) -> Result<String> {
    let (begun, mut took) = (Instant::now(), Times::new()?);
    let mut twice = 0;
    for (room, players) in played {
        for player in players {
            let waiting = async {
                loop {
                    let all = server.matches(player).await?;
                    let times = all.iter().filter(|one| text(one, "/match") == room).count();
                    if times > 0 {
                        return anyhow::Ok(times);
                    }
                    // The region sends no notification of a stored result, so it is polled.
                    sleep(Duration::from_millis(200)).await;
                }
            };
            let Ok(times) = timeout_at(begun + KEPT, waiting).await else {
                anyhow::bail!("the result of {room} was not kept after {KEPT:?}");
            };
            twice += usize::from(times? > 1);
            took.add(begun.elapsed());
        }
    }
    ensure!(twice == 0, "{twice} results were kept twice");
    let all = 2 * played.len();
    Ok(format!("results     {all} of {all} kept once, after the return: {}", took.show()))
}
