//! Runs a log through a matchmaker under simulated time: on each entry, and whenever it wants to wake.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared::id::{PlayerId, TicketId};
use shared::lobby::met::Met;
use shared::lobby::ticket::Ticket;
use shared::pool::Pool;
use shared::time::Time;

use super::engine::{self, Waiting};
use super::log::{Entry, Event, Log};

/// A match: the numbers of the entries of each of its teams.
pub type Match = Vec<Vec<usize>>;

/// What brings people together.
pub trait Matcher {
    /// Somebody comes.
    fn entered(&mut self, now: Time, nth: usize, ticket: &Ticket) -> Vec<Match>;
    /// Somebody who still waits goes.
    fn left(&mut self, nth: usize);
    /// When it next has something to do by itself.
    fn wake_at(&self) -> Option<Time>;
    /// That moment is there.
    fn woke(&mut self, now: Time) -> Vec<Match>;
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was matched.
    Matched {
        /// When.
        at: Time,
        /// Which match.
        made: usize,
    },
    /// It left, as the log says.
    Left(Time),
    /// Its patience was over.
    GaveUp(Time),
    /// The pool keeps nobody longer.
    Expired(Time),
    /// Its people waited already; entering again changes nothing.
    Again,
    /// The pool takes no party of so many.
    Refused,
}

/// A match that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When.
    pub at: Time,
    /// Of whom.
    pub teams: Match,
}

/// What became of a whole log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Of each entry.
    pub fates: Vec<Fate>,
    /// In the order of time.
    pub matches: Vec<Made>,
    /// Entries that saw one who came later matched with somebody whom they would have fitted too.
    pub passed_over: BTreeSet<usize>,
    /// How many people waited from when on.
    pub waiting: Vec<(Time, usize)>,
}

/// Runs the whole log, and on until nobody waits any more.
pub fn run(log: &Log, pool: &Pool, matcher: &mut dyn Matcher) -> Outcome {
    let mut run = Run {
        log,
        pool,
        met: Met::default(),
        here: BTreeMap::new(),
        players: BTreeSet::new(),
        due: BTreeSet::new(),
        out: Outcome { fates: vec![Fate::Again; log.entries.len()], ..Outcome::default() },
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
    /// For who was passed over: those who met are no loss.
    met: Met,
    here: BTreeMap<usize, &'a Ticket>,
    players: BTreeSet<&'a PlayerId>,
    /// Until when each waits.
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
                    self.fate(nth, Fate::Refused);
                    return;
                }
                self.players.extend(entry.people.iter().map(|it| &it.player));
                self.here.insert(nth, &entry.ticket);
                self.due.insert((now + self.patience(entry), nth));
                let made = matcher.entered(now, nth, &entry.ticket);
                self.made(now, &made);
            }
            Event::Leave(nth) => {
                if self.take(nth) {
                    matcher.left(nth);
                    self.fate(nth, Fate::Left(now));
                }
            }
        }
    }

    fn give_up(&mut self, now: Time, matcher: &mut dyn Matcher) {
        let Some((_, nth)) = self.due.pop_first() else {
            return;
        };
        self.take(nth);
        matcher.left(nth);
        let entry = self.log.entries.get(nth);
        let gave_up = entry.is_some_and(|it| it.patience.is_some_and(|said| said == self.patience(it)));
        self.fate(nth, if gave_up { Fate::GaveUp(now) } else { Fate::Expired(now) });
    }

    fn made(&mut self, now: Time, matches: &[Match]) {
        for teams in matches {
            for &nth in teams.iter().flatten() {
                self.take(nth);
                let made = self.out.matches.len();
                self.fate(nth, Fate::Matched { at: now, made });
            }
            let teams = teams.clone();
            self.out.matches.push(Made { at: now, teams });
        }
        for teams in matches {
            self.pass_over(now, teams);
            self.meet(now, teams);
        }
    }

    /// Who still waits, came before the last of them, and fits all the others.
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
        engine::meet(&mut self.met, now, entries.map(|it| &it.ticket), self.pool);
    }

    /// They wait no longer. False where they did not.
    fn take(&mut self, nth: usize) -> bool {
        if let Some(entry) = self.log.entries.get(nth) {
            self.due.remove(&(entry.at + self.patience(entry), nth));
            if self.here.contains_key(&nth) {
                for person in &entry.people {
                    self.players.remove(&person.player);
                }
            }
        }
        self.here.remove(&nth).is_some()
    }

    /// How long somebody waits at most: as the log says, and no longer than the lobby has them.
    fn patience(&self, entry: &Entry) -> Duration {
        let longest = engine::patience(self.pool);
        entry.patience.map_or(longest, |said| said.min(longest))
    }

    fn fate(&mut self, nth: usize, fate: Fate) {
        if let Some(of) = self.out.fates.get_mut(nth) {
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

/// The lobby: the very rules that run at the edge.
#[derive(Debug, Clone)]
pub struct Lobby {
    pool: Pool,
    waiting: Waiting,
    met: Met,
    numbers: BTreeMap<TicketId, (usize, Ticket)>,
    names: BTreeMap<usize, TicketId>,
    wake: Option<Time>,
}

impl Lobby {
    /// An empty one.
    #[must_use]
    pub fn new(pool: &Pool) -> Self {
        Self {
            pool: pool.clone(),
            waiting: Waiting::new(pool),
            met: Met::default(),
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            wake: None,
        }
    }

    /// Somebody who waited elsewhere comes, with many others: nothing is decided yet.
    pub fn add(&mut self, now: Time, nth: usize, ticket: &Ticket) {
        self.names.insert(nth, ticket.id.clone());
        self.numbers.insert(ticket.id.clone(), (nth, ticket.clone()));
        self.waiting.insert(now, ticket.clone());
    }

    /// Decides who plays whom.
    pub fn plan(&mut self, now: Time) -> Vec<Match> {
        let (matches, wake) = engine::plan(&mut self.waiting, now, &self.met);
        self.wake = wake;
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
        engine::meet(&mut self.met, now, tickets, &self.pool);
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
        self.wake
    }

    fn woke(&mut self, now: Time) -> Vec<Match> {
        self.wake = None;
        self.plan(now)
    }
}

#[cfg(test)]
mod tests;
