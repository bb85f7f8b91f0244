//! `cargo xtask load journey`: pairs of people are matched, talk in a room, leave it, and begin again, while their
//! sockets are cut at random. Each message is counted, and the run writes what it used for `cargo xtask cost`.

mod conversation;
mod person;
mod report;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::guests::guests;
use super::span;
use crate::cost::{Measured, Meter};
use crate::stack::Stack;
use crate::wire::{Server, unique};
use person::Person;
pub use report::Report;

/// Lets pairs of people live through matches, and measures them.
#[derive(Debug, Clone, Args)]
pub struct Journey {
    /// Number of people; must be even.
    #[arg(long, default_value_t = 100)]
    people: usize,
    /// Time in which new matches begin, for example 60s.
    #[arg(long, default_value = "60s", value_parser = span)]
    time: Duration,
    /// Time for which a pair talks.
    #[arg(long, default_value = "20s", value_parser = span)]
    talk: Duration,
    /// Messages that a person sends in a second.
    #[arg(long, default_value_t = 0.4)]
    rate: f64,
    /// Times that a person's socket is cut in a minute of talk, on average.
    #[arg(long, default_value_t = 0.02)]
    cuts: f64,
    /// Pool of the queue: pairs of people who want each other.
    #[arg(long, default_value = "speed-dating")]
    pool: String,
}

/// The plan that all people share.
#[derive(Debug)]
struct Plan {
    server: Server,
    journey: Journey,
    mark: String,
    began: Instant,
    end: Instant,
}

impl Journey {
    /// Runs the people against this stack.
    pub async fn run(&self, stack: &Stack) -> Result<Report> {
        ensure!(
            self.people >= 2 && self.people.is_multiple_of(2),
            "--people must be even: people talk in pairs"
        );
        ensure!(
            self.rate > 0.0 && self.rate <= 5.0,
            "--rate must be more than 0 and at most 5 messages a second"
        );
        ensure!((0.0..=60.0).contains(&self.cuts), "--cuts must be from 0 to 60 a minute");
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        eprintln!("Creating {} guests …", self.people);
        let players = guests(&server, self.people).await?;
        let before = Meter::of(&metrics(&server).await?);
        let began = Instant::now();
        let (journey, mark) = (self.clone(), unique());
        let plan = Arc::new(Plan { server, journey, mark, began, end: began + self.time });
        eprintln!("Talking for {:.0} s …", self.time.as_secs_f64());
        let mut living = JoinSet::new();
        for (nth, player) in players.into_iter().enumerate() {
            living.spawn(Person::new(&plan, nth, player).live());
        }
        let lives = living.join_all().await;
        let seconds = began.elapsed().as_secs_f64();
        let usage = Meter::of(&metrics(&plan.server).await?).since(&before);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let measured = Measured {
            people: count(self.people),
            seconds,
            messages: lives.iter().map(|life| f64::from(u32::try_from(life.sent).unwrap_or(u32::MAX))).sum(),
            // Two people are in each room.
            rooms: f64::from(count(self.people / 2)),
            usage,
        };
        Ok(Report::of(lives, measured))
    }
}

/// Reads the metrics, with what the isolates have not reported yet: local runs have one.
async fn metrics(server: &Server) -> Result<String> {
    let answer = server.get("/metrics").await?;
    ensure!(answer.status().is_success(), "/metrics answers {}", answer.status());
    Ok(answer.text().await?)
}

impl Plan {
    /// Returns the attributes that a person has and wants: each pair has a mark of its own.
    fn sides(&self, nth: usize) -> (String, String) {
        let side = |half: usize| format!("{}/{}/{half}", self.mark, nth / 2);
        (side(nth % 2), side(1 - nth % 2))
    }

    /// Returns when a person begins: pairs arrive one after another, so that rooms do not begin and end together.
    fn delay(&self, nth: usize) -> Duration {
        let part = |n: usize| u32::try_from(n / 2).unwrap_or(u32::MAX);
        let span = self.journey.talk.min(self.journey.time / 4);
        span * part(nth) / part(self.journey.people).max(1)
    }
}
