//! Notices of the region about players: `POST /internal/v1/notices`, signed, a list of [`Notice`].

use crate::id::{PlayerId, SessionId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A fact about a player. It is repeated until the edge confirms it, and may arrive twice or late; it states
/// a condition, not a change, so that applying it twice is the same as applying it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    pub player: PlayerId,
    /// When the region decided it: an older notice never undoes a newer one.
    pub at: Time,
    #[serde(flatten)]
    pub kind: NoticeKind,
}

/// The fact that a notice states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoticeKind {
    /// Tokens of an older auth epoch are revoked: their sockets close with 4302.
    Revoked {
        /// The oldest valid epoch.
        ep: u64,
    },
    /// A session has ended: its sockets close with 4302.
    SessionEnded { sid: SessionId },
    /// The player is banned: the player's sockets close with 4001.
    Banned {
        /// The end of the ban.
        until: Time,
    },
    /// The player is no longer banned.
    Unbanned,
    /// The profile has changed: cached earlier versions are stale.
    Profile {
        /// The current version.
        version: u64,
    },
    /// The players who may see this player's presence have changed: the edge fetches them again.
    #[serde(rename = "circle")]
    Visibility,
    /// The player was erased: all data about the player must be deleted.
    Erased,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn notice_is_one_flat_object() {
        let notice = Notice {
            player: "p_1".parse().unwrap(),
            at: Time::from_ms(5),
            kind: NoticeKind::Revoked { ep: 3 },
        };
        let text = json!({ "player": "p_1", "at": 5, "kind": "revoked", "ep": 3 });
        assert_eq!(serde_json::to_value(&notice).unwrap(), text);
        assert_eq!(serde_json::from_value::<Notice>(text).unwrap(), notice);
    }
}
