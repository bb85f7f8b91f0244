//! The inputs of a lobby.

use crate::connection::{Conn, ConnectionInput, Identity};
use crate::id::{PlayerId, RoomId};
use crate::lobby::effect::{Answer, Call};
use crate::rpc::ForcedClose;
use crate::rpc::record::MatchmakingProfile;
use crate::trace::Trace;

/// An event that the lobby reacts to.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A socket opened.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        identity: Identity,
        /// The match that the player is in.
        current_match: Option<RoomId>,
        /// A hash of the client's address: an address has a share of the waiting lookups.
        address: u64,
        /// The trace that the client named, if it did.
        trace: Option<Trace>,
    },
    /// An open socket sent a frame, was closed, or has a verified token.
    Connection(ConnectionInput<'a>),
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
    /// The region and the player object answered a lookup.
    LookedUp {
        /// The number of the `LookUp` effect.
        lookup: u64,
        /// `None` if the region or the player object did not answer.
        answer: Option<Entrant>,
    },
    /// The player object stored the player's shard, or did not answer.
    ShardStored { player: PlayerId, stored: bool },
    /// Another object answered a call.
    Answered { call: Call, answer: Answer },
    /// The player object orders sockets of its player to close. It may arrive twice, or late.
    ForcedClose { player: PlayerId, close: ForcedClose },
}

impl<'a> From<ConnectionInput<'a>> for Input<'a> {
    fn from(input: ConnectionInput<'a>) -> Self {
        Self::Connection(input)
    }
}

/// Data about a player who enters the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Entrant {
    /// The region's data.
    pub profile: MatchmakingProfile,
    /// The match that the player is in, by the player object.
    pub current_match: Option<RoomId>,
    /// Random bits for the code of a new party.
    pub random: u64,
}
