//! What happens to a room.

use super::Conn;
use crate::call::CallId;
use crate::id::PlayerId;
use crate::internal::Dismissal;
use crate::socket::Who;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a recipient wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The life of the log that the position belongs to.
    pub epoch: String,
    /// The last position seen.
    pub at: u64,
}

/// What a socket may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Has a seat.
    Member,
    /// Watches.
    Spectator,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A socket that was admitted is open.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        /// Whose it is.
        who: Who,
        /// As what, from `admit`.
        role: Role,
        /// Where it goes on.
        resume: Option<Resume>,
    },
    /// A text frame came. A late frame of a replaced socket is ignored.
    Said {
        /// On which socket.
        conn: Conn,
        /// The frame.
        text: &'a str,
    },
    /// A frame came that nobody will read: binary.
    Binary {
        /// On which socket.
        conn: Conn,
        /// How large it was.
        bytes: usize,
    },
    /// A socket is gone. It may be told twice.
    Closed {
        /// Which.
        conn: Conn,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
    /// The other side has what it was told.
    Confirmed {
        /// Which call.
        call: CallId,
    },
    /// The object of a player says that sockets of theirs are to close. It may be told twice, or late.
    Dismissed {
        /// Whose.
        player: PlayerId,
        /// Which.
        dismissal: Dismissal,
    },
    /// The shell looked at a newer token.
    Renewed {
        /// For which socket.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// Until when it is good; or why not.
        verdict: Result<Who, String>,
    },
}
