//! Requests to a host (a room or a lobby) and its responses.

use super::audit::AuditEntry;
use super::player::ForcedClose;
use super::queue_service::{QueueServiceAnswer, QueueServiceRequest};
use super::room_service::{RoomServiceAnswer, RoomServiceRequest};
use super::setup::Setup;
use super::shard::{ShardRequest, ShardResponse};
use crate::connection::Conn;
use crate::id::PlayerId;
use serde::{Deserialize, Serialize};

/// A request to a room or a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostRequest {
    /// Creates the room. The same setup again changes nothing.
    Create {
        setup: Box<Setup>,
        /// The entry of the audit trail, where a service creates the room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audit: Option<Box<AuditEntry>>,
    },
    /// Carries a request of the operator's backend to a room.
    Service { request: RoomServiceRequest },
    /// Carries a request of the operator's backend to a lobby.
    Queue { request: QueueServiceRequest },
    /// Asks which sockets of this player are open.
    Holds { player: PlayerId },
    /// Carries a message between the shards of a divided queue.
    #[serde(rename = "part")]
    Shard {
        #[serde(rename = "ask")]
        request: ShardRequest,
    },
    /// Closes sockets of this player; the response lists those that stay open.
    #[serde(rename = "dismiss")]
    ForceClose {
        player: PlayerId,
        #[serde(rename = "dismissal")]
        close: ForcedClose,
    },
}

/// The response of a room or a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostResponse {
    Done,
    /// The room does not exist.
    Missing,
    /// The room's answer to the operator's backend.
    Service {
        answer: RoomServiceAnswer,
    },
    /// The lobby's answer to the operator's backend.
    Queue {
        answer: QueueServiceAnswer,
    },
    /// The response to a message between shards.
    #[serde(rename = "part")]
    Shard {
        #[serde(rename = "answer")]
        response: ShardResponse,
    },
    /// The open sockets of the player.
    Holds {
        conns: Vec<Conn>,
    },
}
