//! The audit trail: what operators and their backends have done, as the region stores it.

use crate::id::{AuditId, PlayerId, RoomId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// One action of a moderator or of a service key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// The id of the action: a repetition of the same request has the same id, and is stored once.
    pub id: AuditId,
    pub at: Time,
    /// The moderator, or `p_service-` and the id of a service key.
    pub by: PlayerId,
    /// The kind of action, such as `rooms.create` or `PUT /v1/bans/{player}`.
    pub action: String,
    /// The room that it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The player that it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<PlayerId>,
    /// Further words: the ops of the commands, the reason. Never what players wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
