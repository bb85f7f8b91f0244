//! Simulates a sharded queue: each shard matches its own players, and tickets that wait too long escalate to
//! a parent.

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

    fn gone(&mut self, matches: &[Match]) {
        for &nth in matches.iter().flatten().flatten() {
            self.forget(nth);
        }
    }

    fn forget(&mut self, nth: usize) -> Option<(usize, Ticket)> {
        let (home, ticket) = self.tickets.remove(&nth)?;
        self.escalations.remove(&(ticket.since + self.rule.escalate_after(), nth));
        Some((home, ticket))
    }
}

impl Matcher for Sharded {
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        let home = engine::shard_of(&self.rule, ticket);
        self.tickets.insert(nth, (home, ticket.clone()));
        self.escalations.insert((now + self.rule.escalate_after(), nth));
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
        let climbs = self.escalations.first().map(|(at, _)| *at);
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
        while let Some(&(_, nth)) = self.escalations.first().filter(|(at, _)| *at <= now) {
            let Some((home, ticket)) = self.forget(nth) else {
                self.escalations.pop_first();
                continue;
            };
            if let Some(lobby) = self.lobbies.get_mut(home) {
                lobby.left(nth);
            }
            // The ticket keeps its position: `since` is when it entered.
            self.parent.add(now, nth, &ticket);
            self.escalated += 1;
            plan = true;
        }
        if plan {
            made.extend(self.parent.woke(now));
        }
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
