//! Limits of ratings and leaderboards.

use std::time::Duration;

/// Deviation of a player without matches, and the largest one: Glickman's value.
pub const DEVIATION_MAX: f64 = 350.0;
/// Smallest deviation: below it a rating would hardly move, whatever the results.
pub const DEVIATION_MIN: f64 = 45.0;
/// Rating period: without a match a deviation of 60 grows to 110 in a year (78 periods).
pub const RATING_PERIOD: Duration = Duration::from_secs(403_000);

/// Ranks of a leaderboard that are shown.
pub const LEADERS_MAX: usize = 100;
/// Ranks above and below the caller's own that are shown.
pub const NEIGHBOURS_MAX: usize = 10;
/// Largest exact rank: counting further would cost more than the answer is worth.
pub const EXACT_RANKS_MAX: u64 = 5_000;
/// Time for which a leaderboard response may be cached: its order changes at most once per match.
pub const LEADERBOARD_TTL: Duration = Duration::from_secs(10);
/// Longest lag of the index behind a leaderboard while the store is healthy; it usually follows within a
/// fraction.
pub const LEADERBOARD_LAG_MAX: Duration = Duration::from_secs(2);
