//! Tickets and what outlives them: the ticket store, parties, cooldowns, endings and recent opponents.

pub(super) mod cooldown;
pub(super) mod endings;
pub(super) mod party;
pub mod recent_opponents;
pub(super) mod store;
pub mod ticket;
