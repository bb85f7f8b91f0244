//! The choice of the wait that a rating window grows with: what it costs rare ratings, and what it gives all.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::id::TicketId;
use shared::lobby::matching::index::TicketIndex;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::tickets::ticket::Ticket;
use shared::pool;
use shared::time::{self, Time};
use std::collections::BTreeMap;

/// Waits and gaps of a pool over hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// `older` or `newer`.
    pub grows_with: String,
    /// The mean rating gap.
    pub gap: f64,
    /// The 95th percentile of all waits, milliseconds.
    pub wait_p95_ms: f64,
    /// The same of the players with the rarest twentieth of the ratings.
    pub outer_p95_ms: f64,
    /// Players who were not matched before the last one entered.
    pub unmatched: usize,
}

/// Entries, one each second.
const ENTRIES: u32 = 20_000;

/// Measures both choices with normally distributed ratings.
#[must_use]
pub fn measure_windows() -> Vec<Window> {
    ["older", "newer"].into_iter().filter_map(window).collect()
}

#[allow(clippy::cast_precision_loss)]
fn window(grows_with: &str) -> Option<Window> {
    let rating = json!({ "within": 100, "widen_per_s": 10, "at_most": 400, "grows_with": grows_with });
    let pools = pool::read(&json!({ "a": { "seats": 2, "rating": rating } }).to_string()).ok()?;
    let (mut index, met) = (TicketIndex::new(pools.values().next()?), RecentOpponents::default());
    let mut here: BTreeMap<TicketId, (Time, f64)> = BTreeMap::new();
    let (mut waits, mut gaps) = (Vec::new(), Vec::new());
    let (mut seed, mut nth, mut wake) = (7, 0, None);
    while nth < ENTRIES {
        let arrival = Time::from_ms(u64::from(nth) * 1000);
        let now = wake.map_or(arrival, |wake: Time| wake.min(arrival));
        if now == arrival {
            let ticket = ticket(nth, now, normal(&mut seed))?;
            here.insert(ticket.id.clone(), (now, ticket.rating()));
            index.insert(now, ticket);
            nth += 1;
        }
        let plan = index.plan(now, &met);
        wake = plan.wake;
        for made in plan.matches {
            let pair: Vec<(Time, f64)> = made.tickets().filter_map(|id| here.remove(id)).collect();
            waits.extend(
                pair.iter().map(|(since, rating)| (rating_rank(*rating), time::ms(now.since(*since)) as f64)),
            );
            if let [(_, a), (_, b)] = pair[..] {
                gaps.push((a - b).abs());
            }
        }
    }
    waits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let outer = waits.split_off(waits.len() * 19 / 20);
    let all = waits.iter().chain(&outer).map(|(_, wait)| *wait).collect();
    Some(Window {
        grows_with: grows_with.to_owned(),
        gap: gaps.iter().sum::<f64>() / gaps.len().max(1) as f64,
        wait_p95_ms: p95(all),
        outer_p95_ms: p95(outer.into_iter().map(|(_, wait)| wait).collect()),
        unmatched: here.len(),
    })
}

fn p95(mut waits: Vec<f64>) -> f64 {
    waits.sort_by(f64::total_cmp);
    waits.get(waits.len() * 95 / 100).copied().unwrap_or_default()
}

/// Returns how rare a rating is.
fn rating_rank(rating: f64) -> f64 {
    (rating - 1500.0).abs()
}

/// Returns a rating around 1500 with a deviation of 300: the sum of twelve uniform numbers.
#[allow(clippy::cast_precision_loss)]
fn normal(seed: &mut u64) -> f64 {
    let mut uniform = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let sum: f64 = (0..12).map(|_| uniform()).sum();
    1500.0 + 300.0 * (sum - 6.0)
}

fn ticket(nth: u32, since: Time, rating: f64) -> Option<Ticket> {
    serde_json::from_value(json!({
        "id": format!("t_{nth}"),
        "members": [{ "player": format!("p_{nth}"), "name": "", "rating": rating, "attrs": {}, "wants": [] }],
        "since": since,
        "key": null,
        "state": "waiting",
    }))
    .ok()
}
