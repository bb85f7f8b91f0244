//! The effects of a room: orders to its shell.

use super::log::Chunk;
use crate::connection::Conn;
use crate::delivery::outbox::{Audience, DeliveryLevel};
use crate::delivery::pending_calls::CallId;
use crate::id::{PlayerId, RoomId};
use crate::rpc::audit::AuditEntry;
use crate::rpc::opened::OpenedRoom;
use crate::rpc::record::{MatchRecord, Report};
use crate::time::Time;
use crate::wire::CloseCode;
use crate::wire::envelope::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An order to the shell.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write all of it at once, or nothing.
    Save(Save),
    /// Store this with the socket: at most 16 KiB.
    Attach { conn: Conn, data: String },
    /// Send a message to one socket.
    Send { conn: Conn, text: Text },
    /// Broadcast a message.
    Broadcast { text: Text, audience: Audience },
    /// Change which broadcasts one socket receives.
    SetDeliveryLevel { conn: Conn, level: DeliveryLevel },
    /// Close one socket, after the messages to it.
    Close { conn: Conn, code: CloseCode },
    /// Call another object or the region; the room repeats it until it is confirmed.
    Call { id: CallId, call: Call },
    /// Verify a newer token for a socket.
    Verify {
        conn: Conn,
        /// The id of the `auth` command.
        id: Option<Value>,
        token: String,
    },
    /// Panic on purpose, where the deployment allows it.
    Panic,
    /// Tell the operators of a fault of the service itself.
    ReportFault { message: String },
    /// Delete everything: the room is done.
    Erase,
}

/// The rows and the alarm of one write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The room's row: its state without log and board.
    pub room: Option<String>,
    /// The board's row.
    pub board: Option<String>,
    /// The row of the match, in a room with a mode.
    pub game: Option<String>,
    /// A row of the log.
    pub chunk: Option<Chunk>,
    /// The time at which the alarm must fire.
    pub alarm: Option<Time>,
}

/// A call to another object or to the region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// To the region: a queue made this room, and it is open.
    Opened { room: Box<OpenedRoom> },
    /// To the region: the match ended.
    Record { record: Box<MatchRecord> },
    /// To the region: a member was reported.
    Report { report: Box<Report> },
    /// To the region: an action for the audit trail.
    Audit { entry: Box<AuditEntry> },
    /// To a player object: the player is no longer in this room.
    Free { player: PlayerId, room: RoomId },
}
