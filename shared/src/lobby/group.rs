//! Who fills the seats together with one ticket, where a match is of more than two.

use super::pairs::Look;
use super::teams;
use super::waiting::{Slot, Waiting};
use crate::caps;
use crate::time::Time;
use std::time::Duration;

/// The search for those who fill the seats.
struct Search<'a> {
    waiting: &'a Waiting,
    look: Look<'a>,
    /// Who fits the first, the best before the others.
    others: Vec<Slot>,
    chosen: Vec<Slot>,
    people: usize,
    /// The most who fit each other, so far.
    most: (usize, Vec<Slot>),
    steps: usize,
}

impl Waiting {
    /// The teams of a match with this ticket in it; none, there is none now. Partners are looked for among the nearest
    /// `caps::GROUP_LOOK` who fit, the best first; where parties do not add up at once, the search goes on for
    /// `caps::GROUP_STEPS`.
    pub(super) fn group(&self, slot: Slot, look: Look<'_>) -> Option<Vec<Vec<Slot>>> {
        let first = self.entry(slot)?;
        let mut search = Search {
            waiting: self,
            look,
            others: self.company(slot, look),
            chosen: vec![slot],
            people: first.people,
            most: (0, Vec::new()),
            steps: caps::GROUP_STEPS,
        };
        if search.fill(0) {
            return self.divided(&search.chosen, &self.pool.shape());
        }
        let least = self.pool.min?;
        let (people, chosen) = search.most;
        let waited =
            |&slot: &Slot| self.entry(slot).is_some_and(|it| it.since + after(least.after_s) <= look.now);
        let (teams, size) = match self.pool.teams {
            None => (1, people),
            Some(teams) => (teams.count, people / teams.count.max(1)),
        };
        let starts = people >= least.seats && chosen.iter().any(waited);
        starts.then(|| self.divided(&chosen, &vec![size; teams]))?
    }

    /// Who fits a ticket now, the best first.
    fn company(&self, slot: Slot, look: Look<'_>) -> Vec<Slot> {
        let Some(entry) = self.entry(slot) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for suitors in self.suitors(entry).filter(|them| them.from <= look.now) {
            for other in self.by_age(suitors.kind) {
                if self.fits_now(slot, other, look) {
                    found.extend(self.entry(other).map(|it| {
                        let overdue = self.is_overdue(look.now, it.since);
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
        found.truncate(caps::GROUP_LOOK);
        found.into_iter().map(|(.., slot)| slot).collect()
    }

    /// When a match with this ticket may come to be by waiting alone.
    pub(super) fn group_ripens(&self, slot: Slot, look: Look<'_>) -> Option<Time> {
        let entry = self.entry(slot)?;
        let starts = self.pool.min.map(|least| entry.since + after(least.after_s));
        let starts = starts.filter(|&at| at > look.now);
        self.ripens(slot, look).into_iter().chain(starts).min()
    }

    /// The tickets as teams of these sizes, as even as can be; none, they do not divide.
    fn divided(&self, slots: &[Slot], sizes: &[usize]) -> Option<Vec<Vec<Slot>>> {
        let entries = slots.iter().filter_map(|&slot| Some((slot, self.entry(slot)?)));
        let parts = entries.map(|(slot, it)| teams::Part { slot, people: it.people, rating: it.rating });
        teams::divide(parts.collect(), sizes)
    }
}

fn after(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

impl Search<'_> {
    /// Adds those from this place on, until the seats are full. False where they do not fill.
    fn fill(&mut self, from: usize) -> bool {
        let pool = &self.waiting.pool;
        if self.people == pool.seats {
            return self.waiting.divided(&self.chosen, &pool.shape()).is_some();
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
            let people = self.waiting.entry(other).map_or(0, |it| it.people);
            let room = people > 0 && self.people + people <= pool.seats;
            let fits = |&one: &Slot| self.waiting.fits_now(one, other, self.look);
            if !room || !self.chosen.iter().skip(1).all(fits) {
                continue;
            }
            self.chosen.push(other);
            self.people += people;
            if self.fill(nth + 1) {
                return true;
            }
            self.chosen.pop();
            self.people -= people;
        }
        false
    }

    /// Remembers who may start before the seats are full.
    fn note(&mut self) {
        let pool = &self.waiting.pool;
        if pool.min.is_none_or(|least| self.people < least.seats) || self.people <= self.most.0 {
            return;
        }
        let whole = match pool.teams {
            None => true,
            Some(teams) => {
                let count = teams.count.max(1);
                let sizes = vec![self.people / count; count];
                self.people.is_multiple_of(count) && self.waiting.divided(&self.chosen, &sizes).is_some()
            }
        };
        if whole {
            self.most = (self.people, self.chosen.clone());
        }
    }
}
