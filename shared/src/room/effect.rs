//! What a room orders.

use super::Conn;
use super::log::Chunk;
use crate::call::CallId;
use crate::id::{PlayerId, RoomId};
use crate::outbox::{Heed, Scope};
use crate::protocol::Close;
use crate::protocol::event::Text;
use crate::record::{MatchRecord, Report};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write, all of it at once or nothing.
    Save(Save),
    /// Keep this with the socket.
    Attach {
        /// Which.
        conn: Conn,
        /// At most 16 KiB.
        data: String,
    },
    /// Owe one socket a message.
    Send {
        /// Which.
        conn: Conn,
        /// The message.
        text: Text,
    },
    /// Owe everybody a message.
    Tell {
        /// The message.
        text: Text,
        /// Whom it is for.
        scope: Scope,
    },
    /// From now on one socket gets this much of what is told to all.
    Heed {
        /// Which.
        conn: Conn,
        /// How much.
        heed: Heed,
    },
    /// Close one socket, after what it is owed.
    Close {
        /// Which.
        conn: Conn,
        /// Why.
        why: Close,
    },
    /// Tell another object or the region; it is repeated until confirmed.
    Call {
        /// Its number, for the confirmation.
        id: CallId,
        /// What.
        call: Call,
    },
    /// Look at a newer token.
    Verify {
        /// For which socket.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// The token.
        token: String,
    },
    /// A fault on purpose, where the deployment allows them.
    Panic,
    /// Forget everything: the room is done.
    Erase,
}

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The room but for its log and board.
    pub room: Option<String>,
    /// The board.
    pub board: Option<String>,
    /// A row of the log.
    pub chunk: Option<Chunk>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What a room tells others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// The region: this match is over.
    Record {
        /// What happened.
        record: Box<MatchRecord>,
    },
    /// The region: this was reported.
    Report {
        /// What, with what the room saw.
        report: Box<Report>,
    },
    /// A player's object: they are in this room no more.
    Free {
        /// Whose.
        player: PlayerId,
        /// Which.
        room: RoomId,
    },
}
