//! Requests of the operator's backend to a lobby about tickets, and the lobby's answers.

use crate::id::{PlayerId, PoolName, RoomId, TicketId};
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::Refusal;
use crate::wire::lobby::Why;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to a lobby, by the name of its service key or operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueServiceRequest {
    pub by: PlayerId,
    /// Why the caller asks, for the audit trail; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The trace that the caller named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    #[serde(flatten)]
    pub action: QueueAction,
}

/// A kind of request of the backend to a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum QueueAction {
    /// Put a ticket of this player into the queue, with the `attrs` and `wants` of the body.
    Enter {
        player: PlayerId,
        /// The `Idempotency-Key`. A ticket that it named already, also an ended one, is the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        body: Value,
    },
    /// Show the ticket of this player.
    Ticket { player: PlayerId },
    /// Cancel the ticket of this player.
    Cancel { player: PlayerId },
    /// Show the tickets that wait longest, after a position.
    List {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<(Time, TicketId)>,
    },
}

impl QueueAction {
    /// Returns the player whose ticket the request is about.
    #[must_use]
    pub const fn player(&self) -> Option<&PlayerId> {
        match self {
            Self::Enter { player, .. } | Self::Ticket { player } | Self::Cancel { player } => Some(player),
            Self::List { .. } => None,
        }
    }
}

/// The answer of a lobby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueServiceAnswer {
    /// The ticket, which the request created or found.
    Ticket { created: bool, ticket: Box<TicketStatus> },
    /// A page of tickets.
    Tickets(TicketPage),
    /// The player's place is another shard of the queue, which must be asked instead.
    Moved { shard: u16 },
    /// The region does not know the player.
    UnknownPlayer,
    /// The request was refused.
    Refused(Refusal),
}

/// Some tickets of a shard, the longest wait first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketPage {
    /// Each a [`WaitingTicket`] as JSON, which the Worker passes on without reading it.
    pub tickets: Vec<Value>,
    /// The position of the last one, if there are more.
    pub next: Option<(Time, TicketId)>,
}

/// A ticket in a queue, and why it waits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingTicket {
    pub status: TicketStatus,
    /// The explanation that the player receives for `why`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, Value>>))]
    pub why: Option<Why>,
    /// The other ticket that comes to fit first, if it does not fit yet; null without one.
    pub nearest: Option<NearestTicket>,
}

/// A ticket that comes to fit another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NearestTicket {
    pub ticket: TicketId,
    pub players: Vec<PlayerId>,
    /// The time until the two fit, milliseconds.
    pub in_ms: u64,
    /// The rule that keeps the two apart until then; null if they fit now.
    pub rule: Option<String>,
}

/// A ticket as its operator sees it: in the queue, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketStatus {
    pub ticket: TicketId,
    pub pool: PoolName,
    /// All players of the ticket, the leader first.
    pub players: Vec<PlayerId>,
    /// The start of the wait.
    pub since: Time,
    /// The service or operator that put the ticket into the queue; absent for the player's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PlayerId>,
    pub state: TicketState,
    /// When the ticket ended; absent while it is in the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// The room of the match, if the ticket was matched or a player is in another match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// Why the ticket expired, as in the event `expired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The state of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// The ticket can be matched.
    Waiting,
    /// A player of the ticket is not connected, which the ticket requires.
    Paused,
    /// A match is forming with the ticket.
    Forming,
    /// The ticket ended in a match.
    Matched,
    /// The queue removed the ticket.
    Expired,
    /// A service canceled the ticket.
    Canceled,
    /// The player left the queue.
    Left,
}
