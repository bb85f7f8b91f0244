//! Baseline matchmakers: first come first served, and the one that Nakama runs every fifteen seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use shared::lobby::tickets::ticket::Ticket;
use shared::pool::Pool;
use shared::time::Time;

use super::engine;
use super::replay::{Match, Matcher};

/// First come, first served: ignores attributes, ratings and wants.
#[derive(Debug, Clone, Default)]
pub struct Fifo {
    seats: usize,
    waiting: BTreeMap<usize, usize>,
}

impl Fifo {
    /// Returns an empty queue for matches of this many players.
    #[must_use]
    pub fn new(seats: usize) -> Self {
        Self { seats, waiting: BTreeMap::new() }
    }
}

impl Matcher for Fifo {
    fn entered(&mut self, _now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        self.waiting.insert(nth, engine::player_count(ticket));
        let (mut chosen, mut room) = (Vec::new(), self.seats);
        for (&nth, &people) in &self.waiting {
            if people <= room {
                chosen.push(nth);
                room -= people;
            }
        }
        if room > 0 {
            return Vec::new();
        }
        self.waiting.retain(|nth, _| !chosen.contains(nth));
        vec![chosen.into_iter().map(|nth| vec![nth]).collect()]
    }

    fn left(&mut self, nth: usize) {
        self.waiting.remove(&nth);
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn woke(&mut self, _now: Time) -> Vec<Match> {
        Vec::new()
    }
}

/// Interval between two runs of Nakama's matchmaker: `matchmaker.interval_sec`, by default.
const INTERVAL: Duration = Duration::from_secs(15);
/// Runs in which it requires the largest match; afterwards it accepts a smaller one:
/// `matchmaker.max_intervals`, by default.
const INTERVALS: u32 = 2;

/// Nakama's matchmaker, as its `processDefault` works (heroiclabs/nakama, `server/matchmaker_process.go` at
/// 001d9dae, and <https://heroiclabs.com/docs/nakama/concepts/multiplayer/matchmaker>), with its default
/// settings:
///
/// - It runs every 15 s. A ticket is active for two runs, and for one if its minimum and maximum size are
///   equal; after that only other tickets find it.
/// - Active tickets are processed in random order (a Go map's): here from a seed.
/// - A ticket's query is fixed when it enters and never widens. It finds the other tickets that it accepts,
///   the longest wait first: a range of numbers gives all tickets in it the same score. Their acceptance of
///   it counts only with `rev_precision`, which is off.
/// - The found tickets are gathered until the match has its maximum size; at a ticket's last run the minimum
///   is enough.
#[derive(Debug)]
pub struct Interval {
    pool: Pool,
    query: Query,
    least: usize,
    most: usize,
    /// The size of a match is a multiple of this: `count_multiple`, the size of a team.
    multiple: usize,
    chance: ChaCha8Rng,
    next: Option<Time>,
    tickets: BTreeMap<usize, Waits>,
    active: BTreeSet<usize>,
}

/// The query of a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Query {
    /// The range of ratings on either side.
    pub within: f64,
    /// Requires that the found tickets accept the searching one too: `rev_precision`.
    pub is_mutual: bool,
}

#[derive(Debug, Clone)]
struct Waits {
    ticket: Ticket,
    turns: u32,
}

impl Interval {
    /// Returns an empty matchmaker for a pool, whose clock starts at `began`.
    #[must_use]
    pub fn new(pool: &Pool, query: Query, began: Time) -> Self {
        let (least, most) = engine::sizes(pool);
        Self {
            pool: pool.clone(),
            query,
            least,
            most,
            multiple: pool.teams.map_or(1, |it| it.size.max(1)),
            chance: ChaCha8Rng::seed_from_u64(15),
            next: Some(began + INTERVAL),
            tickets: BTreeMap::new(),
            active: BTreeSet::new(),
        }
    }

    fn accepts(&self, mine: &Ticket, other: &Ticket) -> bool {
        (engine::rating(mine) - engine::rating(other)).abs() <= self.query.within
            && engine::wants(mine, other, &self.pool).1 == 0
    }

    /// Returns the tickets that this ticket finds, the longest wait first.
    fn hits(&self, nth: usize, mine: &Ticket, selected: &BTreeSet<usize>) -> Vec<usize> {
        let others = self.tickets.iter();
        let found = others.filter(|(other, it)| {
            **other != nth
                && !selected.contains(other)
                && self.accepts(mine, &it.ticket)
                && (!self.query.is_mutual || self.accepts(&it.ticket, mine))
        });
        found.map(|(&nth, _)| nth).collect()
    }

    /// Processes one ticket: returns a match if it finds enough players.
    fn turn(&self, nth: usize, is_last: bool, selected: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let mine = &self.tickets.get(&nth)?.ticket;
        let people = |nth: &usize| {
            let it = self.tickets.get(nth);
            it.map_or(0, |it| engine::player_count(&it.ticket))
        };
        let hits = self.hits(nth, mine, selected);
        let mut gathered: Vec<Vec<usize>> = Vec::new();
        for (at, &hit) in hits.iter().enumerate() {
            let size = |group: &Vec<usize>| group.iter().map(people).sum::<usize>();
            let agrees = |group: &Vec<usize>| {
                let mut others = group.iter().filter_map(|nth| self.tickets.get(nth));
                let hit = self.tickets.get(&hit);
                !self.query.is_mutual
                    || others.all(|it| {
                        hit.is_some_and(|hit| {
                            self.accepts(&it.ticket, &hit.ticket) && self.accepts(&hit.ticket, &it.ticket)
                        })
                    })
            };
            let room =
                |group: &Vec<usize>| size(group) + people(&hit) + people(&nth) <= self.most && agrees(group);
            let place = gathered.iter().position(room);
            let place = place.unwrap_or_else(|| {
                gathered.push(Vec::new());
                gathered.len() - 1
            });
            let group = gathered.get_mut(place)?;
            group.push(hit);
            let all = size(group) + people(&nth);
            let whole = all.is_multiple_of(self.multiple);
            let few = (self.least..=self.most).contains(&all) && whole;
            let enough = is_last && few && at + 1 == hits.len();
            if all == self.most || enough {
                let mut group = std::mem::take(group);
                group.push(nth);
                return Some(group);
            }
        }
        None
    }
}

impl Matcher for Interval {
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        // It also runs while the queue is empty, without effect.
        if let Some(next) = self.next.filter(|next| *next < now) {
            let missed = now.since(next).as_millis().div_ceil(INTERVAL.as_millis());
            let missed = u32::try_from(missed).unwrap_or(u32::MAX);
            self.next = Some(next + INTERVAL.saturating_mul(missed));
        }
        let ticket = ticket.clone();
        self.tickets.insert(nth, Waits { ticket, turns: 0 });
        self.active.insert(nth);
        Vec::new()
    }

    fn left(&mut self, nth: usize) {
        self.tickets.remove(&nth);
        self.active.remove(&nth);
    }

    fn wake_at(&self) -> Option<Time> {
        self.next
    }

    fn woke(&mut self, now: Time) -> Vec<Match> {
        self.next = Some(now + INTERVAL);
        let mut order: Vec<usize> = self.active.iter().copied().collect();
        order.shuffle(&mut self.chance);
        let (mut selected, mut made) = (BTreeSet::new(), Vec::new());
        for nth in order {
            if selected.contains(&nth) {
                continue;
            }
            let Some(mine) = self.tickets.get_mut(&nth) else {
                continue;
            };
            mine.turns += 1;
            let is_last = mine.turns >= INTERVALS || self.least == self.most;
            if is_last {
                self.active.remove(&nth);
            }
            if let Some(group) = self.turn(nth, is_last, &selected) {
                selected.extend(group.iter().copied());
                made.push(group.into_iter().map(|nth| vec![nth]).collect());
            }
        }
        for nth in selected {
            self.left(nth);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::read;
    use crate::matching::replay::{EntryOutcome, run};
    use shared::pool;

    const RANKED: &str = r#"{"a":{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":400}}}"#;

    /// Returns the time at which each entry of a log is matched, milliseconds.
    fn matched(log: &str, with: impl Fn(&Pool) -> Box<dyn Matcher>) -> Vec<Option<u64>> {
        let log = read::csv(log).unwrap();
        let pool = pool::read(RANKED).unwrap().into_values().next().unwrap();
        let outcome = run(&log, &pool, &mut *with(&pool));
        let at = |fate| match fate {
            EntryOutcome::Matched { at, .. } => Some(at.ms()),
            _ => None,
        };
        outcome.entries.into_iter().map(at).collect()
    }

    fn nakama(log: &str, is_mutual: bool) -> Vec<Option<u64>> {
        matched(log, |pool| {
            let query = Query { within: 100.0, is_mutual };
            Box::new(Interval::new(pool, query, Time::default()))
        })
    }

    #[test]
    fn first_ticket_is_matched_first() {
        let log = "at,player,rating\n0,p_1,1\n5,p_2,9999\n9,p_3,1\n";
        let got = matched(log, |_| Box::new(Fifo::new(2)));
        assert_eq!(got, [Some(5), Some(5), None]);
    }

    #[test]
    fn nakama_runs_every_fifteen_seconds() {
        let log = "at,player,rating\n0,p_1,1500\n1000,p_2,1550\n2000,p_3,1700\n";
        assert_eq!(nakama(log, false), [Some(15_000), Some(15_000), None]);
        // Its clock continues while the queue is empty.
        let late = "at,player\n100000,p_1\n100000,p_2\n";
        assert_eq!(nakama(late, false), [Some(105_000), Some(105_000)]);
    }

    #[test]
    fn inactive_ticket_is_only_found_by_others() {
        let log = "at,player,rating\n0,p_1,1500\n16000,p_2,1550\n";
        assert_eq!(nakama(log, false), [Some(30_000), Some(30_000)]);
        // The ratings are too far apart for both queries, which never widen.
        let far = "at,player,rating\n0,p_1,1500\n16000,p_2,1601\n";
        assert_eq!(nakama(far, false), [None, None]);
    }

    #[test]
    fn only_the_searching_query_counts_without_reverse_precision() {
        let log = concat!(
            "at,player,lang,wants\n",
            "0,p_1,en,\"[{\"\"attr\"\":\"\"lang\"\",\"\"is\"\":\"\"fr\"\"}]\"\n",
            "16000,p_2,en,\n",
        );
        assert_eq!(nakama(log, false), [Some(30_000), Some(30_000)]);
        assert_eq!(nakama(log, true), [None, None]);
    }
}
