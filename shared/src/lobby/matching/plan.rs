//! The match plan: a pure function of the waiting tickets, the pool's rules and the time.
//!
//! Promises for matches of two tickets:
//! - **No two fitting tickets keep waiting.** After a plan, no two of the remaining tickets fit.
//! - **A longer wait is never punished.** Tickets take turns by age. A ticket that has waited longer than the
//!   pool's `fair_after_s` chooses, and is chosen, before all later tickets, regardless of the rating gap.
//! - **Better pairs first.** Otherwise a ticket takes the nearest rating that fits. Pairs of the same plan
//!   exchange partners while that reduces the sum of the rating gaps. Ties go to the longest wait.
//! - **No ticket is compared before its time.** `wake` is the time at which the next two tickets come to fit
//!   by waiting alone.
//!
//! For larger matches the same holds for turns and for `wake`. The search for tickets that fill the seats has
//! stated limits, because the largest group in which all fit is a problem without a fast answer. A search that ends at
//! a limit is repeated after a pause, with other candidates first.

use crate::id::TicketId;
use crate::lobby::matching::groups::GroupSearch;
use crate::lobby::matching::index::TicketIndex;
use crate::lobby::matching::pairs::PlanContext;
use crate::lobby::matching::rows::Slot;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::{State, Ticket};
use crate::pool::Pool;
use crate::time::Time;
use std::collections::BTreeSet;

/// The matches to form now, and the time of the next plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub matches: Vec<Match>,
    /// The earliest time at which further tickets may come to fit by waiting alone.
    pub wake: Option<Time>,
}

/// A match to form: its teams, each with the tickets of its members. Without teams, all tickets are in the
/// first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub teams: Vec<Vec<TicketId>>,
}

impl Match {
    /// Returns the tickets of all teams.
    pub fn tickets(&self) -> impl Iterator<Item = &TicketId> {
        self.teams.iter().flatten()
    }
}

/// Plans matches of those tickets that can be matched.
#[must_use]
pub fn plan<'a>(
    now: Time,
    tickets: impl IntoIterator<Item = &'a Ticket>,
    pool: &Pool,
    recent: &RecentOpponents,
) -> Plan {
    let mut waiting = TicketIndex::new(pool);
    let can_be_matched = |ticket: &&Ticket| ticket.state == State::Waiting;
    let mut tickets: Vec<&Ticket> = tickets.into_iter().filter(can_be_matched).collect();
    tickets.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    for ticket in tickets {
        waiting.insert(now, ticket.clone());
    }
    waiting.plan(now, recent)
}

impl TicketIndex {
    /// Matches the due tickets and removes the matched ones. A remaining ticket is due again when another
    /// ticket may come to fit it.
    pub fn plan(&mut self, now: Time, recent: &RecentOpponents) -> Plan {
        let due = self.take_due(now);
        let ctx = PlanContext { now, recent, oldest: self.oldest(&due) };
        let matches =
            if self.pool.is_pairs_only() { self.plan_pairs(&due, ctx) } else { self.plan_groups(&due, ctx) };
        let wake = self.next_due();
        Plan { matches, wake }
    }

    fn plan_pairs(&mut self, due: &[Slot], ctx: PlanContext<'_>) -> Vec<Match> {
        let mut pairs = Vec::new();
        for &slot in due {
            if !self.is_indexed(slot) {
                continue;
            }
            if let Some(partner) = self.partner(slot, ctx) {
                self.unindex(slot);
                self.unindex(partner);
                pairs.push([slot, partner]);
            }
        }
        if self.pool.rating.is_some() && pairs.len() > 1 {
            pairs = self.refine_pairs(pairs, ctx);
        }
        for &slot in due.iter().filter(|&&slot| self.is_indexed(slot)).collect::<Vec<_>>() {
            self.set_due(slot, self.next_fit(slot, ctx).map(|(at, _)| at));
        }
        let made = pairs.into_iter();
        made.map(|pair| self.take_match(vec![pair.to_vec()])).collect()
    }

    fn plan_groups(&mut self, due: &[Slot], ctx: PlanContext<'_>) -> Vec<Match> {
        let mut matches = Vec::new();
        let mut unfinished = BTreeSet::new();
        for &slot in due {
            if !self.is_indexed(slot) {
                continue;
            }
            match self.group(slot, ctx) {
                GroupSearch::Found(teams) => {
                    for &slot in teams.iter().flatten() {
                        self.unindex(slot);
                    }
                    matches.push(teams);
                }
                GroupSearch::Unfinished => drop(unfinished.insert(slot)),
                GroupSearch::Impossible => {}
            }
        }
        for &slot in due.iter().filter(|&&slot| self.is_indexed(slot)).collect::<Vec<_>>() {
            let is_unfinished = unfinished.contains(&slot);
            self.set_due(slot, self.group_next_fit_at(slot, is_unfinished, ctx));
            let before = self.entry(slot).map_or(0, |it| it.unfinished);
            self.set_unfinished(slot, if is_unfinished { before.saturating_add(1) } else { 0 });
        }
        matches.into_iter().map(|teams| self.take_match(teams)).collect()
    }

    fn is_indexed(&self, slot: Slot) -> bool {
        self.entry(slot).is_some_and(|entry| entry.is_indexed)
    }

    /// Removes the tickets of a match from the index and returns the match.
    fn take_match(&mut self, teams: Vec<Vec<Slot>>) -> Match {
        let mut name = |slot| Some(self.forget(slot)?.id.clone());
        let team = |team: Vec<Slot>| team.into_iter().filter_map(&mut name).collect();
        Match { teams: teams.into_iter().map(team).collect() }
    }
}

#[cfg(test)]
mod tests;
