//! Whom one ticket is matched with, where matches are of two.

use super::fit;
use super::met::Met;
use super::waiting::{Entry, Slot, Suitors, Waiting};
use crate::pool::Window;
use crate::time::Time;

/// One look at those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) now: Time,
    pub(super) met: &'a Met,
    /// Whether somebody is overdue who has no turn of their own.
    pub(super) overdue: bool,
}

/// The best partner so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    slot: Slot,
    /// Waits so long that nearness does not count.
    overdue: bool,
    gap: f64,
    since: Time,
}

impl Best {
    /// Whether this one goes first: who is overdue by age, the others by nearness and then by age.
    fn beats(self, other: Self) -> bool {
        match (self.overdue, other.overdue) {
            (true, false) => true,
            (false, true) => false,
            (true, true) => self.since < other.since,
            (false, false) => self.gap < other.gap || (self.gap <= other.gap && self.since < other.since),
        }
    }
}

impl Waiting {
    /// The partner of a ticket now. Of those who fit: whoever is overdue and has no turn of their own in this plan, the
    /// oldest first; else the nearest rating; else who waits longest.
    pub(super) fn partner(&self, slot: Slot, look: Look<'_>) -> Option<Slot> {
        let entry = self.entry(slot)?;
        let mut best: Option<Best> = None;
        for suitors in self.suitors(entry).filter(|them| them.from <= look.now) {
            best = match self.pool.rating {
                None => self.oldest((slot, entry), suitors, best, look),
                Some(window) => {
                    let (below, above) = self.around(suitors.kind, entry.rating);
                    let best = self.nearest((slot, entry), below, window, best, look);
                    self.nearest((slot, entry), above, window, best, look)
                }
            };
        }
        best.map(|best| best.slot)
    }

    /// The one of a kind who waits longest, where nobody before waits longer.
    fn oldest(
        &self,
        (slot, entry): (Slot, &Entry),
        suitors: Suitors,
        best: Option<Best>,
        look: Look<'_>,
    ) -> Option<Best> {
        for other in self.by_age(suitors.kind) {
            let Some(found) = self.rated(entry, other, look) else {
                continue;
            };
            let late = found.since + suitors.after > look.now;
            if late || best.is_some_and(|best| best.since <= found.since) {
                break;
            }
            if self.fits_now(slot, other, look) {
                return Some(found);
            }
        }
        best
    }

    /// The best of those who come in the order of their distance, as far as the window reaches.
    fn nearest(
        &self,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        window: Window,
        mut best: Option<Best>,
        look: Look<'_>,
    ) -> Option<Best> {
        for other in others {
            let Some(found) = self.rated(entry, other, look) else {
                continue;
            };
            let least = self.least_distance(entry, found.gap);
            let reached = fit::near_at(least, entry.since, window);
            let settled = !look.overdue && best.is_some_and(|best| found.gap > best.gap);
            if settled || reached.is_none_or(|at| at > look.now) {
                break;
            }
            let wins = best.is_none_or(|best| found.beats(best));
            if wins && self.fits_now(slot, other, look) {
                best = Some(found);
            }
        }
        best
    }

    fn rated(&self, entry: &Entry, other: Slot, look: Look<'_>) -> Option<Best> {
        let it = self.entry(other)?;
        Some(Best {
            slot: other,
            overdue: !it.has_turn && self.is_overdue(look.now, it.since),
            gap: (entry.rating - it.rating).abs(),
            since: it.since,
        })
    }

    /// Whether two may be in one match now.
    pub(super) fn fits_now(&self, a: Slot, b: Slot, look: Look<'_>) -> bool {
        self.time_of(a, b, look).is_some_and(|at| at <= look.now)
    }

    /// When two fit at the earliest; none, never.
    pub(super) fn time_of(&self, a: Slot, b: Slot, look: Look<'_>) -> Option<Time> {
        let pair = self.entry(a).zip(self.entry(b)).filter(|_| a != b);
        pair.and_then(|(a, b)| self.fits_at(a, b, look.met))
    }

    /// When the next of those who wait comes to fit a ticket, after now; none, nobody ever does.
    pub(super) fn ripens(&self, slot: Slot, look: Look<'_>) -> Option<Time> {
        let entry = self.entry(slot)?;
        let mut soonest: Option<Time> = None;
        for suitors in self.suitors(entry) {
            soonest = match self.pool.rating {
                None => self.ages((slot, entry), suitors, soonest, look),
                Some(window) => {
                    let (below, above) = self.around(suitors.kind, entry.rating);
                    let one = (suitors, window);
                    let soonest = self.nears((slot, entry), below, one, soonest, look);
                    self.nears((slot, entry), above, one, soonest, look)
                }
            };
        }
        soonest
    }

    /// The same, of those of a kind by age: who came later comes to fit no sooner.
    fn ages(
        &self,
        (slot, _): (Slot, &Entry),
        suitors: Suitors,
        mut soonest: Option<Time>,
        look: Look<'_>,
    ) -> Option<Time> {
        for other in self.by_age(suitors.kind) {
            let since = self.entry(other).map_or(look.now, |it| it.since);
            let least = suitors.from.max(since + suitors.after);
            if soonest.is_some_and(|soonest| soonest <= least) {
                break;
            }
            let at = self.time_of(slot, other, look).filter(|&at| at > look.now);
            soonest = at.into_iter().chain(soonest).min();
        }
        soonest
    }

    /// The same, of those who come in the order of their distance.
    fn nears(
        &self,
        (slot, entry): (Slot, &Entry),
        others: impl Iterator<Item = Slot>,
        (suitors, window): (Suitors, Window),
        mut soonest: Option<Time>,
        look: Look<'_>,
    ) -> Option<Time> {
        for other in others {
            let rating = self.entry(other).map_or(entry.rating, |it| it.rating);
            let least = self.least_distance(entry, (entry.rating - rating).abs());
            let Some(reached) = fit::near_at(least, entry.since, window) else {
                break;
            };
            if soonest.is_some_and(|soonest| soonest <= reached.max(suitors.from)) {
                break;
            }
            let at = self.time_of(slot, other, look).filter(|&at| at > look.now);
            soonest = at.into_iter().chain(soonest).min();
        }
        soonest
    }
}
