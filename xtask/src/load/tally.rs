//! The counters of a running load, which all of its people share.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::stage::Stage;
use super::times::Times;

/// Texts of faults that are kept; all faults are counted.
const SHOWN: usize = 20;

/// The counts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// People who are signed in now.
    pub online: u64,
    /// People who are in a room now.
    pub talking: u64,
    /// Steps of people and requests that could fail.
    pub operations: u64,
    pub errors: u64,
    /// Players that were matched.
    pub matched: u64,
    pub sent: u64,
    pub received: u64,
    /// Messages that arrived more than [`super::verdict::LATE`] after their due moment.
    pub late: u64,
    pub hints_sent: u64,
    pub hints_received: u64,
    pub cuts: u64,
    pub resumed: u64,
    /// Resumes that were not exact: a snapshot came instead of the missed events.
    pub snapshots: u64,
    /// Contradictions in the logs of rooms.
    pub violations: u64,
}

/// The latencies of each stage.
pub type Stages = BTreeMap<Stage, Times>;

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    errors: BTreeMap<String, u64>,
    stages: Stages,
    /// The latencies since the last sample.
    window: Stages,
    store: Times,
    lag: Times,
    window_lag: Duration,
    faults: Vec<String>,
}

/// The counters of a running load.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<State>);

/// All that was counted, at the end of a load.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub counts: Counts,
    pub errors: BTreeMap<String, u64>,
    pub stages: Stages,
    pub store: Times,
    pub lag: Times,
    pub faults: Vec<String>,
}

/// The latencies and the lag since the last sample, with the counts so far.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub counts: Counts,
    pub stages: Stages,
    pub lag: Duration,
    pub errors: BTreeMap<String, u64>,
}

impl Tally {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the counts.
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.state().counts);
    }

    /// A stage that was due at this moment has succeeded now.
    pub(super) fn done(&self, stage: Stage, due: Instant) {
        self.took(stage, due.elapsed());
    }

    /// A stage has succeeded after this time.
    pub(super) fn took(&self, stage: Stage, time: Duration) {
        let mut held = self.state();
        held.stages.entry(stage).or_default().record(time);
        held.window.entry(stage).or_default().record(time);
    }

    /// The region's store took this part of a request.
    pub(super) fn store(&self, time: Duration) {
        self.state().store.record(time);
    }

    /// The generator acted this long after the due moment.
    pub(super) fn lag(&self, due: Instant) {
        let (lag, mut held) = (due.elapsed(), self.state());
        held.lag.record(lag);
        held.window_lag = held.window_lag.max(lag);
    }

    /// A step failed, with this stable code.
    pub(super) fn error(&self, code: &str) {
        let mut held = self.state();
        held.counts.errors += 1;
        *held.errors.entry(code.to_owned()).or_default() += 1;
    }

    /// A promise was broken.
    pub(super) fn violation(&self, text: String) {
        let mut held = self.state();
        held.counts.violations += 1;
        if held.faults.len() < SHOWN {
            held.faults.push(text);
        }
    }

    /// Takes what has happened since the last call.
    pub(super) fn window(&self) -> Window {
        let mut held = self.state();
        Window {
            counts: held.counts,
            stages: std::mem::take(&mut held.window),
            lag: std::mem::take(&mut held.window_lag),
            errors: held.errors.clone(),
        }
    }

    /// Returns all counts, and begins again from zero.
    pub(super) fn close(&self) -> Counted {
        let State { counts, errors, stages, window: _, store, lag, window_lag: _, faults } =
            std::mem::take(&mut *self.state());
        Counted { counts, errors, stages, store, lag, faults }
    }
}

impl Counts {
    /// Adds the counts of another generator.
    pub(super) fn add(&mut self, other: &Self) {
        let Self {
            online,
            talking,
            operations,
            errors,
            matched,
            sent,
            received,
            late,
            hints_sent,
            hints_received,
            cuts,
            resumed,
            snapshots,
            violations,
        } = other;
        self.online += online;
        self.talking += talking;
        self.operations += operations;
        self.errors += errors;
        self.matched += matched;
        self.sent += sent;
        self.received += received;
        self.late += late;
        self.hints_sent += hints_sent;
        self.hints_received += hints_received;
        self.cuts += cuts;
        self.resumed += resumed;
        self.snapshots += snapshots;
        self.violations += violations;
    }
}
