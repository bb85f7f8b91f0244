//! When two tickets may be in one match: every rule about two, said once and plainly.

use super::met::Met;
use super::ticket::Ticket;
use crate::pool::{Pool, Window};
use crate::time::Time;
use std::time::Duration;

/// When two fit at the earliest; none, never. It is the same from both sides.
#[must_use]
pub fn fits_at(a: &Ticket, b: &Ticket, pool: &Pool, met: &Met) -> Option<Time> {
    let wants = a.accepts_at(b, pool)?.max(b.accepts_at(a, pool)?);
    let rested = a.rest.max(b.rest).unwrap_or_default();
    let apart = apart_until(a, b, met)?;
    let near = match pool.rating {
        None => Time::default(),
        Some(window) => rating_at(a, b, window)?,
    };
    Some(wants.max(rested).max(apart).max(near))
}

/// Until when two tickets are kept apart, because some of them met or are the same; none, for ever.
#[must_use]
pub fn apart_until(a: &Ticket, b: &Ticket, met: &Met) -> Option<Time> {
    let mut until = Time::default();
    for mine in &a.members {
        for theirs in &b.members {
            if mine.player == theirs.player {
                return None;
            }
            let recent = mine.apart_from(theirs).ok()?;
            let here = met.until(&mine.player, &theirs.player);
            until = until.max(recent.max(here).unwrap_or_default());
        }
    }
    Some(until)
}

/// When the ratings of two are near enough at the earliest; none, never.
#[must_use]
pub fn rating_at(a: &Ticket, b: &Ticket, window: Window) -> Option<Time> {
    let distance = (a.rating() - b.rating()).abs();
    let doubt = window.uncertainty * a.deviation().max(b.deviation());
    near_at(distance - doubt, a.since.max(b.since), window)
}

/// When a window that begins to grow then reaches so far; none, never.
#[must_use]
pub fn near_at(distance: f64, since: Time, window: Window) -> Option<Time> {
    if distance <= window.within {
        return Some(since);
    }
    if distance > window.at_most || window.widen_per_s <= 0.0 {
        return None;
    }
    let wait = ((distance - window.within) / window.widen_per_s * 1000.0).ceil() / 1000.0;
    Some(since + Duration::try_from_secs_f64(wait).ok()?)
}
