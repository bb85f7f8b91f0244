//! The measurements: a whole plan of all tickets, and one entry into a queue of waiting tickets.

use serde::{Deserialize, Serialize};
use shared::lobby::matching::index::TicketIndex;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::tickets::ticket::Ticket;
use shared::time::Time;
use std::rc::Rc;
use std::time::Duration;

use crate::crowd::{Crowd, LATEST};

/// The times of one crowd of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the crowd.
    pub crowd: String,
    /// The number of waiting tickets.
    pub tickets: u32,
    /// The number of matches in a whole plan.
    pub matches: u32,
    /// A whole plan from unordered tickets to matches, milliseconds: the median of the runs.
    pub plan_ms: f64,
    /// Single entries among that many tickets; `None` in matches of more than two, which one entry rarely
    /// completes.
    pub entry: Option<Entry>,
}

/// The times of one entry, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The median of entries that fit no ticket yet.
    #[serde(rename = "waits_us")]
    pub waits: f64,
    /// The median of entries that are matched at once.
    #[serde(rename = "matched_us")]
    pub matched: f64,
    /// The slowest entry of all.
    #[serde(rename = "slowest_us")]
    pub slowest: f64,
}

/// The number of measured entries of each kind.
const ENTRIES: u32 = 200;

/// Measures every crowd at every size. `clock` returns milliseconds since an arbitrary origin, with
/// fractions.
pub fn measure(sizes: &[u32], runs: u32, clock: &mut impl FnMut() -> f64) -> Vec<Row> {
    let mut rows = Vec::new();
    for crowd in Crowd::ALL {
        rows.extend(sizes.iter().filter_map(|&size| row(crowd, size, runs, clock)));
    }
    rows
}

fn row(crowd: Crowd, size: u32, runs: u32, clock: &mut impl FnMut() -> f64) -> Option<Row> {
    let (plan_ms, matches) = whole(crowd, size, runs, clock)?;
    let entry = if crowd.is_pairs_only() { Some(entries(crowd, size, clock)?) } else { None };
    Some(Row { crowd: crowd.name().to_owned(), tickets: size, matches, plan_ms, entry })
}

/// Measures a plan of all tickets, none of them matched, as after a restart.
fn whole(crowd: Crowd, size: u32, runs: u32, clock: &mut impl FnMut() -> f64) -> Option<(f64, u32)> {
    let pool = crowd.pool()?;
    let tickets: Vec<Rc<Ticket>> =
        (0..size).map(|nth| crowd.ticket(nth).map(Rc::new)).collect::<Option<_>>()?;
    let now = Time::from_ms(LATEST);
    let (mut times, mut matches) = (Vec::new(), 0);
    for _ in 0..runs.max(1) {
        let began = clock();
        let mut waiting = TicketIndex::new(&pool);
        for ticket in &tickets {
            waiting.insert(now, Rc::clone(ticket));
        }
        let plan = waiting.plan(now, &RecentOpponents::default());
        times.push(clock() - began);
        matches = u32::try_from(plan.matches.len()).unwrap_or(u32::MAX);
    }
    Some((median(&mut times), matches))
}

/// Measures entries into a queue in which no two tickets fit, because all are on one side. Further tickets of
/// that side enter and wait; tickets of the other side enter and are matched.
fn entries(crowd: Crowd, size: u32, clock: &mut impl FnMut() -> f64) -> Option<Entry> {
    let pool = crowd.pool()?;
    let (mut waiting, met) = (TicketIndex::new(&pool), RecentOpponents::default());
    let mut now = Time::from_ms(LATEST);
    for nth in 0..size {
        waiting.insert(now, crowd.sided(nth, "a")?);
    }
    waiting.plan(now, &met);
    let (mut waits, mut matched) = (Vec::new(), Vec::new());
    for nth in 0..ENTRIES {
        now = now + Duration::from_millis(5);
        let nth = size + 2 * nth;
        let mut same = crowd.sided(nth, "a")?;
        same.since = now;
        let id = same.id.clone();
        let began = clock();
        waiting.insert(now, Rc::new(same));
        let plan = waiting.plan(now, &met);
        let took = clock() - began;
        if plan.matches.is_empty() {
            waits.push(took);
        }
        waiting.remove(&id);
        let mut other = crowd.sided(nth + 1, "b")?;
        other.since = now;
        let id = other.id.clone();
        let began = clock();
        waiting.insert(now, Rc::new(other));
        let plan = waiting.plan(now, &met);
        let took = clock() - began;
        let gone = plan.matches.iter().flat_map(|it| it.teams.iter().flatten());
        let gone: Vec<_> = gone.filter(|it| **it != id).cloned().collect();
        if gone.is_empty() {
            waiting.remove(&id);
        } else {
            matched.push(took);
        }
        // Another ticket replaces each matched one, so the queue keeps its size.
        for (extra, _) in (0_u32..).zip(gone) {
            waiting.insert(now, crowd.sided(size + 2 * ENTRIES + nth + extra, "a")?);
        }
        waiting.plan(now, &met);
    }
    let slowest = waits.iter().chain(&matched).copied().fold(0.0, f64::max);
    Some(Entry {
        waits: median(&mut waits) * 1000.0,
        matched: median(&mut matched) * 1000.0,
        slowest: slowest * 1000.0,
    })
}

/// Returns the median; 0 without values.
pub(crate) fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
