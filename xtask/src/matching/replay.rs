//! Runs a log through a matchmaker under simulated time: at each entry, and when the matchmaker wakes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared::id::{PlayerId, TicketId};
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::tickets::ticket::Ticket;
use shared::lobby::wait_stats::{Alike, Estimate, WaitStats};
use shared::pool::Pool;
use shared::time::Time;

use super::engine::{self, Gathering, TicketIndex};
use super::log::{Entry, Event, Log};

/// A match: the numbers of the entries of each team.
pub type Match = Vec<Vec<usize>>;

/// A matchmaker under test.
pub trait Matcher {
    /// An entry is added.
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match>;
    /// A waiting entry leaves.
    fn left(&mut self, nth: usize);
    /// The next time at which the matchmaker has work without an input.
    fn wake_at(&self) -> Option<Time>;
    /// The time of `wake_at` is reached.
    fn woke(&mut self, now: Time) -> Vec<Match>;
    /// The class by which waits are estimated; none in a matchmaker that estimates nothing.
    fn class_hash(&self, _: &Ticket) -> Option<u64> {
        None
    }
}

/// The outcome of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryOutcome {
    Matched {
        at: Time,
        /// Number of the match.
        made: usize,
    },
    /// The entry left at a departure of the log.
    Left(Time),
    /// The entry's patience ended.
    GaveUp(Time),
    /// The entry reached the pool's longest wait.
    Expired(Time),
    /// The entry was ignored, because one of its players already waits.
    Again,
    /// The party is larger than the pool allows.
    Refused,
}

/// A match that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeMatch {
    pub at: Time,
    pub teams: Match,
}

/// The outcome of a whole log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// By number of the entry.
    pub entries: Vec<EntryOutcome>,
    /// In the order of time.
    pub matches: Vec<MadeMatch>,
    /// The estimates that players received when they entered, by number of the entry.
    pub estimates: BTreeMap<usize, Estimate>,
    /// Entries that fitted a match whose last member entered after them.
    pub passed_over: BTreeSet<usize>,
    /// The number of waiting players from each time on.
    pub waiting: Vec<(Time, usize)>,
}

/// Runs the whole log, and continues until no entry waits.
pub fn run(log: &Log, pool: &Pool, matcher: &mut dyn Matcher) -> Outcome {
    let mut run = Run {
        log,
        pool,
        met: RecentOpponents::default(),
        here: BTreeMap::new(),
        players: BTreeSet::new(),
        wait_stats: WaitStats::default(),
        alike: BTreeMap::new(),
        due: BTreeSet::new(),
        out: Outcome { entries: vec![EntryOutcome::Again; log.entries.len()], ..Outcome::default() },
    };
    let mut events = log.events.iter().copied().peekable();
    loop {
        let event = events.peek().map(|(at, _)| *at);
        let due = run.due.first().map(|(at, _)| *at);
        let wake = matcher.wake_at().filter(|_| !run.here.is_empty());
        let Some(now) = [wake, due, event].into_iter().flatten().min() else {
            return run.out;
        };
        if wake == Some(now) {
            let made = matcher.woke(now);
            run.made(now, &made);
        } else if due == Some(now) {
            run.give_up(now, matcher);
        } else if let Some((_, event)) = events.next() {
            run.event(now, event, matcher);
        }
        run.count(now);
    }
}

struct Run<'a> {
    log: &'a Log,
    pool: &'a Pool,
    /// For passed-over entries: players who met recently do not fit.
    met: RecentOpponents,
    here: BTreeMap<usize, &'a Ticket>,
    players: BTreeSet<&'a PlayerId>,
    wait_stats: WaitStats,
    /// The tickets whose waits are like that of each waiting entry.
    alike: BTreeMap<usize, Alike>,
    /// The time at which each entry's wait ends.
    due: BTreeSet<(Time, usize)>,
    out: Outcome,
}

impl Run<'_> {
    fn event(&mut self, now: Time, event: Event, matcher: &mut dyn Matcher) {
        match event {
            Event::Enter(nth) => {
                let Some(entry) = self.log.entries.get(nth) else {
                    return;
                };
                let mut people = entry.people.iter().map(|it| &it.player);
                if people.any(|player| self.players.contains(player)) {
                    return;
                }
                if entry.people.len() > self.pool.party {
                    self.fate(nth, EntryOutcome::Refused);
                    return;
                }
                self.players.extend(entry.people.iter().map(|it| &it.player));
                self.here.insert(nth, &entry.ticket);
                self.due.insert((now + self.patience(entry), nth));
                if let Some(class) = matcher.class_hash(&entry.ticket) {
                    self.estimate(now, nth, class, &entry.ticket);
                }
                let made = matcher.entered(now, nth, &entry.ticket);
                self.made(now, &made);
            }
            Event::Leave(nth) => {
                if self.take(nth) {
                    matcher.left(nth);
                    self.fate(nth, EntryOutcome::Left(now));
                }
            }
        }
    }

    fn estimate(&mut self, now: Time, nth: usize, class: u64, ticket: &Ticket) {
        let alike = Alike::to(ticket, class, self.pool);
        self.out.estimates.insert(nth, self.wait_stats.estimate(now, Some(alike)));
        self.alike.insert(nth, alike);
    }

    fn give_up(&mut self, now: Time, matcher: &mut dyn Matcher) {
        let Some((_, nth)) = self.due.pop_first() else {
            return;
        };
        self.take(nth);
        matcher.left(nth);
        let entry = self.log.entries.get(nth);
        let gave_up = entry.is_some_and(|it| it.patience.is_some_and(|said| said == self.patience(it)));
        self.fate(nth, if gave_up { EntryOutcome::GaveUp(now) } else { EntryOutcome::Expired(now) });
    }

    fn made(&mut self, now: Time, matches: &[Match]) {
        for teams in matches {
            for &nth in teams.iter().flatten() {
                if let (Some(alike), Some(entry)) = (self.alike.get(&nth), self.log.entries.get(nth)) {
                    self.wait_stats.add(now, entry.at, *alike);
                }
                self.take(nth);
                let made = self.out.matches.len();
                self.fate(nth, EntryOutcome::Matched { at: now, made });
            }
            let teams = teams.clone();
            self.out.matches.push(MadeMatch { at: now, teams });
        }
        for teams in matches {
            self.pass_over(now, teams);
            self.meet(now, teams);
        }
    }

    /// Records the waiting entries that entered before the last member of a match and fit all the others.
    fn pass_over(&mut self, now: Time, teams: &Match) {
        let last = teams.iter().flatten().max().copied().unwrap_or_default();
        let others: Vec<&Ticket> = teams
            .iter()
            .flatten()
            .filter(|&&nth| nth != last)
            .filter_map(|&nth| self.log.entries.get(nth).map(|it| &it.ticket))
            .collect();
        for (&nth, ticket) in self.here.range(..last) {
            let mut others = others.iter();
            if others.all(|other| engine::fit(now, ticket, other, self.pool, &self.met)) {
                self.out.passed_over.insert(nth);
            }
        }
    }

    fn meet(&mut self, now: Time, teams: &Match) {
        let entries = teams.iter().flatten();
        let entries = entries.filter_map(|&nth| self.log.entries.get(nth));
        engine::record_meeting(&mut self.met, now, entries.map(|it| &it.ticket), self.pool);
    }

    /// Ends an entry's wait. Returns false if it does not wait.
    fn take(&mut self, nth: usize) -> bool {
        if let Some(entry) = self.log.entries.get(nth) {
            self.due.remove(&(entry.at + self.patience(entry), nth));
            if self.here.contains_key(&nth) {
                for person in &entry.people {
                    self.players.remove(&person.player);
                }
            }
        }
        self.alike.remove(&nth);
        self.here.remove(&nth).is_some()
    }

    /// Returns the longest wait of an entry: its patience, at most the pool's limit.
    fn patience(&self, entry: &Entry) -> Duration {
        let longest = engine::patience(self.pool);
        entry.patience.map_or(longest, |said| said.min(longest))
    }

    fn fate(&mut self, nth: usize, fate: EntryOutcome) {
        if let Some(of) = self.out.entries.get_mut(nth) {
            *of = fate;
        }
    }

    fn count(&mut self, now: Time) {
        let many = self.players.len();
        match self.out.waiting.last_mut() {
            Some((at, last)) if *at == now => *last = many,
            Some((_, last)) if *last == many => {}
            Some(_) | None => self.out.waiting.push((now, many)),
        }
    }
}

/// The lobby, with the rules that run at the edge.
#[derive(Debug, Clone)]
pub struct Lobby {
    pool: Pool,
    waiting: TicketIndex,
    met: RecentOpponents,
    numbers: BTreeMap<TicketId, (usize, Ticket)>,
    names: BTreeMap<usize, TicketId>,
    /// The time of the next plan without a gathering.
    due: Option<Time>,
    /// None in a lobby that plans at each entry.
    gathering: Option<Gathering>,
}

impl Lobby {
    /// Returns an empty lobby.
    #[must_use]
    pub fn new(pool: &Pool) -> Self {
        Self {
            pool: pool.clone(),
            waiting: TicketIndex::new(pool),
            met: RecentOpponents::default(),
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            due: None,
            gathering: Some(Gathering::default()),
        }
    }

    /// Returns a lobby that plans at each entry, also in a rush.
    #[must_use]
    pub fn at_once(pool: &Pool) -> Self {
        Self { gathering: None, ..Self::new(pool) }
    }

    /// Adds an entry without planning, for an entry that waited in another lobby.
    pub fn add(&mut self, now: Time, nth: usize, ticket: &Ticket) {
        self.names.insert(nth, ticket.id.clone());
        self.numbers.insert(ticket.id.clone(), (nth, ticket.clone()));
        self.waiting.insert(now, ticket.clone());
        self.due = Some(now);
        if let Some(gathering) = &mut self.gathering {
            gathering.arrived(now);
        }
    }

    /// Returns true if a ticket waits in this lobby.
    #[cfg(test)]
    pub fn has(&self, nth: usize) -> bool {
        self.names.contains_key(&nth)
    }

    /// Excludes rematches of players who were matched in another lobby of the same queue.
    pub fn remember<'a>(&mut self, now: Time, tickets: impl Iterator<Item = &'a Ticket>) {
        engine::record_meeting(&mut self.met, now, tickets, &self.pool);
    }

    /// Makes all matches that are possible now, unless a gathering is open.
    pub fn plan(&mut self, now: Time) -> Vec<Match> {
        if self.wake_at().is_none_or(|at| at > now) {
            return Vec::new();
        }
        if let Some(gathering) = &mut self.gathering {
            gathering.planned(now);
        }
        let (matches, due) = engine::plan(&mut self.waiting, now, &self.met);
        self.due = due;
        matches
            .into_iter()
            .map(|teams| {
                let tickets: Vec<_> = teams.iter().flatten().cloned().collect();
                let numbers = |team: Vec<TicketId>| {
                    let numbers = team.iter().filter_map(|id| self.numbers.get(id));
                    numbers.map(|(nth, _)| *nth).collect()
                };
                let teams = teams.into_iter().map(numbers).collect();
                self.meet(now, &tickets);
                teams
            })
            .collect()
    }

    fn meet(&mut self, now: Time, tickets: &[TicketId]) {
        let gone = tickets.iter().filter_map(|id| self.numbers.remove(id));
        let gone: Vec<(usize, Ticket)> = gone.collect();
        for (nth, _) in &gone {
            self.names.remove(nth);
        }
        let tickets = gone.iter().map(|(_, ticket)| ticket);
        engine::record_meeting(&mut self.met, now, tickets, &self.pool);
    }
}

impl Matcher for Lobby {
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match> {
        self.add(now, nth, ticket);
        self.plan(now)
    }

    fn left(&mut self, nth: usize) {
        if let Some(id) = self.names.remove(&nth) {
            self.numbers.remove(&id);
            self.waiting.remove(&id);
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let due = self.due?;
        Some(self.gathering.as_ref().map_or(due, |gathering| gathering.plan_at(due)))
    }

    fn woke(&mut self, now: Time) -> Vec<Match> {
        self.plan(now)
    }

    fn class_hash(&self, ticket: &Ticket) -> Option<u64> {
        Some(self.waiting.class_hash(ticket))
    }
}

#[cfg(test)]
mod tests;
