//! The search for one ticket's partner in matches of two.

use crate::limits;
use crate::lobby::matching::index::{Candidates, Entry, TicketIndex};
use crate::lobby::matching::rows::Slot;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::pool::{GrowsWith, RatingWindow};
use crate::time::Time;

/// The inputs of one plan.
#[derive(Debug, Clone, Copy)]
pub(in crate::lobby) struct PlanContext<'a> {
    pub(in crate::lobby) now: Time,
    pub(in crate::lobby) recent: &'a RecentOpponents,
    /// A time no later than the start of any wait.
    pub(in crate::lobby) oldest: Time,
}

/// The best partner found so far.
#[derive(Debug, Clone, Copy)]
struct BestPartner {
    slot: Slot,
    /// True if the ticket waits so long that the rating gap does not count.
    overdue: bool,
    /// The rating gap.
    gap: f64,
    /// The expected distance: the gap together with the uncertainty of the partner's rating. Never less than the gap.
    distance: f64,
    since: Time,
}

impl BestPartner {
    /// Returns true if this partner is better: overdue tickets first, by age; the others by distance, then
    /// by age.
    fn beats(self, other: Self) -> bool {
        match (self.overdue, other.overdue) {
            (true, false) => true,
            (false, true) => false,
            (true, true) => self.since < other.since,
            (false, false) => {
                let nearer = self.distance < other.distance;
                nearer || (self.distance <= other.distance && self.since < other.since)
            }
        }
    }
}

/// A search among the tickets of a class in order of distance.
#[derive(Debug, Clone, Copy)]
struct NearSearch {
    window: RatingWindow,
    /// True if no overdue ticket of the class can be better than the best so far.
    all_compared: bool,
    /// A time no later than the start of the wait that the window grows with.
    since: Time,
}

/// Returns a time no later than the start of the wait that a window of this ticket and any other grows with.
pub(in crate::lobby) fn window_since(entry: &Entry, window: RatingWindow, ctx: PlanContext<'_>) -> Time {
    match window.grows_with {
        GrowsWith::Older => entry.since.min(ctx.oldest),
        GrowsWith::Newer => entry.since,
    }
}

impl TicketIndex {
    /// Returns the partner of a ticket now. Of the fitting tickets it prefers the oldest overdue one without
    /// a turn in this plan, then the nearest rating with its uncertainty, then the longest
    /// wait.
    pub(in crate::lobby) fn partner(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<Slot> {
        let entry = self.entry(slot)?;
        let mut best: Option<BestPartner> = None;
        for candidates in self.candidates(entry).filter(|candidates| candidates.from <= ctx.now) {
            best = match self.pool.rating {
                None => self.best_by_age((slot, entry), candidates, best, ctx),
                Some(window) => {
                    let (best, all_compared) = self.best_overdue((slot, entry), candidates, best, ctx);
                    let search = NearSearch { window, all_compared, since: window_since(entry, window, ctx) };
                    let (below, above) = self.rows.by_distance(candidates.class, entry.rating);
                    let best = self.best_by_distance((slot, entry), below, search, best, ctx);
                    self.best_by_distance((slot, entry), above, search, best, ctx)
                }
            };
        }
        best.map(|best| best.slot)
    }

    /// Returns the oldest fitting overdue ticket without a turn if it is older than the best so far, and whether all
    /// overdue tickets that could be were compared.
    fn best_overdue(
        &self,
        (slot, entry): (Slot, &Entry),
        candidates: Candidates,
        best: Option<BestPartner>,
        ctx: PlanContext<'_>,
    ) -> (Option<BestPartner>, bool) {
        for (step, (since, other)) in self.rows.idle(candidates.class).enumerate() {
            let is_older = best.is_none_or(|best| !best.overdue || since < best.since);
            if !self.is_overdue(ctx.now, since) || !is_older {
                break;
            }
            if step == limits::OVERDUE_STEPS_MAX {
                return (best, false);
            }
            if self.fits_now(slot, other, ctx) {
                return (self.rate(entry, other, ctx), true);
            }
        }
        (best, true)
    }

    /// Returns the oldest fitting ticket of a class if it is older than the best so far.
    fn best_by_age(
        &self,
        (slot, entry): (Slot, &Entry),
        candidates: Candidates,
        best: Option<BestPartner>,
        ctx: PlanContext<'_>,
    ) -> Option<BestPartner> {
        for other in self.rows.by_age(candidates.class) {
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
        search: NearSearch,
        mut best: Option<BestPartner>,
        ctx: PlanContext<'_>,
    ) -> Option<BestPartner> {
        for other in others {
            let Some(found) = self.rate(entry, other, ctx) else {
                continue;
            };
            let least = self.least_distance(entry, found.gap);
            let reached = search.window.reaches_at(least, search.since);
            let is_worse = |best: BestPartner| best.overdue || found.gap > best.distance;
            let settled = search.all_compared && best.is_some_and(is_worse);
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
        let gap = (entry.rating - it.rating).abs();
        Some(BestPartner {
            slot: other,
            overdue: !it.has_turn && self.is_overdue(ctx.now, it.since),
            gap,
            distance: gap.hypot(it.uncertainty),
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

    /// Returns the next time after now at which a waiting ticket comes to fit this one, and that ticket; `None` if none
    /// ever does.
    pub(in crate::lobby) fn next_fit(&self, slot: Slot, ctx: PlanContext<'_>) -> Option<(Time, Slot)> {
        let entry = self.entry(slot)?;
        let mut soonest: Option<(Time, Slot)> = None;
        for candidates in self.candidates(entry) {
            soonest = match self.pool.rating {
                None => self.next_fit_by_age(slot, candidates, soonest, ctx),
                Some(window) => {
                    let (below, above) = self.rows.by_distance(candidates.class, entry.rating);
                    let limits = (candidates, window);
                    let soonest = self.next_fit_by_distance((slot, entry), below, limits, soonest, ctx);
                    self.next_fit_by_distance((slot, entry), above, limits, soonest, ctx)
                }
            };
        }
        soonest
    }

    /// [`Self::next_fit`] for one class in order of age: a later ticket comes to fit no sooner.
    fn next_fit_by_age(
        &self,
        slot: Slot,
        candidates: Candidates,
        mut soonest: Option<(Time, Slot)>,
        ctx: PlanContext<'_>,
    ) -> Option<(Time, Slot)> {
        for other in self.rows.by_age(candidates.class) {
            let since = self.entry(other).map_or(ctx.now, |it| it.since);
            let least = candidates.from.max(since + candidates.after);
            if soonest.is_some_and(|(soonest, _)| soonest <= least) {
                break;
            }
            let at = self.fit_time(slot, other, ctx).filter(|&at| at > ctx.now);
            soonest = at.map(|at| (at, other)).into_iter().chain(soonest).min();
        }
        soonest
    }

    /// [`Self::next_fit`] for tickets in order of distance.
    fn next_fit_by_distance(
        &self,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        (candidates, window): (Candidates, RatingWindow),
        mut soonest: Option<(Time, Slot)>,
        ctx: PlanContext<'_>,
    ) -> Option<(Time, Slot)> {
        let since = window_since(entry, window, ctx);
        for other in others {
            let rating = self.entry(other).map_or(entry.rating, |it| it.rating);
            let least = self.least_distance(entry, (entry.rating - rating).abs());
            let Some(reached) = window.reaches_at(least, since) else {
                break;
            };
            if soonest.is_some_and(|(soonest, _)| soonest <= reached.max(candidates.from)) {
                break;
            }
            let at = self.fit_time(slot, other, ctx).filter(|&at| at > ctx.now);
            soonest = at.map(|at| (at, other)).into_iter().chain(soonest).min();
        }
        soonest
    }
}
