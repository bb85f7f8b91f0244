//! A rehearsal of the alerts: the region is taken away under traffic, and the alerts of its absence must fire and end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use super::server::Prometheus;
use super::{serve, target};
use crate::ops::span::Pace;
use crate::port;
use crate::root::Root;
use crate::stack::{self, Stack};
use crate::tools::prometheus::Programs;
use crate::wire::{Player, Server, Socket, text, unique};

/// The alerts that an outage of the region must raise.
const EXPECTED: [&str; 3] = ["ErrorsHigh", "HttpBurnFast", "RegionUnreachable"];
/// The beginnings of the names of alerts that it must not raise: rooms and queues work without the region.
const UNTOUCHED: [&str; 5] = ["Messages", "Delay", "Resumes", "Matches", "EdgeUnreachable"];
/// Rooms of two members, with a message a second each.
const ROOMS: usize = 5;
/// Reads a second of profiles that the edge has a copy of, and of profiles that it must ask the region for.
const KNOWN_A_SECOND: u32 = 30;
const UNKNOWN_A_SECOND: u32 = 10;
/// Seconds for which a copy is fresh. Shorter than the outage, so that old copies are served during it.
const FRESH_S: &str = "1";
/// Traffic before the outage, so that the windows have a past.
const BEFORE: Duration = Duration::from_secs(20);
/// Limit for the end of the expected alerts after the region's return.
const AFTER: Duration = Duration::from_secs(120);
/// Interval of looking at the alerts, which Prometheus announces to no one here.
const LOOK: Duration = Duration::from_millis(250);

/// The course of one alert, since the outage began.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    pending: Option<Duration>,
    fired: Option<Duration>,
    ended: Option<Duration>,
}

/// The observations of a rehearsal.
#[derive(Debug)]
struct Observed {
    courses: BTreeMap<String, Course>,
    outage: Duration,
    tasks: u64,
}

/// Runs the rehearsal on a stack of its own, and prints the course of each alert.
pub(super) async fn run(root: &Root, programs: &Programs, outage: Duration) -> Result<()> {
    let (artifacts, mut options) = stack::fresh(root, None, "rehearsal").await?;
    // All requests come from one address.
    options.disable_rate_limits();
    options.edge_values.insert("PROFILE_FRESH_S".to_owned(), FRESH_S.to_owned());
    let stack = Stack::start(root, &artifacts, options).await?;
    let target = target(stack.edge_url(), None)?;
    let server = serve(root, programs, &target, Pace::REHEARSAL, port::take(0, "")?).await?;
    let result = rehearse(&stack, &server, outage).await;
    server.stop().await;
    stack.stop().await;
    let observed = result?;
    println!("{observed}");
    observed.check()
}

async fn rehearse(stack: &Stack, prometheus: &Prometheus, outage: Duration) -> Result<Observed> {
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let (mut traffic, mut players) = (JoinSet::new(), Vec::new());
    for n in 0..ROOMS {
        let pair = [server.guest(&format!("Ana {n}")).await?, server.guest(&format!("Bo {n}")).await?];
        let (_, sockets) = server.open_room_with(&json!({ "seats": 2 }), &pair).await?;
        traffic.spawn(talk(sockets));
        players.extend(pair);
    }
    traffic.spawn(read(server.clone(), players, KNOWN_A_SECOND));
    traffic.spawn(read(server, Vec::new(), UNKNOWN_A_SECOND));
    let mut observed = Observed { courses: BTreeMap::new(), outage, tasks: 0 };
    let begin = Instant::now() + BEFORE;
    eprintln!("Traffic for {} s …", BEFORE.as_secs());
    tokio::select! {
        () = sleep_until(begin) => {}
        ended = traffic.join_next() => bail!("the traffic ended: {ended:?}"),
    }
    let early = prometheus.alerts().await?;
    ensure!(early.is_empty(), "alerts before the outage: {early:?}");

    stack.kill_region().await;
    let begin = Instant::now();
    eprintln!("The region is gone for {} s …", outage.as_secs());
    let mut look = interval(LOOK);
    while begin.elapsed() < outage {
        look.tick().await;
        observed.look(prometheus, begin).await?;
    }
    stack.start_region().await?;
    eprintln!("The region is back …");
    let deadline = Instant::now() + AFTER;
    while Instant::now() < deadline && observed.is_active() {
        look.tick().await;
        observed.look(prometheus, begin).await?;
    }
    traffic.abort_all();
    observed.tasks = ended_well(traffic).await?;
    Ok(observed)
}

/// Returns after all tasks have ended; an error of one that ended by itself.
async fn ended_well(mut traffic: JoinSet<Result<()>>) -> Result<u64> {
    let mut stopped = 0;
    while let Some(ended) = traffic.join_next().await {
        match ended {
            Ok(result) => result.context("traffic ended by itself")?,
            Err(error) if error.is_cancelled() => stopped += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(stopped)
}

/// Sends a message a second between two members. An error ends the rehearsal: rooms work without the region.
async fn talk(sockets: Vec<Socket>) -> Result<()> {
    let Ok([mut a, mut b]) = <[Socket; 2]>::try_from(sockets) else { bail!("a room of two has two sockets") };
    let mut tick = interval(Duration::from_secs(1));
    for n in 0_u64.. {
        tick.tick().await;
        let said = n.to_string();
        a.ok(json!({ "op": "say", "body": said })).await?;
        b.wait(&said, |one| text(one, "/body") == said).await?;
    }
    Ok(())
}

/// Reads profiles in turn, or those of players who do not exist. Failures are the point.
async fn read(server: Server, players: Vec<Player>, a_second: u32) -> Result<()> {
    let mut tick = interval(Duration::from_secs(1) / a_second);
    let mut known = players.iter().cycle();
    loop {
        tick.tick().await;
        let player = known.next().map_or_else(|| format!("p_{}", unique()), |player| player.id.clone());
        let url = format!("{}/v1/profiles/{player}", server.edge());
        // In a task of its own, so that slow answers do not slow the pace.
        let asked = server.http().get(url).send();
        tokio::spawn(async move {
            if let Ok(answer) = asked.await {
                drop(answer.bytes().await);
            }
        });
    }
}

impl Observed {
    async fn look(&mut self, prometheus: &Prometheus, begin: Instant) -> Result<()> {
        let active = prometheus.alerts().await?;
        let now = begin.elapsed();
        for alert in &active {
            let course = self.courses.entry(alert.name().to_owned()).or_default();
            course.pending.get_or_insert(now);
            if alert.state == "firing" {
                course.fired.get_or_insert(now);
            }
            course.ended = None;
        }
        for (name, course) in &mut self.courses {
            if !active.iter().any(|alert| alert.name() == name) {
                course.ended.get_or_insert(now);
            }
        }
        Ok(())
    }

    /// Returns whether an expected alert has not ended. Those on long windows go on for minutes, which is right.
    fn is_active(&self) -> bool {
        let mut expected = self.courses.iter().filter(|(name, _)| EXPECTED.contains(&name.as_str()));
        expected.any(|(_, course)| course.ended.is_none())
    }

    /// Fails unless the right alerts fired and ended, and no other side of the system alerted.
    fn check(&self) -> Result<()> {
        for name in EXPECTED {
            let course = self.courses.get(name).copied().unwrap_or_default();
            let fired = course.fired.with_context(|| format!("{name} did not fire"))?;
            ensure!(fired <= self.outage, "{name} fired after the outage");
            let ended = course.ended.with_context(|| format!("{name} did not end"))?;
            ensure!(ended > self.outage, "{name} ended before the region was back");
        }
        let wrong: Vec<&String> = self
            .courses
            .keys()
            .filter(|name| UNTOUCHED.iter().any(|beginning| name.starts_with(beginning)))
            .collect();
        ensure!(wrong.is_empty(), "{wrong:?} alerted, though the edge worked");
        Ok(())
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The region was away for {} s; a second stands for a minute of the rules. {} tasks of traffic ran to the end.\n",
            self.outage.as_secs(),
            self.tasks
        )?;
        writeln!(f, "  {:<22} {:>9} {:>9} {:>9}", "alert", "pending", "fires", "ended")?;
        let at = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()))
        };
        for (name, course) in &self.courses {
            let Course { pending, fired, ended } = *course;
            writeln!(f, "  {name:<22} {:>9} {:>9} {:>9}", at(pending), at(fired), at(ended))?;
        }
        Ok(())
    }
}
