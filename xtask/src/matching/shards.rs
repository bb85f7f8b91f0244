//! One queue as several lobbies: each matches its own people, and who waits too long climbs to a parent of all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::ValueEnum;
use sha2::{Digest, Sha256};
use shared::lobby::ticket::Ticket;
use shared::pool::Pool;
use shared::time::Time;

use super::engine;
use super::log::Log;
use super::replay::{Lobby, Match, Matcher};

/// What decides which lobby somebody goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Bands of ratings with as many people each.
    Rating,
    /// Chance: by who they are.
    Hash,
    /// The value of an attribute: `--shard-attr`.
    Attr,
}

/// Several lobbies and their parent.
#[derive(Debug, Clone)]
pub struct Sharded {
    lobbies: Vec<Lobby>,
    parent: Lobby,
    after: Duration,
    /// Where each entry goes.
    homes: Vec<usize>,
    tickets: BTreeMap<usize, (usize, Ticket)>,
    /// When each climbs.
    climbs: BTreeSet<(Time, usize)>,
    /// How many climbed.
    pub climbed: u64,
}

impl Sharded {
    /// So many empty ones, for the people of this log.
    #[must_use]
    pub fn new(pool: &Pool, many: usize, homes: Vec<usize>, after: Duration) -> Self {
        Self {
            lobbies: vec![Lobby::new(pool); many.max(1)],
            parent: Lobby::new(pool),
            after,
            homes,
            tickets: BTreeMap::new(),
            climbs: BTreeSet::new(),
            climbed: 0,
        }
    }

    fn gone(&mut self, matches: &[Match]) {
        for &nth in matches.iter().flatten().flatten() {
            self.forget(nth);
        }
    }

    fn forget(&mut self, nth: usize) -> Option<(usize, Ticket)> {
        let (home, ticket) = self.tickets.remove(&nth)?;
        self.climbs.remove(&(ticket.since + self.after, nth));
        Some((home, ticket))
    }
}

impl Matcher for Sharded {
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        let home = self.homes.get(nth).copied().unwrap_or_default();
        let home = home % self.lobbies.len();
        self.tickets.insert(nth, (home, ticket.clone()));
        self.climbs.insert((now + self.after, nth));
        let lobby = self.lobbies.get_mut(home);
        let made = lobby.map_or_else(Vec::new, |lobby| lobby.entered(now, nth, ticket));
        self.gone(&made);
        made
    }

    fn left(&mut self, nth: usize) {
        match self.forget(nth) {
            Some((home, _)) => {
                if let Some(lobby) = self.lobbies.get_mut(home) {
                    lobby.left(nth);
                }
            }
            None => self.parent.left(nth),
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let lobbies = self.lobbies.iter().filter_map(Matcher::wake_at);
        let climbs = self.climbs.first().map(|(at, _)| *at);
        { lobbies }.chain(self.parent.wake_at()).chain(climbs).min()
    }

    fn woke(&mut self, now: Time) -> Vec<Match> {
        let mut made = Vec::new();
        for lobby in &mut self.lobbies {
            if lobby.wake_at().is_some_and(|at| at <= now) {
                made.extend(lobby.woke(now));
            }
        }
        self.gone(&made);
        let mut plan = self.parent.wake_at().is_some_and(|at| at <= now);
        while let Some(&(_, nth)) = self.climbs.first().filter(|(at, _)| *at <= now) {
            let Some((home, ticket)) = self.forget(nth) else {
                self.climbs.pop_first();
                continue;
            };
            if let Some(lobby) = self.lobbies.get_mut(home) {
                lobby.left(nth);
            }
            // It keeps its place: `since` is when it entered.
            self.parent.add(now, nth, &ticket);
            self.climbed += 1;
            plan = true;
        }
        if plan {
            made.extend(self.parent.woke(now));
        }
        made
    }
}

/// Which lobby each entry of a log goes to.
#[must_use]
pub fn homes(log: &Log, many: usize, by: By, attr: &str) -> Vec<usize> {
    let hashed = |text: &str| {
        let hash = Sha256::digest(text.as_bytes());
        let first = hash.iter().take(8);
        let number = first.fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(number % u64::try_from(many.max(1)).unwrap_or(1)).unwrap_or_default()
    };
    match by {
        By::Hash => {
            let entries = log.entries.iter();
            entries
                .map(|it| hashed(engine::player(&it.ticket).as_str()))
                .collect()
        }
        By::Attr => {
            let value =
                |ticket: &Ticket| engine::attrs(ticket).get(attr).map(super::summary::plain);
            let entries = log.entries.iter();
            entries
                .map(|it| hashed(&value(&it.ticket).unwrap_or_default()))
                .collect()
        }
        By::Rating => {
            let mut order: Vec<usize> = (0..log.entries.len()).collect();
            let rating = |nth: &usize| {
                log.entries
                    .get(*nth)
                    .map_or(0.0, |it| engine::rating(&it.ticket))
            };
            order.sort_by(|a, b| rating(a).total_cmp(&rating(b)));
            let mut homes = vec![0; order.len()];
            for (place, &nth) in order.iter().enumerate() {
                if let Some(home) = homes.get_mut(nth) {
                    *home = place * many / order.len().max(1);
                }
            }
            homes
        }
    }
}
