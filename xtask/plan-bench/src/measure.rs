//! What is timed: a whole plan for everybody, and one person who enters among many who wait.

use serde::{Deserialize, Serialize};
use shared::lobby::met::Met;
use shared::lobby::ticket::Ticket;
use shared::lobby::waiting::Waiting;
use shared::time::Time;
use std::rc::Rc;
use std::time::Duration;

use crate::crowd::{Crowd, LATEST};

/// The times of one crowd of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The pool and who comes to it.
    pub crowd: String,
    /// How many wait.
    pub tickets: u32,
    /// How many matches a whole plan makes of them.
    pub matches: u32,
    /// A whole plan, from tickets in no order to matches, milliseconds: the median of the runs.
    pub plan_ms: f64,
    /// Entries into so many; none, where a lobby holds fewer and it would take minutes.
    pub entry: Option<Entry>,
}

/// How long an entry takes, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who fits nobody yet, and waits: the median.
    #[serde(rename = "waits_us")]
    pub waits: f64,
    /// Who is matched at once: the median.
    #[serde(rename = "matched_us")]
    pub matched: f64,
    /// The slowest of all.
    #[serde(rename = "slowest_us")]
    pub slowest: f64,
}

/// People who enter, one after the other, of whose times the median counts.
const ENTRIES: u32 = 200;

/// Measures every crowd at every size. `clock` tells milliseconds from any beginning, with fractions.
pub fn measure(sizes: &[u32], runs: u32, clock: &mut impl FnMut() -> f64) -> Vec<Row> {
    let mut rows = Vec::new();
    for crowd in Crowd::ALL {
        rows.extend(sizes.iter().filter_map(|&size| row(crowd, size, runs, clock)));
    }
    rows
}

fn row(crowd: Crowd, size: u32, runs: u32, clock: &mut impl FnMut() -> f64) -> Option<Row> {
    let (plan_ms, matches) = whole(crowd, size, runs, clock)?;
    let entry = Some(entries(crowd, size, clock)?);
    Some(Row { crowd: crowd.name().to_owned(), tickets: size, matches, plan_ms, entry })
}

/// Everybody is there and nobody is matched, as after a restart.
fn whole(crowd: Crowd, size: u32, runs: u32, clock: &mut impl FnMut() -> f64) -> Option<(f64, u32)> {
    let pool = crowd.pool()?;
    let tickets: Vec<Rc<Ticket>> =
        (0..size).map(|nth| crowd.ticket(nth).map(Rc::new)).collect::<Option<_>>()?;
    let now = Time::from_ms(LATEST);
    let (mut times, mut matches) = (Vec::new(), 0);
    for _ in 0..runs.max(1) {
        let began = clock();
        let mut waiting = Waiting::new(&pool);
        for ticket in &tickets {
            waiting.insert(now, Rc::clone(ticket));
        }
        let plan = waiting.plan(now, &Met::default());
        times.push(clock() - began);
        matches = u32::try_from(plan.matches.len()).unwrap_or(u32::MAX);
    }
    Some((median(&mut times), matches))
}

/// So many wait and fit nobody among themselves, since all are on one side. Others of that side enter and wait too;
/// others of the other side enter and are matched.
fn entries(crowd: Crowd, size: u32, clock: &mut impl FnMut() -> f64) -> Option<Entry> {
    let pool = crowd.pool()?;
    let (mut waiting, met) = (Waiting::new(&pool), Met::default());
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
        // Somebody takes the place of who was matched, so that as many wait for the next.
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

/// The middle one; 0 of none.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
