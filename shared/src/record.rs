//! What happened: the facts that edge and region tell each other.

use crate::id::{PlayerId, PoolName, ReportId, RoomId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A finished match, as the room tells it to the region: `POST /internal/v1/matches`, keyed by `id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchRecord {
    /// The match, and its room.
    pub id: RoomId,
    /// The pool that made it; none for a room opened by hand.
    pub pool: Option<PoolName>,
    /// Who had a seat.
    pub players: Vec<Participant>,
    /// When the room was made.
    pub started: Time,
    /// When it was over.
    pub ended: Time,
    /// Why it is over.
    pub reason: EndReason,
    /// Who ended it, where somebody did.
    pub by: Option<PlayerId>,
    /// What the one who ended it said of the result.
    pub result: Value,
    /// How many events its log had.
    pub events: u64,
}

/// Somebody who had a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Participant {
    /// Who.
    pub player: PlayerId,
    /// The display name at the time.
    pub name: String,
    /// Whether they ever came.
    pub came: bool,
    /// Whether they have been erased since: the name is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// Why a room is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// A player ended it.
    Ended,
    /// Everybody left or stayed away.
    Abandoned,
    /// Somebody never came.
    NoShow,
    /// It reached its longest time.
    TimeUp,
}

/// What the region says of a player who enters a queue: `GET /internal/v1/players/{player}?pool={pool}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Who.
    pub player: PlayerId,
    /// The display name.
    pub name: String,
    /// The rating in that pool, on Glicko's scale.
    pub rating: f64,
    /// How uncertain it is: one standard deviation.
    #[serde(default)]
    pub deviation: f64,
    /// Whether they are banned now.
    pub banned: bool,
    /// The auth epoch: a token with a lower one is no longer good.
    pub ep: u64,
    /// What the profile says of them to pools, such as `tier`; `enter` may not say otherwise.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attrs: Map<String, Value>,
    /// Whom they block, and who blocks them; it does not matter which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<PlayerId>,
    /// Whom they met lately, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Opponent>,
}

/// Somebody whom one met in a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opponent {
    /// Who.
    pub player: PlayerId,
    /// When that match was over.
    pub ended: Time,
}

/// Who may see whether a player is here: `GET /internal/v1/players/{player}/circle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Circle {
    /// Whose.
    pub player: PlayerId,
    /// Those who follow them and whom they follow, without anybody who blocks or is blocked.
    pub mutual: Vec<PlayerId>,
    /// Whether they are to be seen as offline by everybody.
    pub hidden: bool,
}

/// What somebody says that another did, with what the room itself saw: `POST /internal/v1/reports`, keyed by `id`.
///
/// Who reports never carries the evidence: their room adds it, and its signature vouches for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Which: derived from the room, the command's key and the reporter, so that a repetition is the same report.
    pub id: ReportId,
    /// Who says so.
    pub by: PlayerId,
    /// About whom.
    pub player: PlayerId,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// What kind of thing.
    pub reason: Wrong,
    /// In the reporter's words; may be empty.
    #[serde(default)]
    pub text: String,
    /// The last events of the room as its log has them, oldest first; at most `caps::EVIDENCE_BYTES`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub evidence: Vec<Value>,
}

/// What one can be reported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Insults, threats, stalking.
    Harassment,
    /// Against a group of people.
    Hate,
    /// Unwanted sexual words or pictures.
    Sexual,
    /// Somebody who seems too young to be here.
    Underage,
    /// Advertising, fraud, machines.
    Spam,
    /// Unfair play.
    Cheating,
    /// The name or a picture.
    Profile,
    /// Something else: the text says what.
    Other,
}
