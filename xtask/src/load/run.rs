//! The data of a finished run, as its file has it; runs of several generators are merged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::machine::Environment;
use super::sample::{self, Sample};
use super::scenario::Scenario;
use super::tally::{Counts, Stages};
use super::times::Times;
use crate::cost::Measured;
use crate::ledger::TalkSums;

/// The name of the file.
pub const FILE: &str = "data.json";

/// One of several generators, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    pub nth: u32,
    pub of: u32,
}

/// The accounts of tickets and rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tickets {
    pub entered: u64,
    pub matched: u64,
    pub left: u64,
    pub failed: u64,
    pub rooms: u64,
    /// Tickets without exactly one end, and rooms without exactly their two players.
    pub faults: u64,
}

/// Reads of profiles at the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Reads {
    /// Answered from a fresh copy.
    pub hits: f64,
    pub all: f64,
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub name: String,
    /// The scenario as it was run: scaled.
    pub scenario: Scenario,
    pub scale: f64,
    pub time: f64,
    pub shards: Vec<Shard>,
    /// When it began: `20261129-081500`, UTC.
    pub when: String,
    pub seconds: f64,
    pub environment: Environment,
    pub counts: Counts,
    pub errors: BTreeMap<String, u64>,
    pub talks: TalkSums,
    pub tickets: Tickets,
    /// The first broken promises, as text.
    pub faults: Vec<String>,
    pub stages: Stages,
    /// The store's part of the region's requests.
    pub store: Times,
    /// How late the generator was.
    pub lag: Times,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Reads>,
    /// The usage of the run, for the bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    pub samples: Vec<Sample>,
}

impl Run {
    /// Reads the run of a directory.
    pub fn read(dir: &Path) -> Result<Self> {
        let file = dir.join(FILE);
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read: name the directory of a report", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not the data of a load run", file.display()))
    }

    /// Returns true if this was the whole scenario.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let is_one = |factor: f64| (factor - 1.0).abs() < 1e-9;
        let generators = self.shards.first().map_or(1, |shard| shard.of as usize);
        is_one(self.scale) && is_one(self.time) && self.shards.len().max(1) == generators
    }

    /// Returns the latencies of all HTTP requests.
    #[must_use]
    pub fn http(&self) -> Times {
        let mut all = Times::default();
        for (_, times) in self.stages.iter().filter(|(stage, _)| stage.is_http()) {
            all.merge(times);
        }
        all
    }

    /// Merges the runs of several generators.
    pub fn merged(runs: &[Self]) -> Result<Self> {
        let (first, others) = runs.split_first().context("name the directories of two runs or more")?;
        ensure!(!others.is_empty(), "name the directories of two runs or more");
        let mut all = first.clone();
        for run in others {
            ensure!(run.name == all.name, "{} and {} are different scenarios", all.name, run.name);
            let is_same = (run.scale - all.scale).abs() < 1e-9 && (run.time - all.time).abs() < 1e-9;
            ensure!(is_same, "the runs have different scales");
            for shard in &run.shards {
                ensure!(!all.shards.contains(shard), "shard {}/{} is there twice", shard.nth, shard.of);
            }
            all.add(run);
        }
        let samples: Vec<&[Sample]> = runs.iter().map(|run| run.samples.as_slice()).collect();
        all.samples = sample::added(&samples);
        Ok(all)
    }

    fn add(&mut self, other: &Self) {
        self.shards.extend(&other.shards);
        self.seconds = self.seconds.max(other.seconds);
        self.counts.add(&other.counts);
        for (code, count) in &other.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
        self.talks.add(&other.talks);
        let Tickets { entered, matched, left, failed, rooms, faults } = other.tickets;
        self.tickets.entered += entered;
        self.tickets.matched += matched;
        self.tickets.left += left;
        self.tickets.failed += failed;
        self.tickets.rooms += rooms;
        self.tickets.faults += faults;
        self.faults.extend(other.faults.iter().cloned());
        for (stage, times) in &other.stages {
            self.stages.entry(*stage).or_default().merge(times);
        }
        self.store.merge(&other.store);
        self.lag.merge(&other.lag);
        // Every generator reads the counters of the same server; the longest run saw most of them.
        if let (Some(own), Some(others)) = (&mut self.reads, other.reads)
            && others.all > own.all
        {
            *own = others;
        }
        if let (Some(own), Some(others)) = (&mut self.measured, &other.measured) {
            own.people += others.people;
            own.messages += others.messages;
            own.rooms += others.rooms;
        }
    }
}
