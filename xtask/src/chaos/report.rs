//! The figures of a storm.

use std::collections::BTreeMap;
use std::fmt;

use super::weather::Injected;
use crate::ledger::Violation;

/// Broken promises that are shown; all are counted.
const SHOWN: usize = 20;

/// The figures of one storm.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub weather: Injected,
    pub clients: usize,
    pub rooms: usize,
    pub said: u64,
    pub durable: u64,
    pub delivered: u64,
    /// Events that were received again and dropped by position.
    pub repeated: u64,
    /// Messages that were not reported durable at the end.
    pub unsettled: u64,
    /// Clients that did not receive every event.
    pub incomplete: u64,
    /// Welcomes that said that events may be missing.
    pub snapshots: u64,
    /// Positions that a client was told it missed.
    pub missed: u64,
    pub resumes: u64,
    pub p50_ms: u64,
    pub p99_ms: u64,
    pub most_ms: u64,
    pub codes: BTreeMap<u16, u64>,
    pub lost: u64,
    pub duplicates: u64,
    pub disorder: u64,
    pub shown: Vec<Violation>,
}

impl Report {
    pub(super) fn add(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            match violation {
                Violation::Duplicate(_) => self.duplicates += 1,
                Violation::Order(_) | Violation::Unreadable(_) => self.disorder += 1,
                Violation::LostDurable(_) => self.lost += 1,
            }
            if self.shown.len() < SHOWN {
                self.shown.push(violation);
            }
        }
    }

    /// Returns true if every promise was kept.
    pub(super) fn is_success(&self) -> bool {
        let broken = self.lost + self.duplicates + self.disorder;
        broken + self.unsettled + self.incomplete == 0 && self.said > 0 && self.durable == self.said
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Injected { kills, evictions, held, cuts, slowed } = self.weather;
        writeln!(f, "{} clients in {} rooms", self.clients, self.rooms)?;
        writeln!(
            f,
            "weather            {kills} kills, {evictions} evictions ({held} held up), {cuts} cuts, {slowed} slow readers"
        )?;
        writeln!(
            f,
            "messages           {} sent, {} durable, {} delivered",
            self.said, self.durable, self.delivered
        )?;
        writeln!(f, "lost durable       {}", self.lost)?;
        writeln!(f, "duplicates seen    {}", self.duplicates)?;
        writeln!(f, "order violations   {}", self.disorder)?;
        writeln!(f, "never durable      {}", self.unsettled)?;
        writeln!(f, "received not all  {}", self.incomplete)?;
        writeln!(f, "told of a gap      {} snapshots, {} positions missed", self.snapshots, self.missed)?;
        writeln!(f, "dropped as known   {}", self.repeated)?;
        writeln!(
            f,
            "resumes            {}: p50 {} ms, p99 {} ms, max {} ms (kills included)",
            self.resumes, self.p50_ms, self.p99_ms, self.most_ms
        )?;
        let codes: Vec<String> = self.codes.iter().map(|(code, count)| format!("{code}: {count}")).collect();
        writeln!(f, "close codes        {}", codes.join(", "))?;
        for violation in &self.shown {
            writeln!(f, "  {violation:?}")?;
        }
        Ok(())
    }
}
