//! Limits of the service API.

use std::time::Duration;

/// Keys of a deployment: one for each of the operator's services, and a second one while it is rotated.
pub const SERVICE_KEYS_MAX: usize = 16;
/// Operators of a deployment: their configuration fits into the 4 KiB of a function's environment.
pub const OPERATORS_MAX: usize = 64;
/// Characters of a key's id: with its prefix it fits into the id of a player, as which it appears in logs.
pub const SERVICE_KEY_ID_CHARS_MAX: usize = 24;
/// Requests a second of one service key in each isolate: a backend speaks for many players.
pub const SERVICE_RATE_PER_S: u32 = 100;
/// Requests at once of one service key.
pub const SERVICE_RATE_BURST: u32 = 200;
/// Characters of the id that the operator's backend gives its own user.
pub const EXTERNAL_ID_CHARS_MAX: usize = 128;
/// Actions of a room or a queue that wait for the audit trail: the region may be away for a while, and none may be lost.
pub const AUDITS_PENDING_MAX: usize = 64;
/// Bytes of a service's request to create a room: a name and an id for each of the most seats.
pub const SERVICE_ROOM_BYTES_MAX: usize = 16 * 1024;
/// How long a queue knows how a ticket of a backend ended: a backend that was restarted meanwhile still learns it.
pub const TICKET_ENDING_AGE_MAX: Duration = Duration::from_mins(10);
/// Endings that a queue remembers, the latest, one row of some 300 bytes each.
pub const TICKET_ENDINGS_MAX: usize = 1024;
/// Shards that are asked for one request: the first may know of a better one, and the player may move meanwhile.
pub const SHARD_MOVES_MAX: usize = 3;
/// Shortest interval between two reports of a queue's figures: a report is a request and a row.
pub const QUEUE_FIGURES_INTERVAL: Duration = Duration::from_secs(10);
/// Tickets on one page, each explained from a sample of the queue: a page costs some milliseconds.
pub const TICKET_PAGE_MAX: usize = 20;
/// Shards that are asked for one page of tickets.
pub const TICKET_PAGE_SHARDS_MAX: usize = 4;
/// Entries of a room's log on one page.
pub const LOG_PAGE_MAX: usize = 200;
/// How long the audit trail keeps an action: a year, and the weeks after it in which an operator asks.
pub const AUDIT_AGE_MAX: Duration = Duration::from_hours(400 * 24);
/// Characters of the reason that an operator gives for an action: with the ops of its commands it fits into the text of an action.
pub const AUDIT_REASON_CHARS_MAX: usize = 400;
/// Characters of each text of an action.
pub const AUDIT_TEXT_CHARS_MAX: usize = 512;
