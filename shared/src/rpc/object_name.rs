//! The name of an object that holds sockets of a player.

use crate::id::{PoolName, RoomId};
use crate::pool::Shard;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A room or a lobby object. Its text form, `room:m_…` or `lobby:{pool}:{shard}`, is stored in leases and
/// sent to peers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ObjectName {
    Room(RoomId),
    Lobby(PoolName, Shard),
}

/// A text that is not the name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidObjectName;

impl ObjectName {
    /// Returns the name as the player may know it: a queue is one place, however it is divided.
    #[must_use]
    pub fn public_name(&self) -> String {
        match self {
            Self::Room(room) => format!("room:{room}"),
            Self::Lobby(pool, _) => format!("lobby:{pool}"),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(room) => write!(f, "room:{room}"),
            Self::Lobby(pool, shard) => write!(f, "lobby:{}", shard.object_name(pool)),
        }
    }
}

impl FromStr for ObjectName {
    type Err = InvalidObjectName;

    fn from_str(text: &str) -> Result<Self, InvalidObjectName> {
        let parsed = match text.split_once(':') {
            Some(("room", room)) => room.parse().ok().map(Self::Room),
            Some(("lobby", name)) => Shard::of_object(name).map(|(pool, shard)| Self::Lobby(pool, shard)),
            Some(_) | None => None,
        };
        parsed.ok_or(InvalidObjectName)
    }
}

impl TryFrom<String> for ObjectName {
    type Error = InvalidObjectName;

    fn try_from(text: String) -> Result<Self, InvalidObjectName> {
        text.parse()
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for InvalidObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object name must be `room:{room}` or `lobby:{pool}:{shard}`")
    }
}

impl std::error::Error for InvalidObjectName {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(text: &str, public: &str) {
        let name: ObjectName = text.parse().unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name.public_name(), public);
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<ObjectName>(&json).unwrap(), name);
    }

    #[test]
    fn text_form_round_trips() {
        check("room:m_1", "room:m_1");
        check("lobby:ranked:0", "lobby:ranked");
        check("lobby:ranked:63", "lobby:ranked");
        check("lobby:ranked:top", "lobby:ranked");
    }

    #[test]
    fn unreadable_names_are_errors() {
        for text in ["", "room", "room:", "room:p_1", "lobby:ranked", "lobby:A:0", "lobby:ranked:x", "me:1"] {
            assert_eq!(text.parse::<ObjectName>(), Err(InvalidObjectName), "{text}");
            assert!(serde_json::from_str::<ObjectName>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }
}
