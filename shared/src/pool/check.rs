//! Validation of a pool's configuration.

use super::{ChosenMode, EndRule, Pool, Shards};
use crate::limits;

/// Returns the first invalid key with the reason.
pub(super) fn fault(pool: &Pool) -> Option<(String, String)> {
    let checks = [
        seats(pool),
        party(pool),
        min_seats(pool),
        rating(pool),
        spans(pool),
        pool.shards.as_ref().and_then(shards),
    ];
    let wants = || crate::pool::want::fault("wants", &pool.wants);
    let found = checks.into_iter().flatten().next();
    let room = || {
        let (key, reason) = pool.room.fault()?;
        Some((format!("room.{key}"), reason))
    };
    found.map(|(key, reason)| (key.to_owned(), reason)).or_else(room).or_else(wants).or_else(|| mode(pool))
}

/// Checks the mode for a full match and for the smallest.
fn mode(pool: &Pool) -> Option<(String, String)> {
    if pool.mode.is_some() && pool.room.end == EndRule::Agreed {
        let reason = "the mode ends the room: leave this out";
        return Some(("room.end".to_owned(), reason.to_owned()));
    }
    let fewest = pool.min.map_or(pool.seats, |min| min.seats);
    let checked = ChosenMode::check(pool.mode.as_deref(), &pool.mode_config, [pool.seats, fewest]);
    checked.err().map(|error| (error.field, error.message))
}

type Fault = Option<(&'static str, String)>;

fn invalid_if(is_invalid: bool, key: &'static str, reason: impl Into<String>) -> Fault {
    is_invalid.then(|| (key, reason.into()))
}

fn seats(pool: &Pool) -> Fault {
    if let Some(teams) = pool.teams {
        let all = teams.count.saturating_mul(teams.size);
        invalid_if(teams.count < 2, "teams.count", "must be 2 or more")
            .or_else(|| invalid_if(teams.size < 1, "teams.size", "must be 1 or more"))
            .or_else(|| {
                let reason = format!("must be {all}, for {} teams of {}", teams.count, teams.size);
                invalid_if(pool.seats != all, "seats", reason)
            })
    } else {
        None
    }
    .or_else(|| {
        let valid = (2..=limits::SEATS_MAX).contains(&pool.seats);
        invalid_if(!valid, "seats", format!("must be 2 to {}", limits::SEATS_MAX))
    })
}

fn party(pool: &Pool) -> Fault {
    let max = pool.teams.map_or(pool.seats, |teams| teams.size);
    let valid = (1..=max).contains(&pool.party);
    invalid_if(!valid, "party", format!("must be 1 to {max}, the players of one side"))
}

fn min_seats(pool: &Pool) -> Fault {
    let min = pool.min?;
    let whole = pool.teams.is_none_or(|teams| min.seats.is_multiple_of(teams.count));
    let valid = (2..pool.seats).contains(&min.seats);
    let reason = format!("must be 2 or more, and fewer than {}", pool.seats);
    invalid_if(!valid, "min.seats", reason)
        .or_else(|| invalid_if(!whole, "min.seats", "must be the same for each team"))
}

fn rating(pool: &Pool) -> Fault {
    let window = pool.rating?;
    let distance = |x: f64| x.is_finite() && x >= 0.0;
    invalid_if(!distance(window.within), "rating.within", "must be 0 or more")
        .or_else(|| invalid_if(!distance(window.widen_per_s), "rating.widen_per_s", "must be 0 or more"))
        .or_else(|| invalid_if(!distance(window.at_most), "rating.at_most", "must be 0 or more"))
        .or_else(|| invalid_if(!distance(window.uncertainty), "rating.uncertainty", "must be 0 or more"))
        .or_else(|| {
            invalid_if(window.at_most < window.within, "rating.at_most", "must not be below `within`")
        })
        .or_else(|| {
            let max = limits::PATIENCE_MAX_S;
            let valid = window.any_after_s.is_none_or(|secs| (1..=max).contains(&secs));
            invalid_if(!valid, "rating.any_after_s", format!("must be 1 to {max} seconds"))
        })
}

fn spans(pool: &Pool) -> Fault {
    let in_range = |value: u32, max: u32| (1..=max).contains(&value);
    let asked = pool.propose_s.is_none_or(|secs| in_range(secs, limits::PROPOSAL_MAX_S));
    let reason = |max: u32| format!("must be 1 to {max} seconds");
    invalid_if(!asked, "propose_s", reason(limits::PROPOSAL_MAX_S))
        .or_else(|| {
            let max = limits::PATIENCE_MAX_S;
            invalid_if(!in_range(pool.patience_s, max), "patience_s", reason(max))
        })
        .or_else(|| {
            let max = limits::PATIENCE_MAX_S;
            let valid = pool.pause_s <= max;
            invalid_if(!valid, "pause_s", format!("must be 0 to {max} seconds"))
        })
        .or_else(|| {
            let valid = (2..=limits::TICKETS_MAX).contains(&pool.tickets);
            invalid_if(!valid, "tickets", format!("must be 2 to {}", limits::TICKETS_MAX))
        })
}

fn shards(shards: &Shards) -> Fault {
    let max = usize::from(limits::SHARDS_MAX);
    match shards {
        Shards::Hash { count, .. } => {
            let valid = (2..=limits::SHARDS_MAX).contains(count);
            invalid_if(!valid, "shards.count", format!("must be 2 to {max}"))
        }
        Shards::Rating { bands, .. } => {
            let rising = bands.iter().zip(bands.iter().skip(1)).all(|(a, b)| a < b);
            let valid = rising && (1..max).contains(&bands.len());
            let reason = format!("must be 1 to {} ratings in ascending order", max - 1);
            invalid_if(!valid || bands.iter().any(|band| !band.is_finite()), "shards.bands", reason)
        }
        Shards::Attr { attr, values, .. } => {
            let named = !attr.is_empty() && attr.len() <= limits::KEY_BYTES_MAX;
            invalid_if(!named, "shards.attr", "must be the name of an attribute").or_else(|| {
                let valid = (1..max).contains(&values.len());
                let reason = format!("must be 1 to {} values; all other values share a shard", max - 1);
                invalid_if(!valid, "shards.values", reason)
            })
        }
    }
}
