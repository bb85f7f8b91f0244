//! The inputs of a room: events that happened outside it.

use crate::connection::{Conn, ConnectionInput, Identity};
use crate::delivery::pending_calls::CallId;
use crate::id::PlayerId;
use crate::rpc::ForcedClose;
pub use crate::rpc::setup::Role;

/// The position from which a client resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The epoch of the log that the position belongs to.
    pub epoch: String,
    /// The last position that the client received.
    pub at: u64,
}

/// Settings of a deployment for tests and measurements; all are off in production.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Clients may make the room panic on purpose.
    pub debug_commands: bool,
    /// The rate of messages is not limited, so that a benchmark measures the room and not the limit.
    pub unlimited_rate: bool,
}

/// An event outside the room.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// An admitted socket is open.
    Opened {
        /// The number, from [`super::Room::next_conn`].
        conn: Conn,
        identity: Identity,
        /// The role, from [`super::Room::admit`].
        role: Role,
        resume: Option<Resume>,
        /// The player's display name, where [`super::Room::lacks_name`] asked for it and the region answered.
        name: Option<String>,
    },
    /// An open socket sent a frame, was closed, or has a verified token.
    Connection(ConnectionInput<'a>),
    /// The platform holds this many unsent bytes for a socket: many, or few for one that is behind.
    Buffered { conn: Conn, bytes: u64 },
    /// The alarm fired. It may fire late, twice, or for a deadline that has moved.
    Woke,
    /// The timer of a real-time mode rang. It may ring late, or twice.
    Tick,
    /// The other side has a call.
    Confirmed { call: CallId },
    /// The player object demands that sockets be closed. It may be told twice, or late.
    ForcedClose { player: PlayerId, close: ForcedClose },
}

impl<'a> From<ConnectionInput<'a>> for Input<'a> {
    fn from(input: ConnectionInput<'a>) -> Self {
        Self::Connection(input)
    }
}
