//! Who plays whom: a function of who waits, the rules, and the time.
//!
//! What it promises, where matches are of two:
//! - **Nobody waits beside somebody who fits them.** After a plan no two who are left fit.
//! - **A longer wait is never punished.** Turns are by age. Whoever has waited longer than the pool's `fair_after_s`
//!   chooses, and is chosen, before everybody who came later, near or not.
//! - **Better pairs first.** Else one takes the nearest rating that fits; of pairs that are made at once, partners are
//!   exchanged while that makes the sum of the gaps smaller. Ties go to who waits longest.
//! - **Nobody is looked at before their time.** `wake` is when the next two come to fit by waiting alone.
//!
//! Where matches are of more, the same holds of turns and of `wake`; who fills the seats is searched for within stated
//! limits, since finding the largest group who all fit is beyond any limit.

use super::met::Met;
use super::pairs::Look;
use super::ticket::{State, Ticket};
use super::waiting::{Slot, Waiting};
use crate::id::TicketId;
use crate::pool::Pool;
use crate::time::Time;

/// What is to be done now, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Matches to make.
    pub matches: Vec<Match>,
    /// When the next may come to fit by waiting alone.
    pub wake: Option<Time>,
}

/// A match to make: its teams, each the tickets of its members. Without teams, everybody is in the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The teams.
    pub teams: Vec<Vec<TicketId>>,
}

impl Match {
    /// All tickets.
    pub fn tickets(&self) -> impl Iterator<Item = &TicketId> {
        self.teams.iter().flatten()
    }
}

/// Plans for these tickets, of which those count that can be matched.
#[must_use]
pub fn plan<'a>(now: Time, tickets: impl IntoIterator<Item = &'a Ticket>, pool: &Pool, met: &Met) -> Plan {
    let mut waiting = Waiting::new(pool);
    let free = |ticket: &&Ticket| ticket.state == State::Waiting;
    let mut tickets: Vec<&Ticket> = tickets.into_iter().filter(free).collect();
    tickets.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    for ticket in tickets {
        waiting.insert(now, ticket.clone());
    }
    waiting.plan(now, met)
}

impl Waiting {
    /// Matches whoever is due, and takes them out. Who is left is due again when somebody comes to fit them.
    pub fn plan(&mut self, now: Time, met: &Met) -> Plan {
        let due = self.take_due(now);
        let look = Look { now, met, overdue: self.has_overdue(now) };
        let matches =
            if self.pool.is_of_pairs() { self.pair_off(&due, look) } else { self.group_off(&due, look) };
        let wake = self.next_due();
        Plan { matches, wake }
    }

    fn pair_off(&mut self, due: &[Slot], look: Look<'_>) -> Vec<Match> {
        let mut pairs = Vec::new();
        for &slot in due {
            if !self.stands(slot) {
                continue;
            }
            if let Some(partner) = self.partner(slot, look) {
                self.step_out(slot);
                self.step_out(partner);
                pairs.push([slot, partner]);
            }
        }
        if self.pool.rating.is_some() && pairs.len() > 1 {
            pairs = self.swap(pairs, look);
        }
        for &slot in due.iter().filter(|&&slot| self.stands(slot)).collect::<Vec<_>>() {
            self.set_due(slot, self.ripens(slot, look));
        }
        let made = pairs.into_iter();
        made.map(|pair| self.made(vec![pair.to_vec()])).collect()
    }

    fn group_off(&mut self, due: &[Slot], look: Look<'_>) -> Vec<Match> {
        let mut matches = Vec::new();
        for &slot in due {
            if !self.stands(slot) {
                continue;
            }
            if let Some(teams) = self.group(slot, look) {
                for &slot in teams.iter().flatten() {
                    self.step_out(slot);
                }
                matches.push(teams);
            }
        }
        for &slot in due.iter().filter(|&&slot| self.stands(slot)).collect::<Vec<_>>() {
            self.set_due(slot, self.group_ripens(slot, look));
        }
        matches.into_iter().map(|teams| self.made(teams)).collect()
    }

    fn stands(&self, slot: Slot) -> bool {
        self.entry(slot).is_some_and(|entry| entry.stands)
    }

    /// The match of these, who wait no more.
    fn made(&mut self, teams: Vec<Vec<Slot>>) -> Match {
        let mut name = |slot| Some(self.forget(slot)?.id.clone());
        let team = |team: Vec<Slot>| team.into_iter().filter_map(&mut name).collect();
        Match { teams: teams.into_iter().map(team).collect() }
    }
}

#[cfg(test)]
mod tests;
