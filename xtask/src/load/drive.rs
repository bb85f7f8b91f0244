//! Runs a scenario: starts its people or requests, takes a sample each second, and closes all accounts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::live::Live;
use super::machine::{Environment, Usage, load_average};
use super::run::{Reads, Run, Shard, Tickets};
use super::sample::{KEPT_MAX, Sample};
use super::scenario::Scenario;
use super::site::Site;
use super::tally::Counts;
use super::{people, requests};
use shared::cost::Item;

use crate::cost::{Measured, Meter, RegionWork};
use crate::root::Root;
use crate::stack::Stack;

/// Time between two samples.
const SECOND: Duration = Duration::from_secs(1);

/// A scenario with everything that its report states.
#[derive(Debug, Clone)]
pub struct Plan {
    pub name: String,
    /// The scenario of the repository, not scaled.
    pub scenario: Scenario,
    pub scale: f64,
    pub time: f64,
    /// The part of this generator, if there are several.
    pub shard: Option<Shard>,
}

/// The running load, for its samples.
struct Watch<'a> {
    site: &'a Site,
    scenario: &'a Scenario,
    stack: Option<&'a Stack>,
    live: Live,
    began: Instant,
    samples: Vec<Sample>,
    /// Seconds that are joined into one sample.
    joined: u32,
    pending: Option<(Sample, u32)>,
    work: RegionWork,
}

impl Plan {
    /// Runs the scenario against the edge at this address. With `stack` it is that of this machine, whose processes are
    /// measured too.
    pub async fn run(&self, root: &Root, edge: &str, stack: Option<&Stack>) -> Result<Run> {
        let share = self.shard.map_or(1.0, |shard| 1.0 / f64::from(shard.of.max(1)));
        let scenario = self.scenario.scaled(self.scale * share, self.time);
        let mut environment = Environment::read(root);
        let site = Arc::new(Site::new(edge).await?);
        let senders = match &scenario.requests {
            Some(requests) => requests::senders(&site, requests.people).await?,
            None => Vec::new(),
        };
        // Signing the senders in is no part of the measurement.
        drop(site.tally.close());
        drop(stack.map(Stack::region_lines));
        let before = site.web.metrics().await;
        let cpu_before = stack.map(|stack| Usage::of(stack.pids()));
        let (began, when) = (Instant::now(), super::now());
        let mut watch = Watch::new(self, &site, &scenario, stack, began);
        let (done, is_done) = oneshot::channel();
        let work = async {
            if let Some(requests) = &scenario.requests {
                requests::run(&site, requests, &senders, began).await?;
            }
            if let Some(people) = &scenario.people {
                people::run(&site, people, began).await;
            }
            // The watch ends with the work, or has ended with an error of its own.
            let _ = done.send(());
            anyhow::Ok(())
        };
        let (worked, ()) = tokio::join!(work, watch.run(is_done));
        worked?;
        let cpu_after = stack.map(|stack| Usage::of(stack.pids()));
        let (samples, work) = watch.close();
        let seconds = began.elapsed().as_secs_f64();
        environment.load_after = load_average();
        let after = site.web.metrics().await;
        let (mut measured, reads) = used(before.as_deref(), after.as_deref(), &scenario, &samples, seconds);
        if let (Some(measured), Some(before), Some(after)) = (&mut measured, cpu_before, cpu_after) {
            let cpu = after.workerd_cpu_ms.saturating_sub(before.workerd_cpu_ms);
            // All of workerd: a provider bills the Worker and its objects alone.
            measured.usage.add(Item::WorkerCpuMs, f64::from(u32::try_from(cpu).unwrap_or(u32::MAX)));
            work.add_to(&mut measured.usage);
        }
        Ok(self.closed(&site, (scenario, when), environment, (seconds, samples), (measured, reads)))
    }

    fn closed(
        &self,
        site: &Site,
        (scenario, when): (Scenario, String),
        environment: Environment,
        (seconds, samples): (f64, Vec<Sample>),
        (measured, reads): (Option<Measured>, Option<Reads>),
    ) -> Run {
        let counted = site.tally.close();
        let seats = std::mem::take(&mut *site.seats());
        let mut tickets = Tickets {
            entered: seats.entered,
            matched: seats.matched,
            left: seats.left,
            failed: seats.failed,
            rooms: seats.rooms(),
            faults: 0,
        };
        let (faults, shown) = seats.close();
        tickets.faults = faults;
        Run {
            name: self.name.clone(),
            scenario,
            scale: self.scale,
            time: self.time,
            shards: self.shard.into_iter().collect(),
            when,
            seconds,
            environment,
            counts: counted.counts,
            errors: counted.errors,
            talks: site.talks().sums(),
            tickets,
            faults: counted.faults.into_iter().chain(shown).collect(),
            stages: counted.stages,
            store: counted.store,
            lag: counted.lag,
            reads,
            measured,
            samples,
        }
    }
}

/// Returns what the server used in the meantime, and how it answered reads of profiles.
fn used(
    before: Option<&str>,
    after: Option<&str>,
    scenario: &Scenario,
    samples: &[Sample],
    seconds: f64,
) -> (Option<Measured>, Option<Reads>) {
    let (Some(before), Some(after)) = (before, after) else { return (None, None) };
    let (before, after) = (Meter::of(before), Meter::of(after));
    let reads = Reads {
        hits: after.grown(&before, r#"matchpoint_reads_total{how="hit"}"#),
        all: after.grown(&before, "matchpoint_reads_total"),
    };
    let mean = |of: fn(&Counts) -> u64| {
        #[expect(clippy::cast_precision_loss, reason = "the people of one run")]
        let sum: f64 = samples.iter().map(|sample| of(&sample.counts) as f64).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most some hundred samples")]
        let count = samples.len().max(1) as f64;
        sum / count
    };
    let people = mean(|counts| counts.online);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of people")]
    let whole = people.round() as u32;
    #[expect(clippy::cast_precision_loss, reason = "the messages of one run")]
    let messages = samples.last().map_or(0.0, |sample| sample.counts.sent as f64);
    let measured = Measured {
        people: whole,
        seconds,
        messages,
        // Two people are in each room.
        rooms: mean(|counts| counts.talking) / 2.0,
        usage: after.since(&before),
    };
    (Some(measured).filter(|measured| scenario.people.is_some() && measured.people > 0), Some(reads))
}

impl<'a> Watch<'a> {
    fn new(
        plan: &Plan,
        site: &'a Site,
        scenario: &'a Scenario,
        stack: Option<&'a Stack>,
        began: Instant,
    ) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a day")]
        let joined = (scenario.time().as_secs_f64() / KEPT_MAX).ceil().max(1.0) as u32;
        let live = Live::new(plan, scenario);
        Self {
            site,
            scenario,
            stack,
            live,
            began,
            samples: Vec::new(),
            joined,
            pending: None,
            work: RegionWork::default(),
        }
    }

    /// Takes a sample each second until the work is done.
    async fn run(&mut self, mut is_done: oneshot::Receiver<()>) {
        let mut second = interval_at(self.began + SECOND, SECOND);
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = second.tick() => self.sample(),
                _ = &mut is_done => return self.sample(),
            }
        }
    }

    fn sample(&mut self) {
        let at = self.began.elapsed();
        let window = self.site.tally.window();
        let sample = Sample {
            at_s: at.as_secs_f64(),
            target: self.scenario.target(at),
            counts: window.counts,
            stages: window.stages,
            lag_ms: shared::time::ms(window.lag),
            usage: self.stack.map(|stack| Usage::of(stack.pids())),
        };
        self.live.show(&sample, &window.errors);
        for line in self.stack.map(Stack::region_lines).unwrap_or_default() {
            self.work.add(&line);
        }
        let (mut sum, mut seconds) = self.pending.take().unwrap_or_default();
        sum.join(sample);
        seconds += 1;
        if seconds < self.joined {
            self.pending = Some((sum, seconds));
        } else {
            self.samples.push(sum);
        }
    }

    fn close(mut self) -> (Vec<Sample>, RegionWork) {
        self.samples.extend(self.pending.take().map(|(sample, _)| sample));
        self.live.close();
        (self.samples, self.work)
    }
}
