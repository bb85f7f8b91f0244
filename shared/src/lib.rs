//! The rules of Matchpoint.

pub mod call;
pub mod caps;
pub mod id;
pub mod internal;
pub mod limit;
pub mod lobby;
pub mod outbox;
pub mod player;
pub mod pool;
pub mod protocol;
pub mod record;
pub mod room;
pub mod sign;
pub mod socket;
pub mod time;
pub mod token;
