//! Who came to a queue, who left it, and when: what a replay runs through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use shared::id::PlayerId;
use shared::lobby::ticket::Ticket;
use shared::time::Time;

use super::engine;

/// One person of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The line that tells of them, for whoever has to correct it.
    pub line: u64,
    /// Who.
    pub player: PlayerId,
    /// Their rating in the pool.
    pub rating: f64,
    /// How uncertain it is: one standard deviation.
    pub deviation: Option<f64>,
    /// What they are.
    pub attrs: Map<String, Value>,
    /// What the others must be, as `enter` says it.
    pub wants: Value,
    /// With whom they come: everybody of that name and that moment.
    pub party: Option<String>,
    /// How long they wait at most.
    pub patience: Option<Duration>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// Somebody comes.
    Enter(Box<Person>),
    /// Somebody leaves, if they still wait.
    Leave(u64, PlayerId),
}

/// Those who enter together: one person, or a party.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// Their place in the queue.
    pub ticket: Ticket,
    /// Who, the first of them the one that the ticket is named after.
    pub people: Vec<Person>,
    /// How long they wait at most: as long as the least patient.
    pub patience: Option<Duration>,
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The entry of this number comes.
    Enter(usize),
    /// It leaves.
    Leave(usize),
}

/// A whole log, in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// Everybody who comes, numbered as they come.
    pub entries: Vec<Entry>,
    /// What happens when.
    pub events: Vec<(Time, Event)>,
}

impl Log {
    /// Puts lines in the order of time, parties together, and those who leave to where they entered.
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
                        continue; // Its party came with the first of them.
                    };
                    let (line, nth) = (first.line, log.entries.len());
                    let names: BTreeSet<&PlayerId> = people.iter().map(|it| &it.player).collect();
                    if names.len() < people.len() {
                        faults.push(format!("line {line}, column party: somebody is in it twice"));
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
            bail!(told(&faults));
        }
        Ok(log)
    }

    /// How many people came.
    #[must_use]
    pub fn people(&self) -> usize {
        self.entries.iter().map(|entry| entry.people.len()).sum()
    }
}

/// Faults that are shown; all are counted.
const SHOWN: usize = 10;

/// The first faults of a file, a line each.
pub(super) fn told(faults: &[String]) -> String {
    let mut text = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    if let Some(more) = faults.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(text, "\nand {more} more");
    }
    text
}
