//! The effects of a lobby, and its calls to other objects with their answers.

use crate::connection::Conn;
use crate::id::PlayerId;
use crate::lobby::state::Save;
use crate::pool::Shard;
use crate::rpc::Setup;
use crate::rpc::audit::AuditEntry;
use crate::rpc::queue_figures::ShardFigures;
use crate::rpc::shard::{ShardRequest, ShardResponse};
use crate::rpc::{PlayerRequest, PlayerResponse};
use crate::wire::CloseCode;
use crate::wire::envelope::Text;
use serde_json::Value;

/// An order to the object that runs the lobby.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Writes all rows atomically.
    Save(Save),
    /// Stores data in the attachment of a socket.
    Attach {
        conn: Conn,
        /// JSON of at most 16 KiB.
        data: String,
    },
    /// Sends a message to one socket.
    Send { conn: Conn, text: Text },
    /// Closes one socket after its pending messages.
    Close { conn: Conn, code: CloseCode },
    /// Looks a player up in the region and at the player object, once. `Input::LookedUp` follows.
    LookUp {
        /// The number that the answer repeats.
        lookup: u64,
        player: PlayerId,
    },
    /// Stores the player's shard at the player object, once. `Input::ShardStored` follows.
    StoreShard { player: PlayerId, shard: u16 },
    /// Verifies a newer token for a socket. `ConnectionInput::Renewed` follows.
    Verify {
        conn: Conn,
        /// The id of the `auth` command.
        id: Option<Value>,
        token: String,
    },
    /// Calls another object. The lobby repeats the call until it is answered.
    Call(Call),
}

/// A call to another object. It carries everything that its answer refers to, so an answer to a call from
/// before a restart remains valid.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// To a player object.
    Player { player: PlayerId, request: PlayerRequest },
    /// To the object of a new room.
    OpenRoom { setup: Box<Setup> },
    /// To another object of the same queue.
    Shard { shard: Shard, request: ShardRequest },
    /// To the index of queues: the figures of this one.
    Report { figures: Box<ShardFigures> },
    /// To the region: an action for the audit trail.
    Audit { entry: Box<AuditEntry> },
}

/// The answer to a [`Call`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// From a player object.
    Player(PlayerResponse),
    /// The room exists.
    Room,
    /// From another object of the same queue.
    Shard(ShardResponse),
    /// The index has stored the figures.
    Reported,
    /// The region has stored the action.
    Audited,
}
