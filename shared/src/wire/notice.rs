//! Notices of the operator's backend to a player.

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
