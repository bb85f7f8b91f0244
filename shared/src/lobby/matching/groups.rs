//! The search for tickets that fill the seats together with one ticket, in matches of more than two.

use crate::limits;
use crate::lobby::matching::index::{Slot, TicketIndex};
use crate::lobby::matching::pairs::PlanContext;
use crate::lobby::matching::teams;
use crate::time::Time;
use std::time::Duration;

/// A search for tickets that fill the seats.
struct Search<'a> {
    index: &'a TicketIndex,
    ctx: PlanContext<'a>,
    /// The tickets that fit the first one, best first.
    others: Vec<Slot>,
    chosen: Vec<Slot>,
    players: usize,
    /// The largest group so far in which all fit: its number of players and its tickets.
    largest: (usize, Vec<Slot>),
    steps: usize,
}

impl TicketIndex {
    /// Returns the teams of a match with this ticket in it; `None` if no match is possible now. The search
    /// looks at the best `limits::GROUP_CANDIDATES_MAX` fitting tickets, best first. Where party sizes do not
    /// add up at once, it ends after `limits::GROUP_STEPS_MAX` steps.
    pub(in crate::lobby) fn group(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<Vec<Vec<Slot>>> {
        let first = self.entry(slot)?;
        let mut search = Search {
            index: self,
            ctx,
            others: self.fitting(slot, ctx),
            chosen: vec![slot],
            players: first.players,
            largest: (0, Vec::new()),
            steps: limits::GROUP_STEPS_MAX,
        };
        if search.fill(0) {
            return self.divide_slots(&search.chosen, &self.pool.shape());
        }
        let least = self.pool.min?;
        let (players, chosen) = search.largest;
        let waited =
            |&slot: &Slot| self.entry(slot).is_some_and(|it| it.since + after(least.after_s) <= ctx.now);
        let (teams, size) = match self.pool.teams {
            None => (1, players),
            Some(teams) => (teams.count, players / teams.count.max(1)),
        };
        let starts = players >= least.seats && chosen.iter().any(waited);
        starts.then(|| self.divide_slots(&chosen, &vec![size; teams]))?
    }

    /// Returns the tickets that fit a ticket now, best first.
    fn fitting(&self, slot: Slot, ctx: PlanContext<'_>) -> Vec<Slot> {
        let Some(entry) = self.entry(slot) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for candidates in self.candidates(entry).filter(|candidates| candidates.from <= ctx.now) {
            for other in self.by_age(candidates.class) {
                if self.fits_now(slot, other, ctx) {
                    found.extend(self.entry(other).map(|it| {
                        let overdue = self.is_overdue(ctx.now, it.since);
                        let gap = if overdue { 0.0 } else { (it.rating - entry.rating).abs() };
                        let gap = self.pool.rating.map_or(0.0, |_| gap);
                        (!overdue, gap, it.since, other)
                    }));
                }
            }
        }
        found.sort_by(|a, b| {
            (a.0.cmp(&b.0)).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)).then(a.3.cmp(&b.3))
        });
        found.truncate(limits::GROUP_CANDIDATES_MAX);
        found.into_iter().map(|(.., slot)| slot).collect()
    }

    /// Returns the next time at which a match with this ticket may become possible by waiting alone.
    pub(in crate::lobby) fn group_next_fit_at(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<Time> {
        let entry = self.entry(slot)?;
        let starts = self.pool.min.map(|least| entry.since + after(least.after_s));
        let starts = starts.filter(|&at| at > ctx.now);
        self.next_fit_at(slot, ctx).into_iter().chain(starts).min()
    }

    /// Divides tickets into balanced teams of these sizes; `None` if that is impossible.
    fn divide_slots(&self, slots: &[Slot], sizes: &[usize]) -> Option<Vec<Vec<Slot>>> {
        let entries = slots.iter().filter_map(|&slot| Some((slot, self.entry(slot)?)));
        let tickets =
            entries.map(|(slot, it)| teams::TeamTicket { slot, players: it.players, rating: it.rating });
        teams::divide(tickets.collect(), sizes)
    }
}

fn after(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

impl Search<'_> {
    /// Adds tickets from this position on until the seats are full. Returns false if they cannot be filled.
    fn fill(&mut self, from: usize) -> bool {
        let pool = &self.index.pool;
        if self.players == pool.seats {
            return self.index.divide_slots(&self.chosen, &pool.shape()).is_some();
        }
        self.note();
        for nth in from..self.others.len() {
            let Some(&other) = self.others.get(nth) else {
                return false;
            };
            if self.steps == 0 {
                return false;
            }
            self.steps -= 1;
            let players = self.index.entry(other).map_or(0, |it| it.players);
            let room = players > 0 && self.players + players <= pool.seats;
            let fits = |&chosen: &Slot| self.index.fits_now(chosen, other, self.ctx);
            if !room || !self.chosen.iter().skip(1).all(fits) {
                continue;
            }
            self.chosen.push(other);
            self.players += players;
            if self.fill(nth + 1) {
                return true;
            }
            self.chosen.pop();
            self.players -= players;
        }
        false
    }

    /// Remembers a group that may start before the seats are full.
    fn note(&mut self) {
        let pool = &self.index.pool;
        if pool.min.is_none_or(|least| self.players < least.seats) || self.players <= self.largest.0 {
            return;
        }
        let whole = match pool.teams {
            None => true,
            Some(teams) => {
                let count = teams.count.max(1);
                let sizes = vec![self.players / count; count];
                self.players.is_multiple_of(count) && self.index.divide_slots(&self.chosen, &sizes).is_some()
            }
        };
        if whole {
            self.largest = (self.players, self.chosen.clone());
        }
    }
}
