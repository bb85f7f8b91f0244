//! The checks that blocks and follows share: no player blocks or follows themselves, and each list has a
//! limit.

use crate::error::code::Code;
use crate::error::refusals::{full, player_not_found};
use crate::error::{Fault, Refusal};
use crate::store::blocks::TieOutcome;
use axum::http::StatusCode;
use shared::id::PlayerId;

/// Rejects a path that names the caller.
pub fn reject_self(other: &PlayerId, caller: &PlayerId) -> Result<(), Refusal> {
    if other == caller {
        let detail = "Name a player other than yourself.";
        return Err(Refusal::new(Code::BadId, detail).field("player"));
    }
    Ok(())
}

/// Answers 204 for a tie that exists now; `verb` and `limit` describe the list that is full.
pub fn answer(outcome: TieOutcome, other: &PlayerId, verb: &str, limit: usize) -> Result<StatusCode, Fault> {
    match outcome {
        TieOutcome::Created | TieOutcome::AlreadyExists => Ok(StatusCode::NO_CONTENT),
        TieOutcome::PlayerNotFound => Err(player_not_found(other).into()),
        TieOutcome::LimitReached => {
            let detail = format!("You can {verb} at most {limit} players. Un{verb} one first.");
            Err(full(detail, limit).into())
        }
    }
}
