//! What the region tells the edge of a person: `POST /internal/v1/notices`, signed, a list of these.

use crate::id::{PlayerId, SessionId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Something that is true from now on. It is repeated until the edge confirms it, and may come twice or late; each
/// says how things are, not what changed, so that twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    /// About whom.
    pub player: PlayerId,
    /// When the region decided it: an older one never undoes a newer one.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub news: News,
}

/// What is true from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum News {
    /// Tokens of an auth epoch below this one are no longer good: sockets close with 4302.
    Revoked {
        /// The least epoch that is.
        ep: u64,
    },
    /// A session has ended: its sockets close with 4302.
    SessionEnded {
        /// Which.
        sid: SessionId,
    },
    /// They are banned: sockets close with 4001.
    Banned {
        /// Until then.
        until: Time,
    },
    /// They are banned no more.
    Unbanned,
    /// Their profile is another: copies of an earlier version are stale.
    Profile {
        /// The version that is current.
        version: u64,
    },
    /// Who may see that they are here is decided anew: ask for their `Circle`.
    Circle,
    /// They are gone for good: everything about them is to be forgotten.
    Erased,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_notice_is_one_flat_object() {
        let notice =
            Notice { player: "p_1".parse().unwrap(), at: Time::from_ms(5), news: News::Revoked { ep: 3 } };
        let text = json!({ "player": "p_1", "at": 5, "kind": "revoked", "ep": 3 });
        assert_eq!(serde_json::to_value(&notice).unwrap(), text);
        assert_eq!(serde_json::from_value::<Notice>(text).unwrap(), notice);
    }
}
