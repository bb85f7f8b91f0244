//! Records that edge and region exchange: matches, matchmaking profiles, visibility, reports.

use crate::id::{PlayerId, PoolName, ReportId, RoomId};
use crate::mode::{Outcome, Replay};
use crate::time::Time;
pub use crate::wire::{EndReason, ReportReason};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A finished match, as its room sends it to the region: `POST /internal/v1/matches`, keyed by `id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchRecord {
    /// The id of the match and of its room.
    pub id: RoomId,
    /// The pool that formed the match; none for a room created over HTTP.
    pub pool: Option<PoolName>,
    /// The players who had a seat.
    pub players: Vec<Participant>,
    /// When the room was created.
    pub started: Time,
    /// When the match ended.
    pub ended: Time,
    /// Why the match ended.
    pub reason: EndReason,
    /// The player who ended it, if one did.
    pub by: Option<PlayerId>,
    /// The result, as the player who ended the match stated it, or as all stated it; with `disputed`, an object of what
    /// each player stated; null where a mode decides.
    pub result: Value,
    /// The number of events in the room's log.
    pub events: u64,
    /// The name and version of the room's mode, such as `connect-four@1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The outcome that the mode decided, by seat: `players` has one entry for each seat, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// All events of the mode, from which the match replays. It reveals what players hid, so that only moderators may
    /// read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// A player who had a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Participant {
    pub player: PlayerId,
    /// The display name at the time of the match.
    pub name: String,
    /// True if the player ever joined.
    pub came: bool,
    /// True if the player has been erased since; the name is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "gone")]
    pub erased: bool,
}

/// A player's data for matchmaking: `GET /internal/v1/players/{player}?pool={pool}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchmakingProfile {
    pub player: PlayerId,
    pub name: String,
    /// The rating in that pool, on Glicko's scale.
    pub rating: f64,
    /// The uncertainty of the rating: one standard deviation.
    #[serde(default)]
    pub deviation: f64,
    /// True if the player is banned now.
    pub banned: bool,
    /// The auth epoch: tokens of an older epoch are revoked.
    pub ep: u64,
    /// The profile's attributes for pools, such as `tier`; an `enter` command cannot override them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Value>))]
    pub attrs: Map<String, Value>,
    /// Players who block this player or are blocked by this player.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "apart")]
    pub blocked: Vec<PlayerId>,
    /// Recent opponents, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Opponent>,
}

/// An opponent in a past match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opponent {
    pub player: PlayerId,
    /// When that match ended.
    pub ended: Time,
}

/// The players who may see a player's presence: `GET /internal/v1/players/{player}/circle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Visibility {
    pub player: PlayerId,
    /// Mutual followers, without players who block or are blocked.
    pub mutual: Vec<PlayerId>,
    /// True if the player appears offline to all others.
    pub hidden: bool,
}

/// A report of one player about another, with evidence from the room: `POST /internal/v1/reports`, keyed by
/// `id`.
///
/// The reporter never supplies the evidence: the room adds it, and the edge's signature vouches for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Derived from the room, the command's key and the reporter, so that a repetition is the same report.
    pub id: ReportId,
    /// The reporting player.
    pub by: PlayerId,
    /// The reported player.
    pub player: PlayerId,
    /// The room in which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    pub reason: ReportReason,
    /// The reporter's explanation; may be empty.
    #[serde(default)]
    pub text: String,
    /// The latest events of the room's log, oldest first; at most 32 KiB of JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<BTreeMap<String, Value>>))]
    pub evidence: Vec<Value>,
}
