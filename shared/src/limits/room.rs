//! Limits of a room: seats, log, storage, lifetime, and delivery to slow clients.

use std::time::Duration;

/// Seats in a room; a larger room needs relays.
pub const SEATS_MAX: usize = 64;
/// Spectator sockets in a room.
pub const SPECTATORS_MAX: usize = 1000;
/// Events kept for a resume.
pub const LOG_EVENTS_MAX: usize = 300;
/// Age up to which an event is kept for a resume.
pub const LOG_AGE_MAX: Duration = Duration::from_secs(120);
/// Bytes of events kept for a resume: many rooms share the isolate's 128 MB.
pub const LOG_BYTES_MAX: usize = 256 * 1024;
/// Command results remembered by key: at least twice what a resume can ask for, and no more than the rows of
/// the log always hold.
pub const COMMAND_KEYS_MAX: usize = 600;
/// Unwritten events after which a chunk is written: one row for 200 messages, not 200 rows.
pub const CHUNK_EVENTS_MAX: usize = 200;
/// Unwritten bytes after which a chunk is written: a row holds at most 2 MB.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Time that an event may wait to be written.
pub const CHUNK_AGE_MAX: Duration = Duration::from_secs(5);
/// Rows that hold the log, used in turn. Two neighbours hold more than `CHUNK_EVENTS_MAX` events or more than
/// `CHUNK_BYTES_MAX` bytes: the log's 256 KiB need 9 and the 600 command keys need 7.
pub const CHUNK_SLOTS: u64 = 12;
/// Bytes of unwritten events in a socket's attachment: the platform allows 16,384 bytes for the whole
/// attachment.
pub const JOURNAL_BYTES_MAX: usize = 12 * 1024;
/// Bytes of the board, all keys and values.
pub const BOARD_BYTES_MAX: usize = 16 * 1024;
/// Keys of the board, whose values share `BOARD_BYTES_MAX`.
pub const BOARD_KEYS_MAX: usize = 256;
/// Removed keys whose position a board keeps: with keys of 64 bytes they take less than `BOARD_BYTES_MAX` again.
pub const BOARD_REMOVED_MAX: usize = 128;
/// Default time that a seat is kept for a player whose socket was lost.
pub const SEAT_GRACE: Duration = Duration::from_secs(60);
/// Default time that a room waits for a player who never joined.
pub const NO_SHOW_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time that an open room waits for its first player, whatever its rules say: a code is shared and used
/// within minutes.
pub const EMPTY_ROOM_AGE_MAX: Duration = Duration::from_secs(600);
/// Time in which all members with a seat must state the same result, where the rules demand it.
pub const END_AGREEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest lifetime of a room; a pool may set less.
pub const ROOM_AGE_MAX: Duration = Duration::from_secs(4 * 3600);
/// Default time that a finished room still answers, so that a client that lost its connection learns the
/// result.
pub const ROOM_LINGER: Duration = Duration::from_secs(120);

/// Latest events that a room attaches to a report: the report is stored in the room's row until it is
/// confirmed.
pub const EVIDENCE_EVENTS_MAX: usize = 50;
/// Bytes of those events, for the same reason as `EVIDENCE_EVENTS_MAX`.
pub const EVIDENCE_ROOM_BYTES_MAX: usize = 16 * 1024;
/// Reports of a room that the region has not yet confirmed, for the same reason as `EVIDENCE_EVENTS_MAX`.
pub const REPORTS_PENDING_MAX: usize = 4;

/// Events that a recipient may be behind before hints to it are dropped.
pub const LAG_HINTS: u64 = 300;
/// Events that a recipient may be behind before it receives a snapshot in place of events.
pub const LAG_RESYNC: u64 = 600;
/// Events that a recipient may be behind before its socket is closed with 4104.
pub const LAG_CLOSE: u64 = 1200;

/// Bytes that the platform may hold for a recipient before hints to it are dropped: more than the largest
/// welcome.
pub const BUFFER_HINTS: u64 = 384 * 1024;
/// Bytes that the platform may hold for a recipient before it receives a snapshot in place of events.
pub const BUFFER_RESYNC: u64 = 768 * 1024;
/// Bytes that the platform may hold for a recipient before its socket is closed with 4104.
pub const BUFFER_CLOSE: u64 = 1536 * 1024;
/// Bytes below which a recipient that was behind receives hints again.
pub const BUFFER_DRAINED: u64 = 64 * 1024;
/// Time between two looks at the platform's buffers while an object sends.
pub const BUFFER_CHECK: Duration = Duration::from_secs(1);

/// Time in which no object of the isolate sent anything, after which the next event is sent at once.
pub const GATHER_QUIET: Duration = Duration::from_millis(2);
/// Longest time that output is gathered while the isolate stays busy.
pub const GATHER_MAX: Duration = Duration::from_millis(16);
/// Time that a timer may be late before it counts as late: the resolution of the platform's clock.
pub const GATHER_STEP: Duration = Duration::from_millis(1);
/// Time after which the thread must be observed again while objects send at once: an observation is a timer.
pub const GATHER_OBSERVE: Duration = Duration::from_millis(4);
/// Interval in which most timers must be late before the window widens: longer than a write to disk or a
/// collection of garbage delays them.
pub const GATHER_INTERVAL: Duration = Duration::from_millis(50);
/// Timers that must ring in an interval before it says anything.
pub const GATHER_RINGS_MIN: u32 = 4;
/// Frames a second beyond which the thread counts as busy: each costs the platform 10 to 40 µs, so this many
/// take an eighth to a half of a thread.
pub const GATHER_FRAMES_PER_S: f64 = 12_500.0;
/// Factor by which the window narrows in an interval in which a timer was on time: a half in 200 ms.
pub const GATHER_NARROWING: f64 = 0.84;
