//! Match formation: the repeatable steps from a planned match to an open room.

mod calls;
pub(super) mod outcome;
pub(super) mod proposal;
pub(super) mod replies;
pub(super) mod saga;

#[cfg(test)]
mod tests;
