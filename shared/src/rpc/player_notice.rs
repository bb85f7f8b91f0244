//! Notices of the operator's backend to a player, as the player's object receives and keeps them.

use crate::id::{NoticeId, PlayerId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A notice to one player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PlayerNotice {
    pub id: NoticeId,
    /// When it was sent.
    pub ts: Time,
    /// The service or operator that sent it.
    pub by: PlayerId,
    /// When it expires, read or not.
    pub until: Time,
    #[cfg_attr(feature = "typescript", ts(type = "Json"))]
    pub body: Value,
}

/// The request to keep a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRequest {
    pub notice: PlayerNotice,
    /// True once the action is in the audit trail; before, a new notice is only checked.
    pub audited: bool,
}

/// The answer of the player's object. With [`NoticeAnswer::Kept`] the notice is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeAnswer {
    Kept {
        /// False for a repetition of an earlier request.
        created: bool,
        /// True if the player has an open me socket, which received it.
        connected: bool,
    },
    /// The notice can be kept once its action is in the audit trail.
    New,
    /// The player has the most unread notices that are kept.
    Full,
    /// The player was erased.
    Erased,
}
