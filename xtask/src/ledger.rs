//! The accounts of load and chaos: what rooms promised, and what their members received.
//!
//! ```text
//! room_log   the log of one member: each position once, in order, and durable ones kept
//! recorder   follows a room of the client, and keeps its log
//! heard      the numbered messages of one sender: lost, doubled and reordered ones
//! talks      the messages of all matches, counted on both sides
//! seats      tickets, rooms and seats: each ticket ends once, each room has exactly its two players
//! ```

pub mod heard;
pub mod recorder;
pub mod room_log;
pub mod seats;
pub mod talks;

pub use heard::Heard;
pub use recorder::Recorder;
pub use room_log::{RoomLog, Violation};
pub use seats::{Seats, Ticket};
pub use talks::{TalkSums, Talks};
