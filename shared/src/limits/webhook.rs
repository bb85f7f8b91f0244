//! Limits of webhooks.

use super::ROOM_AGE_MAX;
use std::time::Duration;

/// Endpoints of a deployment: each is a row for every event, in the transaction of the change.
pub const WEBHOOKS_MAX: usize = 8;
/// Characters of an endpoint's id: it is part of the keys of its rows.
pub const WEBHOOK_ID_CHARS_MAX: usize = 24;
/// Bytes of an endpoint's address.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2048;
/// Secrets of an endpoint: the current one, and another while it is rotated.
pub const WEBHOOK_SECRETS_MAX: usize = 2;
/// How far the time of a message may be from the receiver's clock; the specification's libraries have the same.
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// The time for an endpoint to answer; the specification names 15 to 30 s, and a slower one should answer before it works.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// The time for the body of an answer, which no one reads, to end before its connection is closed.
pub const WEBHOOK_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of the body of an answer that are read before its connection is closed.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How long an attempt belongs to the process that began it: longer than the attempt can take.
pub const WEBHOOK_LEASE: Duration = Duration::from_secs(20);
/// The longest pause after the first failed attempt; each further one is four times as long.
pub const WEBHOOK_RETRY_FIRST: Duration = Duration::from_secs(2);
/// The longest pause between two attempts.
pub const WEBHOOK_RETRY_MAX: Duration = Duration::from_secs(3 * 3600);
/// The age from which on an event is not tried again.
pub const WEBHOOK_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a dead event is kept to be replayed.
pub const WEBHOOK_DEAD_AGE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Attempts that may be in flight at once for one endpoint.
pub const WEBHOOK_CONCURRENT_MAX: usize = 8;
/// Failures in a row after which a run leaves an endpoint alone until the next run.
pub const WEBHOOK_FAILURES_MAX: usize = 16;
/// How long a run of the deliveries takes new ones; the function's own limit is a minute.
pub const WEBHOOK_RUN_MAX: Duration = Duration::from_secs(35);
/// The age at which the entry of an open room expires, if its end was never told: a day after the room's own limit.
pub const OPEN_ROOM_AGE_MAX: Duration = Duration::from_secs(ROOM_AGE_MAX.as_secs() + 24 * 3600);
