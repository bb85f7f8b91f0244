//! What the objects say to each other: one question, one answer, over an internal request.

use crate::id::{PlayerId, PoolName, RoomId, SessionId};
use crate::lobby::parts::{LobbyAnswer, LobbyAsk};
use crate::player::Devices;
use crate::protocol::Close;
use crate::room::Setup;
use crate::socket::{Conn, Who};
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
        /// Those of them that it closes when this one opens: they do not count.
        replaces: Vec<Conn>,
        /// When it asks, by its own clock: two questions may overtake each other.
        at: Time,
        /// The auth epoch of their token.
        ep: u64,
        /// The login of their token.
        sid: SessionId,
        /// What happens where they are connected as often as is allowed.
        devices: Devices,
    },
    /// What an object still holds of theirs, when another asks.
    Correct {
        /// Which object.
        object: String,
        /// What it holds.
        holding: Vec<Conn>,
        /// When it was asked: it did not know of what came since.
        asked: Time,
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
    /// In which part of a divided queue they are.
    Home {
        /// Which queue.
        pool: PoolName,
        /// From now on; none, only ask.
        part: Option<u16>,
    },
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
        /// Which are to make room, where they shall.
        out: Vec<Displaced>,
    },
    /// They may not: nothing of theirs is to open.
    Barred {
        /// Why.
        why: Bar,
    },
    /// They are in this part of the queue; none, they never were in it.
    Home {
        /// Which.
        part: Option<u16>,
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

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// They are banned.
    Banned,
    /// Their login has ended.
    Revoked,
}

impl Bar {
    /// What their socket is closed with.
    #[must_use]
    pub const fn close(self) -> Close {
        match self {
            Self::Banned => Close::Banned,
            Self::Revoked => Close::SessionRevoked,
        }
    }
}

/// A connection that makes room for a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displaced {
    /// At which object.
    pub object: String,
    /// Which.
    pub dismissal: Dismissal,
}

/// Which sockets of a player an object is to close. It says how things are, so that twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Dismissal {
    /// All, and their seat or ticket goes: they are banned.
    Banned,
    /// Those whose token is of an auth epoch below this one.
    Revoked {
        /// The least that is good.
        ep: u64,
    },
    /// Those of this login.
    SessionEnded {
        /// Which.
        sid: SessionId,
    },
    /// This one: a newer one makes it one too many.
    OneTooMany {
        /// Which.
        conn: Conn,
    },
    /// This one: a newer one takes its place.
    TakenOver {
        /// Which.
        conn: Conn,
    },
}

impl Dismissal {
    /// Whether a socket of theirs is meant.
    #[must_use]
    pub fn means(&self, conn: Conn, who: &Who) -> bool {
        match self {
            Self::Banned => true,
            Self::Revoked { ep } => who.ep < *ep,
            Self::SessionEnded { sid } => who.sid == *sid,
            Self::OneTooMany { conn: one } | Self::TakenOver { conn: one } => conn == *one,
        }
    }

    /// What it is closed with.
    #[must_use]
    pub const fn close(&self) -> Close {
        match self {
            Self::Banned => Close::Banned,
            Self::Revoked { .. } | Self::SessionEnded { .. } => Close::SessionRevoked,
            Self::OneTooMany { .. } => Close::TooManyDevices,
            Self::TakenOver { .. } => Close::TakenOver,
        }
    }
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
    /// To a lobby: another part of its queue asks.
    Part {
        /// What.
        ask: LobbyAsk,
    },
    /// Close sockets of this player; the answer is which are left. Twice is the same as once.
    Dismiss {
        /// Whose.
        player: PlayerId,
        /// Which.
        dismissal: Dismissal,
    },
}

/// From a room or a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceAnswer {
    /// Done.
    Done,
    /// A part of a queue to another.
    Part {
        /// What.
        answer: LobbyAnswer,
    },
    /// These.
    Holds {
        /// The sockets.
        conns: Vec<Conn>,
    },
}
