//! Notices of the region about players: `POST /internal/v1/notices`, signed, a list of [`Notice`].

use crate::id::{PlayerId, SessionId};
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

impl Notice {
    /// Reads the body of a request: a list of notices.
    ///
    /// # Errors
    ///
    /// A sentence that names the notice by its position in the list, and its field.
    pub fn list(body: &str) -> Result<Vec<Self>, String> {
        let values: Vec<Value> = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let read = |value: Value| {
            // serde takes a number as the position of a variant.
            if !value.get("kind").is_some_and(Value::is_string) {
                return Err("`kind` must be a string".to_owned());
            }
            let notice: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
            notice.check()?;
            Ok(notice)
        };
        let numbered = values.into_iter().enumerate();
        numbered.map(|(nth, value)| read(value).map_err(|error| format!("[{nth}]: {error}"))).collect()
    }

    /// Checks the numbers against their limits. A larger one would outrank every later notice.
    fn check(&self) -> Result<(), String> {
        let check = |field: &str, value: u64, max: u64| {
            if value > max {
                return Err(format!("`{field}` can be at most {max}, not {value}"));
            }
            Ok(())
        };
        check("at", self.at.ms(), Time::LAST.ms())?;
        match self.kind {
            NoticeKind::Revoked { ep } => check("ep", ep, limits::JSON_INTEGER_MAX),
            NoticeKind::Banned { until } => check("until", until.ms(), Time::LAST.ms()),
            NoticeKind::Profile { version } => check("version", version, limits::JSON_INTEGER_MAX),
            NoticeKind::SessionEnded { .. }
            | NoticeKind::Unbanned
            | NoticeKind::Visibility
            | NoticeKind::Erased => Ok(()),
        }
    }
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

    #[test]
    fn list_names_the_notice_that_cannot_be_read() {
        let list =
            |second: &str| Notice::list(&format!(r#"[{{"player":"p_1","at":5,"kind":"erased"}},{second}]"#));
        let refused = |second: &str| list(second).unwrap_err();
        let valid = list(r#"{"player":"p_1","at":6,"kind":"revoked","ep":1}"#).unwrap();
        assert_eq!(valid.last().unwrap().kind, NoticeKind::Revoked { ep: 1 });
        assert_eq!(refused(r#"{"player":"p_1","at":6,"kind":0,"ep":1}"#), "[1]: `kind` must be a string");
        assert_eq!(refused(r#"{"player":"p_1","at":6}"#), "[1]: `kind` must be a string");
        assert_eq!(refused("7"), "[1]: `kind` must be a string");
        assert_eq!(refused(r#"{"player":"p_1","at":6,"kind":"revoked"}"#), "[1]: missing field `ep`");
        let beyond = refused(r#"{"player":"p_1","at":1e15,"kind":"erased"}"#);
        assert!(beyond.starts_with("[1]: ") && beyond.contains("1000000000000000"), "{beyond}");
    }

    #[test]
    fn number_beyond_its_limit_is_refused_by_name() {
        let checked = |at: u64, kind: NoticeKind| {
            Notice { player: "p_1".parse().unwrap(), at: Time::from_ms(at), kind }.check()
        };
        let (last, largest) = (Time::LAST.ms(), limits::JSON_INTEGER_MAX);
        let refused = |field: &str, max: u64| Err(format!("`{field}` can be at most {max}, not {}", max + 1));
        assert_eq!(checked(last, NoticeKind::Erased), Ok(()));
        assert_eq!(checked(last + 1, NoticeKind::Erased), refused("at", last));
        assert_eq!(checked(0, NoticeKind::Revoked { ep: largest }), Ok(()));
        assert_eq!(checked(0, NoticeKind::Revoked { ep: largest + 1 }), refused("ep", largest));
        assert_eq!(checked(0, NoticeKind::Profile { version: largest }), Ok(()));
        assert_eq!(checked(0, NoticeKind::Profile { version: largest + 1 }), refused("version", largest));
        assert_eq!(checked(0, NoticeKind::Banned { until: Time::LAST }), Ok(()));
        let later = Time::from_ms(last + 1);
        assert_eq!(checked(0, NoticeKind::Banned { until: later }), refused("until", last));
    }
}
