//! Limits of calls between objects, edge and region: timeouts, retries, concurrency.

use std::time::Duration;

/// Time that the edge waits for the region or for another object.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause before an unconfirmed call is repeated for the first time; it doubles up to `RETRY_MAX`.
pub const RETRY_FIRST: Duration = Duration::from_secs(2);
/// Longest pause before an unconfirmed call is repeated.
pub const RETRY_MAX: Duration = Duration::from_secs(300);
/// Longest pause where players in a lobby wait for the answer: a room keeps their seats only for
/// `NO_SHOW_TIMEOUT`.
pub const RETRY_MAX_IN_LOBBY: Duration = Duration::from_secs(8);
/// Other objects that one request calls concurrently: enough to hide their latency, and within the platform's
/// limits.
pub const FANOUT_CONCURRENT_MAX: usize = 16;
/// Notices that the region sends to the edge in one request: each has about 100 bytes and costs a call to a
/// player object.
pub const NOTICES_BATCH_MAX: usize = 50;
/// Largest integer that every JSON reader keeps exactly: 2⁵³ − 1 (RFC 8259, section 6).
pub const JSON_INTEGER_MAX: u64 = (1 << 53) - 1;
/// Bytes of another server's response to the region: a provider's key set has a tenth of this.
pub const RESPONSE_BYTES_MAX: usize = 256 * 1024;

/// Default requests per second of one caller to the region: what the plans promise.
pub const REGION_RATE_PER_S: u32 = 10;
/// Requests at once before that rate applies.
pub const REGION_RATE_BURST: u32 = 20;
/// Callers and addresses whose rate one region process remembers: 100 bytes each.
pub const RATE_BUCKETS_MAX: usize = 10_000;
/// Bytes of an HTTP request body to the region.
pub const HTTP_BODY_BYTES_MAX: usize = 64 * 1024;

// Deadlines of the region shrink inwards, so that every caller receives an answer before it gives up.

/// Deadline of one request in the region: less than `CALL_TIMEOUT`, for which the edge waits.
pub const REGION_REQUEST_TIMEOUT: Duration = Duration::from_millis(2_800);
/// Deadline of one call to the store with all its attempts.
pub const STORE_CALL_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Deadline of one attempt of a store call.
pub const STORE_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
