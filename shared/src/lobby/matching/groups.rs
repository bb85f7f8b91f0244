//! The search for tickets that fill the seats together with one ticket, in matches of more than two.

use crate::limits;
use crate::lobby::matching::index::TicketIndex;
use crate::lobby::matching::nearest::Nearest;
use crate::lobby::matching::pairs::{PlanContext, window_since};
use crate::lobby::matching::rows::Slot;
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
    /// The number of players of the largest group so far in which all fit.
    largest: usize,
    /// The largest such group that may start, if any: its number of players and its tickets.
    startable: (usize, Vec<Slot>),
    steps: usize,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lobby) enum GroupSearch {
    /// The teams of a match.
    Found(Vec<Vec<Slot>>),
    /// No match is possible now.
    Impossible,
    /// The search looked at as many tickets or combinations as its limits allow. A match may be possible.
    Unfinished,
}

/// The largest group that a ticket can be in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lobby) struct LargestGroup {
    pub(in crate::lobby) players: usize,
    /// The start of the longest wait in it, if it has the pool's minimum of players.
    pub(in crate::lobby) startable_since: Option<Time>,
}

impl TicketIndex {
    /// Searches a match with this ticket in it. The search looks at the best `limits::GROUP_CANDIDATES_MAX` fitting
    /// tickets, best first. Where party sizes do not add up at once, it ends after `limits::GROUP_STEPS_MAX` steps; the
    /// next search of the same ticket then begins with other candidates.
    pub(in crate::lobby) fn group(&self, slot: Slot, ctx: PlanContext<'_>) -> GroupSearch {
        // A party may fill a match alone, which no comparison with another ticket holds back.
        if self.entry(slot).is_none_or(|entry| entry.hold_off_until > ctx.now) {
            return GroupSearch::Impossible;
        }
        // A match is almost always found among the first few.
        let few = 4 * self.pool.seats;
        let first = self.search(slot, few.min(limits::GROUP_CANDIDATES_MAX), ctx);
        let (search, is_full) = match first {
            (search, false) if search.others.len() >= few => {
                self.search(slot, limits::GROUP_CANDIDATES_MAX, ctx)
            }
            first => first,
        };
        if is_full {
            return match self.divide_slots(&search.chosen, &self.pool.shape()) {
                Some(teams) => GroupSearch::Found(teams),
                None => GroupSearch::Unfinished,
            };
        }
        let early = self.early_start(&search, ctx);
        let is_cut = search.steps == 0 || search.others.len() >= limits::GROUP_CANDIDATES_MAX;
        match early {
            Some(teams) => GroupSearch::Found(teams),
            None if is_cut => GroupSearch::Unfinished,
            None => GroupSearch::Impossible,
        }
    }

    /// Returns the largest group that a ticket can be in now, within the limits of the search.
    pub(in crate::lobby) fn largest_group(&self, slot: Slot, ctx: PlanContext<'_>) -> LargestGroup {
        let (search, _) = self.search(slot, limits::GROUP_CANDIDATES_MAX, ctx);
        let since = |slots: &[Slot]| slots.iter().filter_map(|&slot| Some(self.entry(slot)?.since)).min();
        LargestGroup {
            players: search.largest.max(search.players),
            startable_since: since(&search.startable.1),
        }
    }

    /// Searches among this number of candidates. Returns true with a search whose seats are full.
    fn search<'a>(&'a self, slot: Slot, candidates: usize, ctx: PlanContext<'a>) -> (Search<'a>, bool) {
        let first = self.entry(slot);
        let mut others = self.fitting(slot, candidates, ctx);
        // After searches that ended without a result, other candidates come first.
        if let Some(unfinished) = first.map(|it| it.unfinished).filter(|&it| it > 0 && !others.is_empty()) {
            let shift = (unfinished as usize).wrapping_mul(limits::GROUP_SHIFT) % others.len();
            others.rotate_left(shift);
        }
        let mut search = Search {
            index: self,
            ctx,
            others,
            chosen: vec![slot],
            players: first.map_or(0, |it| it.players),
            largest: 0,
            startable: (0, Vec::new()),
            steps: limits::GROUP_STEPS_MAX,
        };
        let is_full = search.fill(0);
        (search, is_full)
    }

    /// Returns the teams of a match that starts before its seats are full, if the pool allows it by now.
    fn early_start(&self, search: &Search<'_>, ctx: PlanContext<'_>) -> Option<Vec<Vec<Slot>>> {
        let least = self.pool.min?;
        let (players, chosen) = &search.startable;
        let waited =
            |&slot: &Slot| self.entry(slot).is_some_and(|it| it.since + after(least.after_s) <= ctx.now);
        let (teams, size) = match self.pool.teams {
            None => (1, *players),
            Some(teams) => (teams.count, players / teams.count.max(1)),
        };
        let starts = *players >= least.seats && chosen.iter().any(waited);
        starts.then(|| self.divide_slots(chosen, &vec![size; teams]))?
    }

    /// Returns the best tickets that fit a ticket now, this many at most, best first: overdue ones by age, then by
    /// rating, then by age.
    fn fitting(&self, slot: Slot, most: usize, ctx: PlanContext<'_>) -> Vec<Slot> {
        let Some(entry) = self.entry(slot) else {
            return Vec::new();
        };
        let mut found = Nearest::new(most);
        for candidates in self.candidates(entry).filter(|candidates| candidates.from <= ctx.now) {
            match self.pool.rating {
                None => found.add_by_age(self, slot, candidates, ctx),
                Some(window) => {
                    found.add_overdue(self, slot, candidates, ctx);
                    let since = window_since(entry, window, ctx);
                    let (below, above) = self.rows.by_distance(candidates.class, entry.rating);
                    found.add_by_distance(self, (slot, entry), below, (window, since), ctx);
                    found.add_by_distance(self, (slot, entry), above, (window, since), ctx);
                }
            }
        }
        found.into_slots()
    }

    /// Returns the next time at which a match with this ticket may become possible by waiting alone.
    pub(in crate::lobby) fn group_next_fit_at(
        &self,
        slot: Slot,
        is_unfinished: bool,
        ctx: PlanContext<'_>,
    ) -> Option<Time> {
        let entry = self.entry(slot)?;
        let starts = self.pool.min.map(|least| entry.since + after(least.after_s));
        let starts = starts.filter(|&at| at > ctx.now);
        let again = is_unfinished.then(|| {
            let pause = limits::GROUP_RETRY_FIRST.saturating_mul(1 << entry.unfinished.min(16));
            ctx.now + pause.min(limits::GROUP_RETRY_MAX)
        });
        let next = self.next_fit(slot, ctx).map(|(at, _)| at);
        let rested = Some(entry.hold_off_until).filter(|&until| until > ctx.now);
        next.into_iter().chain(starts).chain(again).chain(rested).min()
    }

    /// Divides tickets into balanced teams of these sizes; `None` if that is impossible.
    fn divide_slots(&self, slots: &[Slot], sizes: &[usize]) -> Option<Vec<Vec<Slot>>> {
        let entries = slots.iter().filter_map(|&slot| Some((slot, self.entry(slot)?)));
        let tickets =
            entries.map(|(slot, it)| teams::TeamTicket { slot, players: it.players, rating: it.rating });
        teams::divide(tickets.collect(), sizes)
    }

    /// Returns true if tickets can be divided into teams of these sizes.
    fn divides(&self, slots: &[Slot], sizes: &[usize]) -> bool {
        let players = slots.iter().filter_map(|&slot| Some(self.entry(slot)?.players));
        teams::can_divide(players.collect(), sizes)
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
            return pool.teams.is_none() || self.index.divides(&self.chosen, &pool.shape());
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

    /// Remembers the largest group, and the largest that may start before the seats are full.
    fn note(&mut self) {
        let pool = &self.index.pool;
        self.largest = self.largest.max(self.players);
        if pool.min.is_none_or(|least| self.players < least.seats) || self.players <= self.startable.0 {
            return;
        }
        let whole = match pool.teams {
            None => true,
            Some(teams) => {
                let count = teams.count.max(1);
                let sizes = vec![self.players / count; count];
                self.players.is_multiple_of(count) && self.index.divides(&self.chosen, &sizes)
            }
        };
        if whole {
            self.startable = (self.players, self.chosen.clone());
        }
    }
}
