//! The rules: pure functions and values. Time and randomness come in as arguments, and nothing here knows a
//! store or HTTP.

pub mod ban;
pub mod history;
pub mod leaderboard;
pub mod lockout;
pub mod note;
pub mod picture;
pub mod profile;
pub mod rated;
pub mod rating;
pub mod report;
pub mod rfc3339;
pub mod session;
pub mod status;
pub mod text;
pub mod webhook;
