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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ticket(n: u32, rating: f64, deviation: f64) -> Ticket {
        let member = json!({
            "player": format!("p_{n}"), "name": "", "rating": rating, "deviation": deviation,
            "attrs": {}, "wants": [],
        });
        let ticket = json!({ "id": format!("t_{n}"), "members": [member], "since": 0, "state": "waiting" });
        serde_json::from_value(ticket).unwrap()
    }

    /// Checks when two tickets fit whose ratings differ by this, with these deviations, in seconds.
    fn check(gap: f64, deviations: [f64; 2], expected: Option<u64>) {
        let rules = json!({ "within": 100, "widen_per_s": 10, "at_most": 300, "uncertainty": 1 });
        let pool = crate::pool::read_one("p", json!({ "seats": 2, "rating": rules })).unwrap();
        let [one, other] = deviations;
        let (a, b) = (ticket(1, 1500.0, one), ticket(2, 1500.0 + gap, other));
        for (a, b) in [(&a, &b), (&b, &a)] {
            let at = fits_at(a, b, &pool, &RecentOpponents::default());
            assert_eq!(at, expected.map(|secs| Time::from_ms(secs * 1000)), "{gap} {deviations:?}");
        }
    }

    #[test]
    fn less_certain_rating_of_the_two_shortens_the_distance_up_to_the_window() {
        check(150.0, [0.0, 0.0], Some(5));
        check(150.0, [30.0, 0.0], Some(2));
        check(150.0, [20.0, 30.0], Some(2));
        check(150.0, [50.0, 50.0], Some(0));
        check(300.0, [350.0, 350.0], Some(10));
        check(350.0, [0.0, 40.0], None);
        check(350.0, [0.0, 60.0], Some(19));
    }
}
