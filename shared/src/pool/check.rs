//! What is wrong with a pool as it was written.

use super::{Pool, Shards};
use crate::caps;

/// The key that is wrong, and why.
pub(super) fn fault(pool: &Pool) -> Option<(String, String)> {
    let checks = [
        seats(pool),
        party(pool),
        least(pool),
        rating(pool),
        spans(pool),
        pool.shards.as_ref().and_then(shards),
    ];
    let wants = || crate::lobby::want::fault("wants", &pool.wants);
    let found = checks.into_iter().flatten().next();
    let room = || {
        let (key, reason) = pool.room.fault()?;
        Some((format!("room.{key}"), reason))
    };
    found.map(|(key, reason)| (key.to_owned(), reason)).or_else(room).or_else(wants)
}

type Fault = Option<(&'static str, String)>;

fn wrong(is_wrong: bool, key: &'static str, reason: impl Into<String>) -> Fault {
    is_wrong.then(|| (key, reason.into()))
}

fn seats(pool: &Pool) -> Fault {
    if let Some(teams) = pool.teams {
        let all = teams.count.saturating_mul(teams.size);
        wrong(teams.count < 2, "teams.count", "2 or more")
            .or_else(|| wrong(teams.size < 1, "teams.size", "1 or more"))
            .or_else(|| {
                let words = format!("{} teams of {} have {all}", teams.count, teams.size);
                wrong(pool.seats != all, "seats", words)
            })
    } else {
        None
    }
    .or_else(|| {
        let fine = (2..=caps::SEATS).contains(&pool.seats);
        wrong(!fine, "seats", format!("2 to {}", caps::SEATS))
    })
}

fn party(pool: &Pool) -> Fault {
    let most = pool.teams.map_or(pool.seats, |teams| teams.size);
    let fine = (1..=most).contains(&pool.party);
    wrong(!fine, "party", format!("1 to {most}, who play together"))
}

fn least(pool: &Pool) -> Fault {
    let least = pool.min?;
    let whole = pool.teams.is_none_or(|teams| least.seats.is_multiple_of(teams.count));
    let fine = (2..pool.seats).contains(&least.seats);
    let words = format!("2 or more, and fewer than {}", pool.seats);
    wrong(!fine, "min.seats", words).or_else(|| wrong(!whole, "min.seats", "as many for each of the teams"))
}

fn rating(pool: &Pool) -> Fault {
    let window = pool.rating?;
    let distance = |x: f64| x.is_finite() && x >= 0.0;
    wrong(!distance(window.within), "rating.within", "0 or more")
        .or_else(|| wrong(!distance(window.widen_per_s), "rating.widen_per_s", "0 or more"))
        .or_else(|| wrong(!distance(window.at_most), "rating.at_most", "0 or more"))
        .or_else(|| wrong(!distance(window.uncertainty), "rating.uncertainty", "0 or more"))
        .or_else(|| wrong(window.at_most < window.within, "rating.at_most", "not below `within`"))
}

fn spans(pool: &Pool) -> Fault {
    let from_1 = |value: u32, most: u32| (1..=most).contains(&value);
    let asked = pool.propose_s.is_none_or(|secs| from_1(secs, caps::PROPOSE_S));
    let words = |most: u32| format!("1 to {most} seconds");
    wrong(!asked, "propose_s", words(caps::PROPOSE_S))
        .or_else(|| {
            let most = caps::PATIENCE_S;
            wrong(!from_1(pool.patience_s, most), "patience_s", words(most))
        })
        .or_else(|| {
            let most = caps::PATIENCE_S;
            let fine = pool.pause_s <= most;
            wrong(!fine, "pause_s", format!("0 to {most} seconds"))
        })
        .or_else(|| {
            let fine = (2..=caps::TICKETS).contains(&pool.tickets);
            wrong(!fine, "tickets", format!("2 to {}", caps::TICKETS))
        })
}

fn shards(shards: &Shards) -> Fault {
    let most = usize::from(caps::SHARDS);
    match shards {
        Shards::Hash { count, .. } => {
            let fine = (2..=caps::SHARDS).contains(count);
            wrong(!fine, "shards.count", format!("2 to {most}"))
        }
        Shards::Rating { bands, .. } => {
            let rising = bands.iter().zip(bands.iter().skip(1)).all(|(a, b)| a < b);
            let fine = rising && (1..most).contains(&bands.len());
            let words = format!("1 to {} ratings, rising", most - 1);
            wrong(!fine || bands.iter().any(|it| !it.is_finite()), "shards.bands", words)
        }
        Shards::Attr { attr, values, .. } => {
            let named = !attr.is_empty() && attr.len() <= caps::KEY_BYTES;
            wrong(!named, "shards.attr", "the name of an attribute").or_else(|| {
                let fine = (1..most).contains(&values.len());
                let words = format!("1 to {} values; all others share a shard", most - 1);
                wrong(!fine, "shards.values", words)
            })
        }
    }
}
