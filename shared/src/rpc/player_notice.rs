//! Requests to a player's object to keep a notice of the operator's backend.

use crate::wire::notice::PlayerNotice;
use serde::{Deserialize, Serialize};

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
