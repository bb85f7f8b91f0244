//! What the objects say to each other: one question, one answer, over an internal request.

use crate::id::{PlayerId, RoomId};
use crate::room::Setup;
use crate::socket::Conn;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// To a player's object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerAsk {
    /// A socket of theirs opens at an object, which holds these of theirs already.
    Claim {
        /// Which object: `room:m_…` or `lobby:pool:0`.
        object: String,
        /// The socket.
        conn: Conn,
        /// The others of theirs that are open there.
        holding: Vec<Conn>,
        /// The auth epoch of their token.
        ep: u64,
    },
    /// What an object still holds of theirs, when another asks.
    Correct {
        /// Which object.
        object: String,
        /// What it holds.
        holding: Vec<Conn>,
    },
    /// A socket is gone.
    Release {
        /// At which object.
        object: String,
        /// Which.
        conn: Conn,
    },
    /// A match wants them: kept for a short while.
    Reserve {
        /// Which.
        room: RoomId,
    },
    /// The match is made; its lobby lets go of their sockets.
    Commit {
        /// Which.
        room: RoomId,
        /// Which lobby.
        lobby: String,
    },
    /// They are in that match no more.
    Free {
        /// Which.
        room: RoomId,
    },
    /// Which match they are in.
    Live,
}

/// From a player's object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerAnswer {
    /// Done, or yes.
    Granted {
        /// The match that they are in.
        live: Option<RoomId>,
    },
    /// They are connected as often as is allowed: at these objects.
    Full {
        /// Whom to ask whether that is still true.
        at: Vec<String>,
    },
    /// They are in another match.
    Busy {
        /// Which.
        room: RoomId,
        /// Where that match is only being made: how long it may keep them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
}

/// To a room or a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceAsk {
    /// Begin. The same setup again changes nothing.
    Create {
        /// How.
        setup: Box<Setup>,
    },
    /// Which sockets of this player are open.
    Holds {
        /// Whose.
        player: PlayerId,
    },
}

/// From a room or a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceAnswer {
    /// Done.
    Done,
    /// These.
    Holds {
        /// The sockets.
        conns: Vec<Conn>,
    },
}
