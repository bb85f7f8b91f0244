//! A log of arrivals and departures, the input of a replay.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use shared::id::PlayerId;
use shared::lobby::tickets::ticket::Ticket;
use shared::time::Time;

use super::engine;

/// One player of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The line of the log, for error messages.
    pub line: u64,
    pub player: PlayerId,
    /// Rating in the pool.
    pub rating: f64,
    /// Uncertainty of the rating: one standard deviation.
    pub deviation: Option<f64>,
    /// Attributes as in `enter`.
    pub attrs: Map<String, Value>,
    /// Wants as in `enter`.
    pub wants: Value,
    /// Name of the party: all players with this name at this time.
    pub party: Option<String>,
    /// Longest wait before the player leaves.
    pub patience: Option<Duration>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A player enters.
    Enter(Box<Person>),
    /// A player leaves, if still waiting.
    Leave(u64, PlayerId),
}

/// An entry of one player or a party.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub at: Time,
    pub ticket: Ticket,
    /// The players; the ticket is named after the first.
    pub people: Vec<Person>,
    /// The shortest patience of the players.
    pub patience: Option<Duration>,
}

/// An event of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The entry of this number enters.
    Enter(usize),
    /// The entry of this number leaves.
    Leave(usize),
}

/// A whole log, in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// All entries, in the order of arrival.
    pub entries: Vec<Entry>,
    /// Events with their times.
    pub events: Vec<(Time, Event)>,
}

impl Log {
    /// Sorts lines by time, groups parties, and assigns departures to their entries.
    pub fn new(mut lines: Vec<(Time, Line)>) -> Result<Self> {
        lines.sort_by_key(|(at, _)| *at);
        let mut parties: BTreeMap<(Time, String), Vec<Person>> = BTreeMap::new();
        for (at, line) in &lines {
            if let Line::Enter(person) = line
                && let Some(party) = &person.party
            {
                let party = parties.entry((*at, party.clone())).or_default();
                party.push((**person).clone());
            }
        }
        let (mut log, mut faults) = (Self::default(), Vec::new());
        let mut last: BTreeMap<PlayerId, usize> = BTreeMap::new();
        for (at, line) in lines {
            match line {
                Line::Enter(person) => {
                    let people = match &person.party {
                        None => vec![*person],
                        Some(party) => parties.remove(&(at, party.clone())).unwrap_or_default(),
                    };
                    let Some(first) = people.first() else {
                        continue; // The party was added with its first member.
                    };
                    let (line, nth) = (first.line, log.entries.len());
                    let names: BTreeSet<&PlayerId> = people.iter().map(|it| &it.player).collect();
                    if names.len() < people.len() {
                        faults.push(format!("line {line}, column party: a player is in it twice"));
                        continue;
                    }
                    match engine::ticket(nth, at, &people) {
                        Ok(ticket) => {
                            last.extend(people.iter().map(|it| (it.player.clone(), nth)));
                            let patience = people.iter().filter_map(|it| it.patience).min();
                            log.events.push((at, Event::Enter(nth)));
                            log.entries.push(Entry { at, ticket, people, patience });
                        }
                        Err(fault) => faults.push(format!("line {line}, {fault}")),
                    }
                }
                Line::Leave(line, player) => match last.get(&player) {
                    Some(&nth) => log.events.push((at, Event::Leave(nth))),
                    None => faults
                        .push(format!("line {line}, column player: {player} leaves without having entered")),
                },
            }
        }
        if !faults.is_empty() {
            bail!(format_errors(&faults));
        }
        Ok(log)
    }

    /// The number of players.
    #[must_use]
    pub fn people(&self) -> usize {
        self.entries.iter().map(|entry| entry.people.len()).sum()
    }
}

/// Errors that are shown; all are counted.
const SHOWN: usize = 10;

/// Formats the first errors of a file, one per line.
pub(super) fn format_errors(faults: &[String]) -> String {
    let mut text = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    if let Some(more) = faults.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(text, "\nand {more} more");
    }
    text
}
