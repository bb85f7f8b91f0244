//! The rules of Matchpoint.

pub mod caps;
pub mod id;
pub mod record;
pub mod sign;
pub mod time;
pub mod token;
