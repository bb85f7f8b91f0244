//! The search for one ticket's partner in matches of two.

use crate::lobby::matching::compatibility;
use crate::lobby::matching::index::{Candidates, Entry, Slot, TicketIndex};
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::pool::RatingWindow;
use crate::time::Time;

/// The inputs of one plan.
#[derive(Debug, Clone, Copy)]
pub(in crate::lobby) struct PlanContext<'a> {
    pub(in crate::lobby) now: Time,
    pub(in crate::lobby) recent: &'a RecentOpponents,
    /// True if an overdue ticket has no turn in this plan.
    pub(in crate::lobby) overdue: bool,
}

/// The best partner found so far.
#[derive(Debug, Clone, Copy)]
struct BestPartner {
    slot: Slot,
    /// True if the ticket waits so long that the rating gap does not count.
    overdue: bool,
    gap: f64,
    since: Time,
}

impl BestPartner {
    /// Returns true if this partner is better: overdue tickets first, by age; the others by gap, then by age.
    fn beats(self, other: Self) -> bool {
        match (self.overdue, other.overdue) {
            (true, false) => true,
            (false, true) => false,
            (true, true) => self.since < other.since,
            (false, false) => self.gap < other.gap || (self.gap <= other.gap && self.since < other.since),
        }
    }
}

impl TicketIndex {
    /// Returns the partner of a ticket now. Of the fitting tickets it prefers the oldest overdue one without
    /// a turn in this plan, then the nearest rating, then the longest wait.
    pub(in crate::lobby) fn partner(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<Slot> {
        let entry = self.entry(slot)?;
        let mut best: Option<BestPartner> = None;
        for candidates in self.candidates(entry).filter(|candidates| candidates.from <= ctx.now) {
            best = match self.pool.rating {
                None => self.best_by_age((slot, entry), candidates, best, ctx),
                Some(window) => {
                    let (below, above) = self.by_distance(candidates.class, entry.rating);
                    let best = self.best_by_distance((slot, entry), below, window, best, ctx);
                    self.best_by_distance((slot, entry), above, window, best, ctx)
                }
            };
        }
        best.map(|best| best.slot)
    }

    /// Returns the oldest fitting ticket of a class if it is older than the best so far.
    fn best_by_age(
        &self,
        (slot, entry): (Slot, &Entry),
        candidates: Candidates,
        best: Option<BestPartner>,
        ctx: PlanContext<'_>,
    ) -> Option<BestPartner> {
        for other in self.by_age(candidates.class) {
            let Some(found) = self.rate(entry, other, ctx) else {
                continue;
            };
            let late = found.since + candidates.after > ctx.now;
            if late || best.is_some_and(|best| best.since <= found.since) {
                break;
            }
            if self.fits_now(slot, other, ctx) {
                return Some(found);
            }
        }
        best
    }

    /// Returns the best of `others`, which come in order of distance, as far as the rating window reaches.
    fn best_by_distance(
        &self,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        window: RatingWindow,
        mut best: Option<BestPartner>,
        ctx: PlanContext<'_>,
    ) -> Option<BestPartner> {
        for other in others {
            let Some(found) = self.rate(entry, other, ctx) else {
                continue;
            };
            let least = self.least_distance(entry, found.gap);
            let reached = compatibility::window_reaches_at(least, entry.since, window);
            let settled = !ctx.overdue && best.is_some_and(|best| found.gap > best.gap);
            if settled || reached.is_none_or(|at| at > ctx.now) {
                break;
            }
            let wins = best.is_none_or(|best| found.beats(best));
            if wins && self.fits_now(slot, other, ctx) {
                best = Some(found);
            }
        }
        best
    }

    fn rate(&self, entry: &Entry, other: Slot, ctx: PlanContext<'_>) -> Option<BestPartner> {
        let it = self.entry(other)?;
        Some(BestPartner {
            slot: other,
            overdue: !it.has_turn && self.is_overdue(ctx.now, it.since),
            gap: (entry.rating - it.rating).abs(),
            since: it.since,
        })
    }

    /// Returns true if two tickets may be in one match now.
    pub(in crate::lobby) fn fits_now(&self, a: Slot, b: Slot, ctx: PlanContext<'_>) -> bool {
        self.fit_time(a, b, ctx).is_some_and(|at| at <= ctx.now)
    }

    /// Returns the earliest time at which two tickets fit; `None` for never.
    pub(in crate::lobby) fn fit_time(&self, a: Slot, b: Slot, ctx: PlanContext<'_>) -> Option<Time> {
        let pair = self.entry(a).zip(self.entry(b)).filter(|_| a != b);
        pair.and_then(|(a, b)| self.fits_at(a, b, ctx.recent))
    }

    /// Returns the next time after now at which a waiting ticket comes to fit this one; `None` if none ever
    /// does.
    pub(in crate::lobby) fn next_fit_at(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<Time> {
        let entry = self.entry(slot)?;
        let mut soonest: Option<Time> = None;
        for candidates in self.candidates(entry) {
            soonest = match self.pool.rating {
                None => self.next_fit_by_age((slot, entry), candidates, soonest, ctx),
                Some(window) => {
                    let (below, above) = self.by_distance(candidates.class, entry.rating);
                    let limits = (candidates, window);
                    let soonest = self.next_fit_by_distance((slot, entry), below, limits, soonest, ctx);
                    self.next_fit_by_distance((slot, entry), above, limits, soonest, ctx)
                }
            };
        }
        soonest
    }

    /// [`Self::next_fit_at`] for one class in order of age: a later ticket comes to fit no sooner.
    fn next_fit_by_age(
        &self,
        (slot, _): (Slot, &Entry),
        candidates: Candidates,
        mut soonest: Option<Time>,
        ctx: PlanContext<'_>,
    ) -> Option<Time> {
        for other in self.by_age(candidates.class) {
            let since = self.entry(other).map_or(ctx.now, |it| it.since);
            let least = candidates.from.max(since + candidates.after);
            if soonest.is_some_and(|soonest| soonest <= least) {
                break;
            }
            let at = self.fit_time(slot, other, ctx).filter(|&at| at > ctx.now);
            soonest = at.into_iter().chain(soonest).min();
        }
        soonest
    }

    /// [`Self::next_fit_at`] for tickets in order of distance.
    fn next_fit_by_distance(
        &self,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        (candidates, window): (Candidates, RatingWindow),
        mut soonest: Option<Time>,
        ctx: PlanContext<'_>,
    ) -> Option<Time> {
        for other in others {
            let rating = self.entry(other).map_or(entry.rating, |it| it.rating);
            let least = self.least_distance(entry, (entry.rating - rating).abs());
            let Some(reached) = compatibility::window_reaches_at(least, entry.since, window) else {
                break;
            };
            if soonest.is_some_and(|soonest| soonest <= reached.max(candidates.from)) {
                break;
            }
            let at = self.fit_time(slot, other, ctx).filter(|&at| at > ctx.now);
            soonest = at.into_iter().chain(soonest).min();
        }
        soonest
    }
}
