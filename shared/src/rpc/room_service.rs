//! Requests of the operator's backend to a room, and the room's answers.

use crate::connection::Conn;
use crate::id::{PlayerId, PoolName, RoomId};
use crate::rpc::setup::Role;
use crate::time::Time;
use crate::wire::Refusal;
use crate::wire::room::{Cell, Member, PhaseName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A request to a room, by the name of its service key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomServiceRequest {
    pub by: PlayerId,
    /// The reason that the caller gives, for the audit trail; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(flatten)]
    pub action: RoomAction,
}

/// The state of a room's object that the room itself does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectState {
    /// True if this request brought the room into memory.
    pub woken: bool,
    /// The bytes that the platform holds for each socket, because its client does not read them.
    pub unsent: BTreeMap<Conn, u64>,
}

/// A kind of request of the backend to a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum RoomAction {
    /// Execute the commands of a frame, as the wire specifies it.
    Commands { frame: String },
    /// Show the log after a position.
    Log { after: u64 },
    /// Show the room; with `hidden` also what the players of a mode hide, which is audited.
    Inspect { hidden: bool },
}

/// The answer of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomServiceAnswer {
    /// A reply for each command.
    Replies(Vec<Value>),
    /// A [`RoomLog`] as JSON, which the Worker passes on without reading it.
    Log(Value),
    /// A [`RoomInspection`] as JSON.
    Inspection(Value),
    /// The whole request was refused.
    Refused(Refusal),
}

/// A page of a room's log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomLog {
    /// The events in the order of their positions, as a spectator receives them.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<BTreeMap<String, Value>>))]
    pub events: Vec<Value>,
    /// The position of the newest event of the room.
    pub head: u64,
    /// True if events after the requested position are no longer kept.
    pub truncated: bool,
}

/// A room as its operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomInspection {
    pub room: RoomId,
    pub pool: Option<PoolName>,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub phase: PhaseName,
    pub created: Time,
    pub owner: Option<PlayerId>,
    /// The position of the newest event, and of the newest event on disk.
    pub head: u64,
    pub durable: u64,
    /// The epoch of the log: above 1 events may have been lost.
    pub epoch: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<BTreeMap<String, Value>>))]
    pub members: Vec<Member>,
    pub sockets: Vec<SocketInspection>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Value>))]
    pub board: BTreeMap<String, Cell>,
    /// Calls to the region and to players that are not confirmed yet.
    pub unconfirmed: usize,
    /// True if the room rested and this request woke it.
    pub woken: bool,
    /// The match; none in a room without a mode, and before it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub game: Option<GameInspection>,
}

/// One socket of a room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SocketInspection {
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub conn: Conn,
    pub player: PlayerId,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub role: Role,
    /// The position that the client confirmed last; none if it never did.
    pub seen: Option<u64>,
    /// How much of the broadcasts the client receives: `all`, `events` without hints, or `nothing` until it resumes.
    pub level: &'static str,
    /// The bytes that wait for the client to read them; none where the platform does not show it.
    pub unsent_bytes: Option<u64>,
}

/// The match of a room with a mode.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GameInspection {
    pub mode: String,
    /// The position of the last event that changed the match.
    pub changed_at: u64,
    /// When the mode wants to be woken.
    pub wake_at: Option<Time>,
    /// The state as a spectator sees it.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Value>))]
    pub state: Value,
    /// The views of all seats, with what each hides; none without the scope `inspect_hidden`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<BTreeMap<String, Value>>>))]
    pub seats: Option<Vec<Value>>,
}
