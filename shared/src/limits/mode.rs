//! Limits of modes: state, moves, wakes and clocks.

use std::time::Duration;

/// Bytes of an encoded match: it is written with every accepted event, in one row of at most 2 MB, and a room's
/// isolate of 128 MB holds many.
pub const MODE_STATE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of JSON in the body of a move or a signal: a move is a choice, not a document.
pub const MODE_MOVE_BYTES_MAX: usize = 1024;
/// Nesting depth of the body of a move or a signal: a choice with its parts, and a list in one of them.
pub const MODE_MOVE_DEPTH_MAX: usize = 8;
/// Bytes of a fault's message: it may quote a client's move, and is sent back to that client only.
pub const MODE_FAULT_BYTES_MAX: usize = 200;
/// Seats of a mode with hidden state: each of them has a view of its own, which is compared after every event.
pub const MODE_HIDDEN_SEATS_MAX: usize = 16;
/// Wakes of a mode in one input: each may be due once more after it was late, and a mode whose wakes never end is
/// broken.
pub const MODE_WAKES_MAX: usize = 8;
/// Bytes of the events that the replay of a match may have: the region stores it in one item of at most 400 KB.
pub const REPLAY_BYTES_MAX: usize = 64 * 1024;
/// Shortest interval between the wakes of a real-time mode: 20 a second is what a room's CPU time allows.
pub const MODE_TICK_MIN: Duration = Duration::from_millis(50);
/// Longest interval between the wakes of a real-time mode; slower modes use `wake_at` alone.
pub const MODE_TICK_MAX: Duration = Duration::from_millis(1000);
/// Time without a movement after which a real-time mode falls asleep: a timer keeps the room in memory, at a price
/// by the second.
pub const MODE_SLEEP_AFTER: Duration = Duration::from_secs(5);
/// Longest time of a clock, a round or a turn: the longest lifetime of a room.
pub const CLOCK_MAX: Duration = super::ROOM_AGE_MAX;
/// Longest time that a move adds to a clock.
pub const CLOCK_INCREMENT_MAX: Duration = Duration::from_secs(600);
