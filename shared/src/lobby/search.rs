//! Whom somebody is to meet, among many who wait.

use super::line::Line;
use super::ticket::Ticket;
use super::want::Want;
use crate::pool::Pool;
use crate::time::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// An attribute that somebody insists on, and the value.
type Key<'a> = (&'a str, &'a str);

/// Who waits and has not been paired, by rating where ratings count, else by time; and the same for each value that
/// somebody insists on.
pub(super) struct Queue<'a> {
    now: Time,
    waiting: &'a [&'a Ticket],
    pool: &'a Pool,
    /// Of each, close together: most looks at somebody go no further.
    ratings: Vec<f64>,
    lines: Vec<Line>,
    named: BTreeMap<Key<'a>, usize>,
    /// In which lines each stands, and where; empty once they have left.
    places: Vec<Vec<(usize, usize)>>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(now: Time, waiting: &'a [&'a Ticket], pool: &'a Pool) -> Self {
        let ratings: Vec<f64> = waiting.iter().map(|ticket| ticket.rating).collect();
        let mut order: Vec<(f64, usize)> = ratings.iter().copied().zip(0..).collect();
        if pool.rating.is_some() {
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        let order: Vec<usize> = order.into_iter().map(|(_, nth)| nth).collect();
        let mut named: BTreeMap<Key<'a>, usize> = BTreeMap::new();
        for ticket in waiting {
            for key in ticket
                .wants
                .iter()
                .filter_map(|want| insists(now, ticket, want))
            {
                let line = named.len() + 1;
                named.entry(key).or_insert(line);
            }
        }
        let mut rows = vec![Vec::new(); named.len()];
        for &nth in order.iter().filter(|_| !named.is_empty()) {
            let attrs = waiting.get(nth).map(|ticket| &ticket.attrs);
            for (name, value) in attrs.into_iter().flatten() {
                let line = value
                    .as_str()
                    .and_then(|value| named.get(&(name.as_str(), value)));
                if let Some(row) = line.and_then(|line| rows.get_mut(line - 1)) {
                    row.push(nth);
                }
            }
        }
        let rows = std::iter::once(order).chain(rows);
        let mut places = vec![Vec::new(); waiting.len()];
        let mut lines = Vec::new();
        for (line, row) in rows.enumerate() {
            for (place, &nth) in row.iter().enumerate() {
                if let Some(places) = places.get_mut(nth) {
                    places.push((line, place));
                }
            }
            lines.push(Line::new(row));
        }
        Self {
            now,
            waiting,
            pool,
            ratings,
            lines,
            named,
            places,
        }
    }

    /// Takes somebody out. False where they are out already.
    pub(super) fn leave(&mut self, nth: usize) -> bool {
        let places = self.places.get_mut(nth).map(std::mem::take);
        let places = places.unwrap_or_default();
        for &(line, place) in &places {
            if let Some(line) = self.lines.get_mut(line) {
                line.leave(place);
            }
        }
        !places.is_empty()
    }

    /// The best of those still there who fits: the nearest rating, then who waits longest.
    pub(super) fn choose(
        &mut self,
        first: &Ticket,
        fits: impl Fn(&Ticket) -> bool,
    ) -> Option<usize> {
        let mut keys = first
            .wants
            .iter()
            .filter_map(|want| insists(self.now, first, want));
        let line = keys.next().and_then(|key| self.named.get(&key)).copied();
        let (waiting, ratings, now) = (self.waiting, self.ratings.as_slice(), self.now);
        let line = self.lines.get_mut(line.unwrap_or_default())?;
        let Some(window) = self.pool.rating else {
            let mut place = line.next(0);
            while let Some(at) = place {
                let nth = line.at(at)?;
                if fits(waiting.get(nth)?) {
                    return Some(nth);
                }
                place = line.next(at + 1);
            }
            return None;
        };
        let waited = now.since(first.since).as_secs_f64();
        // Nobody here has waited longer, so no window is wider than this; a millisecond for rounding.
        let grown = window.within + window.widen_per_s * (waited + 0.001);
        let most = grown.min(window.at_most);
        let start = line.from(|nth| ratings.get(nth).is_some_and(|&it| it < first.rating));
        let (mut below, mut above) = (line.previous(start), line.next(start));
        let mut best: Option<(f64, usize)> = None;
        loop {
            let near = |place: Option<usize>| {
                let nth = line.at(place?)?;
                Some(((first.rating - ratings.get(nth)?).abs(), nth))
            };
            let (low, high) = (near(below), near(above));
            let is_low = match (low, high) {
                (Some((low, _)), Some((high, _))) => low <= high,
                (low, _) => low.is_some(),
            };
            let Some((gap, nth)) = (if is_low { low } else { high }) else {
                break;
            };
            if gap > most || best.is_some_and(|(least, _)| gap > least) {
                break;
            }
            let earlier = best.is_none_or(|(_, best)| nth < best);
            let found = earlier && fits(waiting.get(nth)?);
            if found {
                best = Some((gap, nth));
            }
            if is_low {
                below = below.and_then(|at| line.previous(at));
            } else if found {
                // The others of this rating came later, and those beyond are not as near.
                above = None;
            } else {
                above = above.and_then(|at| line.next(at + 1));
            }
        }
        best.map(|(_, nth)| nth)
    }
}

/// The value that the other must have now, where the want says one and does not give way yet.
fn insists<'a>(now: Time, ticket: &Ticket, want: &'a Want) -> Option<Key<'a>> {
    let value = want.is.as_ref().and_then(Value::as_str)?;
    let gives_way = want.relax.as_ref().is_some_and(|relax| {
        let after = std::time::Duration::from_secs(relax.after_s.into());
        relax.to.is_none() && ticket.since + after <= now
    });
    (!gives_way && want.attr != "rating").then_some((want.attr.as_str(), value))
}
