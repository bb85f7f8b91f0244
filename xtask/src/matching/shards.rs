//! Simulates a sharded queue: each shard matches its own players, and tickets that wait too long escalate to
//! a parent, while their shard continues to match them.
//!
//! Messages between shards and parent take no time here, so a ticket that the parent matches is never taken.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use shared::lobby::tickets::ticket::Ticket;
use shared::pool::{Pool, Shards};
use shared::time::Time;

use super::engine;
use super::log::Log;
use super::replay::{Lobby, Match, Matcher};

/// Keys that assign players to shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShardKey {
    /// Bands of ratings, with the same number of players in each.
    Rating,
    /// A hash of the player's id.
    Hash,
    /// The value of an attribute, `--shard-attr`: a shard for each of the most frequent values.
    Attr,
}

/// The shards and their parent.
#[derive(Debug, Clone)]
pub struct Sharded {
    lobbies: Vec<Lobby>,
    parent: Lobby,
    rule: Shards,
    /// The waiting tickets, each with its shard.
    tickets: BTreeMap<usize, (usize, Ticket)>,
    /// The time at which each ticket escalates.
    escalations: BTreeSet<(Time, usize)>,
    /// Number of escalated tickets.
    pub escalated: u64,
}

impl Sharded {
    /// Returns empty shards.
    #[must_use]
    pub fn new(pool: &Pool, rule: &Shards) -> Self {
        Self {
            lobbies: vec![Lobby::new(pool); usize::from(rule.count().max(1))],
            parent: Lobby::new(pool),
            rule: rule.clone(),
            tickets: BTreeMap::new(),
            escalations: BTreeSet::new(),
            escalated: 0,
        }
    }

    /// Removes the tickets of matches that a shard made from the parent.
    fn matched_by_shard(&mut self, matches: &[Match]) {
        for &nth in matches.iter().flatten().flatten() {
            self.forget(nth);
            self.parent.left(nth);
        }
    }

    /// Removes the tickets of matches that the parent made from their shards, which remember the match.
    fn matched_by_parent(&mut self, now: Time, matches: &[Match]) {
        for made in matches {
            let tickets: Vec<(usize, usize, Ticket)> = { made.iter().flatten() }
                .filter_map(|&nth| self.forget(nth).map(|(home, ticket)| (nth, home, ticket)))
                .collect();
            let homes: BTreeSet<usize> = tickets.iter().map(|(_, home, _)| *home).collect();
            for (nth, home, _) in &tickets {
                if let Some(lobby) = self.lobbies.get_mut(*home) {
                    lobby.left(*nth);
                }
            }
            for home in homes {
                if let Some(lobby) = self.lobbies.get_mut(home) {
                    lobby.remember(now, tickets.iter().map(|(.., ticket)| ticket));
                }
            }
        }
    }

    fn forget(&mut self, nth: usize) -> Option<(usize, Ticket)> {
        let (home, ticket) = self.tickets.remove(&nth)?;
        self.escalations.remove(&(ticket.since + self.rule.escalate_after(), nth));
        Some((home, ticket))
    }

    /// Sends the tickets that waited long enough to the parent. They keep their position and stay in their shard.
    fn escalate(&mut self, now: Time) {
        while let Some(&(at, nth)) = self.escalations.first().filter(|(at, _)| *at <= now) {
            self.escalations.remove(&(at, nth));
            if let Some((_, ticket)) = self.tickets.get(&nth) {
                self.parent.add(now, nth, ticket);
                self.escalated += 1;
            }
        }
    }
}

impl Matcher for Sharded {
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        let home = engine::shard_of(&self.rule, ticket);
        self.tickets.insert(nth, (home, ticket.clone()));
        self.escalations.insert((now + self.rule.escalate_after(), nth));
        let lobby = self.lobbies.get_mut(home);
        let made = lobby.map_or_else(Vec::new, |lobby| lobby.entered(now, nth, ticket));
        self.matched_by_shard(&made);
        made
    }

    fn left(&mut self, nth: usize) {
        if let Some((home, _)) = self.forget(nth)
            && let Some(lobby) = self.lobbies.get_mut(home)
        {
            lobby.left(nth);
        }
        self.parent.left(nth);
    }

    fn wake_at(&self) -> Option<Time> {
        let lobbies = self.lobbies.iter().filter_map(Matcher::wake_at);
        let climbs = self.escalations.first().map(|(at, _)| *at);
        { lobbies }.chain(self.parent.wake_at()).chain(climbs).min()
    }

    fn woke(&mut self, now: Time) -> Vec<Match> {
        let mut made = Vec::new();
        for lobby in &mut self.lobbies {
            made.extend(lobby.woke(now));
        }
        self.matched_by_shard(&made);
        self.escalate(now);
        let above = self.parent.woke(now);
        self.matched_by_parent(now, &above);
        made.extend(above);
        made
    }
}

/// Returns the rule that divides the players of a log into this many shards.
#[must_use]
pub fn rule(log: &Log, many: u16, by: ShardKey, attr: &str, climb_s: u32) -> Shards {
    match by {
        ShardKey::Hash => Shards::Hash { count: many, climb_s },
        ShardKey::Attr => {
            let mut count: BTreeMap<&str, usize> = BTreeMap::new();
            let people = log.entries.iter().flat_map(|it| &it.people);
            for value in people.filter_map(|it| it.attrs.get(attr)?.as_str()) {
                *count.entry(value).or_default() += 1;
            }
            let mut values: Vec<(&str, usize)> = count.into_iter().collect();
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            // The last shard is for all other values.
            let kept = values.into_iter().take(usize::from(many) - 1);
            Shards::Attr {
                attr: attr.to_owned(),
                values: kept.map(|(value, _)| value.to_owned()).collect(),
                climb_s,
            }
        }
        ShardKey::Rating => {
            let ratings = log.entries.iter().map(|it| engine::rating(&it.ticket));
            let mut ratings: Vec<f64> = ratings.collect();
            ratings.sort_by(f64::total_cmp);
            let place = |nth: u16| ratings.len() * usize::from(nth) / usize::from(many);
            let mut bands: Vec<f64> = (1..many).filter_map(|nth| ratings.get(place(nth)).copied()).collect();
            bands.dedup();
            Shards::Rating { bands, climb_s }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::read;
    use crate::matching::replay::{EntryOutcome, run};
    use shared::pool;
    use std::fmt::Write;

    const RANKED: &str = r#"{"a":{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":400}}}"#;

    #[test]
    fn unmatched_ticket_escalates_and_keeps_its_position() {
        let log = "at,player,rating\n0,p_1,1400\n0,p_2,1450\n1000,p_3,1490\n2000,p_4,1510\n";
        let log = read::csv(log).unwrap();
        let pool = pool::read(RANKED).unwrap().into_values().next().unwrap();
        let rule = Shards::Rating { bands: vec![1500.0], climb_s: 10 };
        let mut sharded = Sharded::new(&pool, &rule);
        let outcome = run(&log, &pool, &mut sharded);
        let at = |fate: &EntryOutcome| match fate {
            EntryOutcome::Matched { at, .. } => Some(at.ms()),
            _ => None,
        };
        let at: Vec<_> = outcome.entries.iter().map(at).collect();
        // The first two are in one shard; the others meet in the parent when the later one escalates.
        assert_eq!(at, [Some(0), Some(0), Some(12_000), Some(12_000)]);
        assert_eq!(sharded.escalated, 2);
    }

    #[test]
    fn escalated_ticket_is_still_matched_by_its_shard() {
        let log = "at,player,rating\n0,p_1,1400\n20000,p_2,1450\n21000,p_3,1600\n";
        let log = read::csv(log).unwrap();
        let pool = pool::read(RANKED).unwrap().into_values().next().unwrap();
        let rule = Shards::Rating { bands: vec![1500.0], climb_s: 10 };
        let mut sharded = Sharded::new(&pool, &rule);
        let outcome = run(&log, &pool, &mut sharded);
        // The first one is at the parent since 10 s, and meets the second in their shard as it enters.
        assert_eq!(outcome.matches[0].at.ms(), 20_000);
        assert!(!sharded.parent.has(0) && !sharded.lobbies[0].has(0));
    }

    #[test]
    fn rule_divides_players_evenly() {
        let mut rows = "at,player,rating,lang\n".to_owned();
        for n in 0..100 {
            writeln!(rows, "{n},p_{n},{},{}", 1000 + n, n % 5).unwrap();
        }
        let log = read::csv(&rows).unwrap();
        for by in [ShardKey::Rating, ShardKey::Hash] {
            let rule = rule(&log, 4, by, "lang", 5);
            let mut count = [0; 4];
            for entry in &log.entries {
                count[engine::shard_of(&rule, &entry.ticket)] += 1;
            }
            assert!(count.iter().all(|it| (15..=35).contains(it)), "{count:?}");
        }
    }
}
