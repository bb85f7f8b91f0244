//! Limits of reads through the edge: cached profiles, retries, and the circuit breaker.

use std::time::Duration;

/// Default lifetime of a cached profile. A change is announced, but only to isolates that the announcement
/// reaches.
pub const PROFILE_CACHE_TTL: Duration = Duration::from_secs(60);
/// Age up to which a cached profile is served while the region does not answer: an old name is better than
/// none.
pub const STALE_IF_ERROR: Duration = Duration::from_secs(24 * 3600);
/// Lifetime of a cached "no such player": a wrong link may be followed often, while a player is created once.
pub const NEGATIVE_CACHE_TTL: Duration = Duration::from_secs(10);
/// Profiles that an isolate caches.
pub const CACHE_ENTRIES_MAX: usize = 10_000;
/// Bytes of cached profiles: most of the isolate's 128 MB belongs to its rooms.
pub const CACHE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Lookups that one request makes in the location's cache, whose calls are limited; the region returns the
/// other profiles in one call.
pub const CACHE_LOOKUPS_MAX: usize = 40;
/// Interval at which a request polls for a profile that another request is fetching.
pub const COALESCE_POLL_INTERVAL: Duration = Duration::from_millis(8);
/// Time after a failed fetch during which no request repeats it.
pub const FETCH_BACK_OFF: Duration = Duration::from_secs(1);
/// Deadline of one attempt at a read; two attempts and a pause fit in `CALL_TIMEOUT`.
pub const READ_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_300);
/// Attempts at a read.
pub const READ_ATTEMPTS_MAX: u32 = 2;
/// Retries per hundred first attempts: an outage must not multiply the load.
pub const RETRY_BUDGET_PERCENT: u32 = 10;
/// Retries that the budget may accumulate.
pub const RETRY_BUDGET_MAX: u32 = 10;
/// Longest pause before the first retry of a read; it doubles.
pub const READ_RETRY_FIRST: Duration = Duration::from_millis(50);
/// Longest pause before any retry of a read.
pub const READ_RETRY_MAX: Duration = Duration::from_millis(400);
/// Failures among the last 16 reads at which the breaker opens.
pub const BREAKER_FAILURES_MAX: u32 = 8;
/// First time for which the breaker stays open; each failed probe doubles it.
pub const BREAKER_OPEN_FIRST: Duration = Duration::from_secs(1);
/// Longest time for which the breaker stays open: the delay until a recovered region is noticed.
pub const BREAKER_OPEN_MAX: Duration = Duration::from_secs(15);
