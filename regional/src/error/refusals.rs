//! Refusals that several routes share.

use crate::error::Refusal;
use crate::error::code::Code;
use shared::id::PlayerId;
use shared::limits;
use std::fmt::Display;

/// Rejects an id that has another form.
#[must_use]
pub fn bad_id(field: &str, error: impl Display) -> Refusal {
    Refusal::new(Code::BadId, format!("`{field}` is not valid: {error}.")).field(field)
}

/// Rejects a cursor that the list did not hand out.
#[must_use]
pub fn bad_cursor() -> Refusal {
    let detail = "Send the `cursor` of the previous page unchanged and with the same filters, or omit it.";
    Refusal::new(Code::BadCursor, detail).field("cursor")
}

/// Returns the page size that a query asks for, or the default; rejects a text that is no number within the limits.
pub fn page_size(limit: Option<&str>) -> Result<usize, Refusal> {
    let Some(limit) = limit else {
        return Ok(limits::PAGE_SIZE_DEFAULT);
    };
    let size = limit.parse().ok().filter(|size| (1..=limits::PAGE_SIZE_MAX).contains(size));
    size.ok_or_else(|| {
        let max = limits::PAGE_SIZE_MAX;
        let detail =
            format!("A page has 1 to {max} items: send `limit` as a whole number up to {max}, or omit it.");
        Refusal::new(Code::BadQuery, detail).field("limit").limit(max)
    })
}

/// Rejects a request for a player that does not exist or was erased.
#[must_use]
pub fn player_not_found(player: &PlayerId) -> Refusal {
    not_found(Code::PlayerNotFound, "player", format!("There is no player {player}."))
}

/// Rejects a request for something that does not exist, with the parameter that names it.
#[must_use]
pub fn not_found(code: Code, field: &str, detail: impl Into<String>) -> Refusal {
    Refusal::new(code, detail).field(field)
}

/// Rejects a request that would exceed a limit of the caller.
#[must_use]
pub fn full(detail: impl Into<String>, limit: usize) -> Refusal {
    Refusal::new(Code::Full, detail).limit(limit)
}

/// Rejects a request without the access token that it needs.
#[must_use]
pub fn token_missing() -> Refusal {
    let detail = "Send the access token of a session as `Authorization: Bearer <token>`.";
    Refusal::new(Code::TokenMissing, detail).field("Authorization")
}
