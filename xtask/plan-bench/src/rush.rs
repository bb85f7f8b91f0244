//! A rush: many tickets arrive within seconds. Measures waits and rating gaps with gathering and without.

use crate::crowd::Crowd;
use crate::measure::median;
use serde::{Deserialize, Serialize};
use shared::id::TicketId;
use shared::lobby::matching::gathering::Gathering;
use shared::lobby::matching::index::TicketIndex;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::time::{self, Time};
use std::collections::BTreeMap;

/// The result of a rush.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rush {
    /// How the lobby plans.
    pub plans: String,
    /// The number of entries, and the seconds in which they arrive.
    pub entries: u32,
    pub seconds: u32,
    /// The mean rating gap of the matches.
    pub gap: f64,
    /// The median of the waits, milliseconds.
    pub wait_p50_ms: f64,
    /// The 99th percentile of the waits, milliseconds.
    pub wait_p99_ms: f64,
    /// The number of plans.
    pub plans_made: u32,
}

/// When the lobby plans.
#[derive(Debug, Clone)]
enum Plans {
    AtOnce,
    Gathered(Gathering),
    EachSecond,
}

/// Measures entries of rated tickets: a rush, and a quiet queue with the same players.
#[must_use]
pub fn measure_rushes() -> Vec<Rush> {
    let ways = [
        ("at once", Plans::AtOnce),
        ("gathered", Plans::Gathered(Gathering::default())),
        ("each second", Plans::EachSecond),
    ];
    let loads = [(5_000, 30), (300, 30), (300, 300)];
    let rush = |(entries, seconds)| {
        ways.clone().into_iter().filter_map(move |(name, plans)| rush(name, plans, entries, seconds))
    };
    loads.into_iter().flat_map(rush).collect()
}

#[allow(clippy::cast_precision_loss)]
fn rush(name: &str, mut plans: Plans, entries: u32, seconds: u32) -> Option<Rush> {
    let (mut index, met) = (TicketIndex::new(&Crowd::Rated.pool()?), RecentOpponents::default());
    let (mut waits, mut gaps, mut plans_made) = (Vec::new(), Vec::new(), 0);
    let mut here: BTreeMap<TicketId, (Time, f64)> = BTreeMap::new();
    let mut due: Option<Time> = None;
    let mut nth = 0;
    loop {
        let arrival = (nth < entries).then(|| Time::from_ms(arrival_ms(nth, entries, seconds)));
        let plan_at = due.map(|due| match &plans {
            Plans::AtOnce => due,
            Plans::Gathered(gathering) => gathering.plan_at(due),
            Plans::EachSecond => Time::from_ms(due.ms().div_ceil(1000) * 1000),
        });
        let Some(now) = arrival.into_iter().chain(plan_at).min() else { break };
        if arrival == Some(now) {
            let mut ticket = Crowd::Rated.ticket(nth)?;
            ticket.since = now;
            here.insert(ticket.id.clone(), (now, ticket.rating()));
            index.insert(now, ticket);
            if let Plans::Gathered(gathering) = &mut plans {
                gathering.arrived(now);
            }
            due = Some(due.map_or(now, |due| due.min(now)));
            nth += 1;
            continue;
        }
        if let Plans::Gathered(gathering) = &mut plans {
            gathering.planned(now);
        }
        let plan = index.plan(now, &met);
        plans_made += 1;
        due = plan.wake;
        for made in plan.matches {
            let pair: Vec<(Time, f64)> = made.tickets().filter_map(|id| here.remove(id)).collect();
            waits.extend(pair.iter().map(|(since, _)| time::ms(now.since(*since)) as f64));
            if let [(_, a), (_, b)] = pair[..] {
                gaps.push((a - b).abs());
            }
        }
    }
    let gap = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    let wait_p50_ms = median(&mut waits);
    let wait_p99_ms = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
    Some(Rush { plans: name.to_owned(), entries, seconds, gap, wait_p50_ms, wait_p99_ms, plans_made })
}

/// Returns the time of an arrival: evenly spread.
fn arrival_ms(nth: u32, entries: u32, seconds: u32) -> u64 {
    let span = u64::from(seconds) * 1000;
    u64::from(nth) * span / u64::from(entries.max(1))
}
