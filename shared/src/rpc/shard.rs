//! Messages between the child shards of a divided queue and their parent. Each message may arrive twice.

use super::ticket::{Proposal, Ticket};
use crate::id::{PlayerId, RoomId, TicketId};
use serde::{Deserialize, Serialize};

/// A request of a child shard to the parent, or of the parent to a child shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardRequest {
    /// To the parent: this ticket found no match in its shard.
    #[serde(rename = "climb")]
    Escalate {
        /// The ticket, with `home_shard` set.
        ticket: Box<Ticket>,
    },
    /// To the parent: this ticket must not be matched any longer.
    Withdraw {
        ticket: TicketId,
        /// The escalation that is withdrawn.
        #[serde(rename = "climbs")]
        escalation_count: u32,
    },
    /// To the parent: a player accepted or declined a match.
    #[serde(rename = "said")]
    Reply {
        room: RoomId,
        player: PlayerId,
        #[serde(rename = "yes")]
        accepted: bool,
    },
    /// To a shard: the parent wants this ticket for a match, and no other match may take it.
    Hold { ticket: TicketId, room: RoomId },
    /// To a shard: the ticket's players must be asked about the match.
    #[serde(rename = "offer")]
    Propose {
        ticket: TicketId,
        room: RoomId,
        #[serde(rename = "offer")]
        proposal: Proposal,
    },
    /// To a shard: the match was canceled.
    #[serde(rename = "drop")]
    Cancel {
        ticket: TicketId,
        room: RoomId,
        reason: String,
        /// How the ticket leaves the queue; `None` if it keeps its place.
        #[serde(rename = "out")]
        removal: Option<Removal>,
    },
    /// To a shard: the room of the match is open.
    Matched {
        ticket: TicketId,
        room: RoomId,
        /// All players, by team.
        teams: Vec<Vec<PlayerId>>,
    },
}

/// The reason for which a ticket leaves the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The players who declined or did not answer; a cooldown begins for them.
    #[serde(rename = "by")]
    pub at_fault: Vec<PlayerId>,
    /// The other match that one of the players is in.
    #[serde(rename = "live")]
    pub current_match: Option<RoomId>,
}

/// The answer to a [`ShardRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardResponse {
    /// The request is done, or granted.
    Done,
    /// Not possible now: the ticket is in another match, or its players are disconnected.
    Busy,
    /// The ticket does not exist.
    Gone,
}
