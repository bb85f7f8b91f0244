//! The best fitting tickets for a match of many seats, collected in order and no more than needed.

use crate::limits;
use crate::lobby::matching::index::{Candidates, Entry, TicketIndex};
use crate::lobby::matching::pairs::PlanContext;
use crate::lobby::matching::rows::Slot;
use crate::lobby::matching::rows::ordered;
use crate::pool::RatingWindow;
use crate::time::Time;
use std::collections::BinaryHeap;

/// The rank of a ticket, best first: overdue ones, then by distance, then by age.
type Rank = (bool, u64, Time, Slot);

/// A limited number of tickets, the best so far.
#[derive(Debug)]
pub(in crate::lobby) struct Nearest {
    most: usize,
    /// The worst is at the top.
    found: BinaryHeap<Rank>,
}

impl Nearest {
    pub(in crate::lobby) fn new(most: usize) -> Self {
        Self { most: most.max(1), found: BinaryHeap::with_capacity(most + 1) }
    }

    /// Returns true if no ticket of this rank or a worse one is needed.
    fn is_enough(&self, rank: Rank) -> bool {
        self.found.len() >= self.most && self.found.peek().is_some_and(|worst| *worst <= rank)
    }

    fn add(&mut self, rank: Rank) {
        self.found.push(rank);
        if self.found.len() > self.most {
            self.found.pop();
        }
    }

    /// Adds the fitting tickets of a class, in a pool without a rating window.
    pub(in crate::lobby) fn add_by_age(
        &mut self,
        index: &TicketIndex,
        slot: Slot,
        candidates: Candidates,
        ctx: PlanContext<'_>,
    ) {
        for other in index.rows.by_age(candidates.class) {
            let Some(it) = index.entry(other) else {
                continue;
            };
            let rank = (false, 0, it.since, other);
            let is_late = it.since + candidates.after > ctx.now;
            if is_late || self.is_enough(rank) {
                return;
            }
            if index.fits_now(slot, other, ctx) {
                self.add(rank);
            }
        }
    }

    /// Adds the fitting overdue tickets of a class without a turn, the oldest first.
    pub(in crate::lobby) fn add_overdue(
        &mut self,
        index: &TicketIndex,
        slot: Slot,
        candidates: Candidates,
        ctx: PlanContext<'_>,
    ) {
        let idle = index.rows.idle(candidates.class).take(limits::OVERDUE_STEPS_MAX);
        for (since, other) in idle {
            let rank = (false, 0, since, other);
            if !index.is_overdue(ctx.now, since) || self.is_enough(rank) {
                return;
            }
            if index.fits_now(slot, other, ctx) {
                self.add(rank);
            }
        }
    }

    /// Adds the fitting tickets of a class that come in order of distance. Overdue ones without a turn, which
    /// [`Self::add_overdue`] added, are passed over.
    pub(in crate::lobby) fn add_by_distance(
        &mut self,
        index: &TicketIndex,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        (window, since): (RatingWindow, Time),
        ctx: PlanContext<'_>,
    ) {
        for other in others {
            let Some(it) = index.entry(other) else {
                continue;
            };
            let gap = (it.rating - entry.rating).abs();
            let reached = window.reaches_at(index.least_distance(entry, gap), since);
            let rank = |distance: f64| (true, ordered(distance), it.since, other);
            if reached.is_none_or(|at| at > ctx.now) || self.is_enough(rank(gap)) {
                return;
            }
            let is_overdue = !it.has_turn && index.is_overdue(ctx.now, it.since);
            if !is_overdue && index.fits_now(slot, other, ctx) {
                self.add(rank(gap.hypot(it.uncertainty)));
            }
        }
    }

    /// Returns the tickets, best first.
    pub(in crate::lobby) fn into_slots(self) -> Vec<Slot> {
        self.found.into_sorted_vec().into_iter().map(|(.., slot)| slot).collect()
    }
}
