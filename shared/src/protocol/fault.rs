//! What was wrong with a command: data for its sender, never an exception.

use crate::id::RoomId;
use crate::time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A stable name of what was wrong. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The frame is no JSON, or has what JSON in UTF-8 cannot carry.
    BadJson,
    /// The frame is binary; this wire is text.
    Binary,
    /// The JSON is nested too deeply.
    TooDeep,
    /// The array has too many messages, or a part of a message is too long.
    TooLong,
    /// The JSON is no message: not an object, or without `op`.
    BadMessage,
    /// No such `op` here.
    UnknownOp,
    /// A field is missing, of the wrong type, or out of bounds.
    BadField,
    /// More commands than the pace allows.
    TooFast,
    /// The sender may not do this.
    Forbidden,
    /// The one named is not here.
    NotFound,
    /// The board was written since `if_at`.
    Conflict,
    /// The board would grow over its bound.
    BoardFull,
    /// The room is over.
    RoomOver,
    /// The player is in a match already.
    InMatch,
    /// The player has no ticket here.
    NoTicket,
    /// The lobby is full.
    LobbyFull,
    /// The player is banned.
    Banned,
    /// The new token is not good.
    BadToken,
    /// What is needed from elsewhere did not answer.
    Unavailable,
    /// The player let others down, and may not enter for a while.
    Cooldown,
    /// The party does not exist, or the player is in none.
    NoParty,
    /// The party has no place left.
    PartyFull,
    /// Only who leads the party may do this.
    NotLeader,
}

/// An error reply: `{"code","retry","after_ms"?,"field"?,"message"?}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What was wrong.
    pub code: Code,
    /// Whether the same command may succeed later.
    pub retry: bool,
    /// How long to wait before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// Which field of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The limit and the fix, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The position that stands in the way of `if_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The room that an `in_match` player is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

impl Fault {
    /// A fault that repeating does not mend.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            retry: false,
            after_ms: None,
            field: None,
            message: Some(message.into()),
            at: None,
            room: None,
        }
    }

    /// A fault of one field.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::BadField, message) }
    }

    /// The same, worth another try after a while.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry: true, after_ms: Some(time::ms(after)), ..self }
    }
}
