//! Requests to a player object and its responses: connections, the current match, home shards, forced closes.

use crate::connection::{Conn, Identity};
use crate::id::{PlayerId, PoolName, RoomId, SessionId};
use crate::pool::Devices;
use crate::rpc::ObjectName;
use crate::time::Time;
use crate::wire::CloseCode;
use serde::{Deserialize, Serialize};

/// A request to a player object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerRequest {
    /// A host wants to open a socket of the player and asks for a lease.
    Claim {
        object: ObjectName,
        conn: Conn,
        /// The player's other sockets that are open at the host.
        holding: Vec<Conn>,
        /// Those of them that the host closes when the new socket opens: they do not count against the limit.
        replaces: Vec<Conn>,
        /// Time of the request by the host's clock: two requests may overtake each other.
        at: Time,
        /// Auth epoch of the player's token.
        ep: u64,
        /// Session of the player's token.
        sid: SessionId,
        /// The policy at the device limit.
        devices: Devices,
    },
    /// A host states which sockets of the player it holds.
    Correct {
        object: ObjectName,
        holding: Vec<Conn>,
        /// When the host was asked: it did not know of sockets that were claimed later.
        asked: Time,
    },
    /// A socket of the player has closed.
    Release { object: ObjectName, conn: Conn },
    /// A lobby reserves the player for a match, for a limited time.
    Reserve { room: RoomId },
    /// The match was formed: the player enters it, and the lobby gives up the player's sockets.
    Commit {
        room: RoomId,
        /// The lobby that holds those sockets.
        lobby: ObjectName,
    },
    /// The player is no longer in this match.
    Free { room: RoomId },
    /// Asks for the match that the player is in.
    #[serde(rename = "live")]
    CurrentMatch,
    /// Asks for the player's shard of a divided queue, or sets it.
    #[serde(rename = "home")]
    HomeShard {
        pool: PoolName,
        /// The shard from now on; none, the stored one is only read.
        #[serde(rename = "part")]
        shard: Option<u16>,
    },
}

/// The response of a player object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerResponse {
    /// The request is granted.
    Granted {
        #[serde(rename = "live")]
        current_match: Option<RoomId>,
    },
    /// The player is at the device limit.
    Full {
        /// The hosts that hold the player's sockets, to be asked whether they still do.
        #[serde(rename = "at")]
        objects: Vec<ObjectName>,
        /// The connections that are evicted for the new one, where the policy says so.
        #[serde(rename = "out")]
        evict: Vec<Evictee>,
    },
    /// The player is banned or the session was revoked: no socket of it may open.
    #[serde(rename = "barred")]
    Denied {
        #[serde(rename = "why")]
        denial: Denial,
    },
    /// The player's shard of the queue; none, the player never entered it.
    #[serde(rename = "home")]
    HomeShard {
        #[serde(rename = "part")]
        shard: Option<u16>,
    },
    /// The player is in another match.
    Busy {
        room: RoomId,
        /// When the reservation for that match expires; none, the match has begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
}

/// The edge asks a player's object before it creates an open room for the player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRoomRequest {
    pub room: RoomId,
    /// When the room has certainly ended: the room itself reports an earlier end.
    pub until: Time,
    /// Auth epoch of the player's token.
    pub ep: u64,
    /// Session of the player's token.
    pub sid: SessionId,
}

/// The response of the player's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnRoomResponse {
    /// The room may be created.
    Granted,
    /// The player owns as many open rooms as allowed.
    Full,
    /// The player's token is no longer valid.
    Denied(Denial),
}

/// The edge asks a player's object whether the login of a token is still valid; the response is the [`Denial`], if it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginCheck {
    /// Auth epoch of the player's token.
    pub ep: u64,
    /// Session of the player's token.
    pub sid: SessionId,
}

/// A player as its operator sees it: what the player's object knows. No room and no lobby is asked, and none is woken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlayerInspection {
    pub player: PlayerId,
    /// The sockets at rooms and lobbies. A socket that died silently is listed until its host finds out.
    pub devices: Vec<DeviceInspection>,
    /// The number of open me sockets.
    pub me_sockets: usize,
    /// The match that the player is in or reserved for.
    pub current_match: Option<MatchInspection>,
    /// The open rooms that the player created.
    pub owned_rooms: Vec<RoomId>,
    /// The end of a ban that the edge knows of.
    pub banned_until: Option<Time>,
    /// The notices of the operator's backend that the player has not read.
    pub unread_notices: usize,
    /// Calls to other objects and to the region that are not confirmed yet.
    pub unconfirmed: usize,
}

/// One socket of a player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceInspection {
    /// The host: `room:m_…`, or `lobby:` with the pool and the shard.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub at: ObjectName,
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub conn: Conn,
    pub since: Time,
    /// The session of the socket.
    pub sid: Option<SessionId>,
}

/// The match that a player is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchInspection {
    pub room: RoomId,
    /// When the reservation expires; none, the match was formed.
    pub until: Option<Time>,
}

/// The reason why a player may not connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    Banned,
    /// The session has ended, or its tokens were revoked.
    Revoked,
}

impl Denial {
    /// Returns the code that the player's socket is closed with.
    #[must_use]
    pub const fn close(self) -> CloseCode {
        match self {
            Self::Banned => CloseCode::Banned,
            Self::Revoked => CloseCode::SessionRevoked,
        }
    }
}

/// A connection that is evicted for a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evictee {
    pub object: ObjectName,
    #[serde(rename = "dismissal")]
    pub close: ForcedClose,
}

/// The sockets of a player that a host must close. It states a condition, not a change, so that applying it
/// twice is the same as applying it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum ForcedClose {
    /// All sockets, and the player's seat or ticket with them.
    Banned,
    /// The sockets whose token has an older auth epoch.
    Revoked {
        /// The oldest epoch that is still valid.
        ep: u64,
    },
    /// The sockets of this session.
    SessionEnded { sid: SessionId },
    /// This socket, because a newer one would exceed the device limit.
    OneTooMany { conn: Conn },
    /// This socket, because a newer one takes its place.
    TakenOver { conn: Conn },
}

impl ForcedClose {
    /// True if this socket of the player must close.
    #[must_use]
    pub fn applies_to(&self, conn: Conn, identity: &Identity) -> bool {
        match self {
            Self::Banned => true,
            Self::Revoked { ep } => identity.ep < *ep,
            Self::SessionEnded { sid } => identity.sid == *sid,
            Self::OneTooMany { conn: evicted } | Self::TakenOver { conn: evicted } => conn == *evicted,
        }
    }

    /// Returns the code that the socket is closed with.
    #[must_use]
    pub const fn close(&self) -> CloseCode {
        match self {
            Self::Banned => CloseCode::Banned,
            Self::Revoked { .. } | Self::SessionEnded { .. } => CloseCode::SessionRevoked,
            Self::OneTooMany { .. } => CloseCode::TooManyDevices,
            Self::TakenOver { .. } => CloseCode::TakenOver,
        }
    }
}
