//! Rated matches: whether a match counts for ratings, and its outcome if it does.

use shared::id::PlayerId;
use shared::mode;
use shared::rating::Outcome;
use shared::rpc::record::{EndReason, MatchRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the players whose ratings a match changes, and the outcome. None if the match is not rated: a match to
/// which a player did not come was not played by all, and an abandoned or disputed match has no result.
///
/// The outcome of a mode counts for all players, and so does a result that all of them stated. A result that one
/// player set counts only if it is against that player.
#[must_use]
pub fn rated_outcome(record: &MatchRecord) -> Option<(BTreeSet<PlayerId>, Outcome)> {
    let players: BTreeSet<PlayerId> = record.players.iter().map(|one| one.player.clone()).collect();
    if players.len() < 2 || !record.players.iter().all(|one| one.came) {
        return None;
    }
    // Where a mode decides, no player does.
    let has_mode = record.mode.is_some();
    let outcome = match record.reason {
        EndReason::Mode if has_mode => decided_outcome(record),
        EndReason::Ended | EndReason::TimeUp | EndReason::Agreed if !has_mode => {
            stated_outcome(record, &players)
        }
        EndReason::Ended
        | EndReason::TimeUp
        | EndReason::Agreed
        | EndReason::Mode
        | EndReason::Abandoned
        | EndReason::NoShow
        | EndReason::Disputed
        | EndReason::ModeGone => None,
    };
    Some((players, outcome?))
}

/// Returns the outcome that the mode of a match decided, by player. None if there is none, or if it does not fit the
/// players: such a match is stored, but not rated.
#[must_use]
pub fn decided_outcome(record: &MatchRecord) -> Option<Outcome> {
    let mode::Outcome { ranks, draw, .. } = record.outcome.as_ref()?;
    let seats = record.players.len();
    let is_rank = |rank: &u32| (1..=seats).contains(&usize::try_from(*rank).unwrap_or(usize::MAX));
    let tied = ranks.iter().all(|rank| Some(rank) == ranks.first());
    if ranks.len() != seats || !ranks.iter().all(is_rank) || (*draw && !tied) {
        return None;
    }
    if tied {
        return Some(Outcome::Draw);
    }
    let players = record.players.iter().map(|one| one.player.clone());
    let by_player: BTreeMap<PlayerId, u64> = players.zip(ranks.iter().copied().map(u64::from)).collect();
    Some(Outcome::Ranks(by_player))
}

/// Returns the outcome that the result of a match states. None if the result cannot be rated, or if the player who set
/// it gains by it.
fn stated_outcome(record: &MatchRecord, players: &BTreeSet<PlayerId>) -> Option<Outcome> {
    let outcome = Outcome::of(players, &record.result)?;
    let fair = match &record.by {
        Some(by) if players.contains(by) => concedes(by, &outcome),
        Some(_) | None => true,
    };
    fair.then_some(outcome)
}

/// Returns whether a player of a match of two concedes it to the opponent. In a larger match a player could
/// give away the win of another.
fn concedes(by: &PlayerId, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Draw => false,
        Outcome::Ranks(ranks) => {
            let others = ranks.iter().filter(|(player, _)| *player != by);
            let mut others = others.map(|(_, rank)| rank);
            ranks.len() == 2 && others.all(|rank| Some(rank) < ranks.get(by))
        }
    }
}

#[cfg(test)]
#[path = "rated/tests.rs"]
mod tests;
