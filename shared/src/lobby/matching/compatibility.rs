//! Pairwise compatibility: the time from which two tickets may be in one match, by all rules.

use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::ticket::Ticket;
use crate::pool::{Pool, RatingWindow};
use crate::time::Time;

/// Returns the earliest time at which two tickets fit; `None` for never. The order of the tickets does not
/// matter.
#[must_use]
pub fn fits_at(a: &Ticket, b: &Ticket, pool: &Pool, opponents: &RecentOpponents) -> Option<Time> {
    let wants = a.accepts_at(b, pool)?.max(b.accepts_at(a, pool)?);
    let rested = a.hold_off_until.max(b.hold_off_until).unwrap_or_default();
    let apart = apart_until(a, b, opponents)?;
    let near = match pool.rating {
        None => Time::default(),
        Some(window) => rating_at(a, b, window)?,
    };
    Some(wants.max(rested).max(apart).max(near))
}

/// Returns the time before which recent matches of their players exclude a match of two tickets.
///
/// `None` if a player blocks another or is on both tickets, which excludes a match for ever.
#[must_use]
pub fn apart_until(a: &Ticket, b: &Ticket, opponents: &RecentOpponents) -> Option<Time> {
    let mut until = Time::default();
    for mine in &a.members {
        for theirs in &b.members {
            if mine.player == theirs.player {
                return None;
            }
            let recent = mine.kept_apart_until(theirs).ok()?;
            let here = opponents.until(&mine.player, &theirs.player);
            until = until.max(recent.max(here).unwrap_or_default());
        }
    }
    Some(until)
}

/// Returns the earliest time at which the ratings of two tickets are near enough; `None` for never.
#[must_use]
pub fn rating_at(a: &Ticket, b: &Ticket, window: RatingWindow) -> Option<Time> {
    let distance = (a.rating() - b.rating()).abs();
    let allowance = window.allowance(a.deviation().max(b.deviation()));
    window.reaches_at(distance - allowance, window.since(a.since, b.since))
}
