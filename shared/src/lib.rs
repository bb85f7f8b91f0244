//! The rules of Matchpoint.

pub mod call;
pub mod caps;
pub mod id;
pub mod limit;
pub mod outbox;
pub mod protocol;
pub mod record;
pub mod room;
pub mod sign;
pub mod socket;
pub mod time;
pub mod token;
