//! The error reply of the wire: the reason for which a command was refused.

use crate::id::RoomId;
use crate::time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The stable name of a reason. Names are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The frame is not JSON, or contains what JSON in UTF-8 cannot carry.
    BadJson,
    /// The frame is binary; this wire is text.
    Binary,
    /// The JSON is nested too deeply.
    TooDeep,
    /// The frame has too many messages, or a part of a message is too long.
    TooLong,
    /// The JSON is not a message: it is not an object, or has no `op`.
    BadMessage,
    /// The object has no such `op`.
    UnknownOp,
    /// A field is missing, of the wrong type, out of bounds, or not taken by this op.
    BadField,
    /// The client is beyond the rate limit.
    TooFast,
    /// The sender is not allowed to do this.
    Forbidden,
    /// The named player is not here.
    NotFound,
    /// A key of the board was written, or the match moved on, after `if_at`.
    Conflict,
    /// The board would exceed its limit.
    BoardFull,
    /// The room ended.
    RoomOver,
    /// The player is in a match already.
    InMatch,
    /// The player has no ticket here.
    NoTicket,
    /// The lobby is full.
    LobbyFull,
    /// The player is banned.
    Banned,
    /// The new token is invalid.
    BadToken,
    /// Another part of the system did not answer.
    Unavailable,
    /// The player declined or missed a match, and may not enter for a while.
    Cooldown,
    /// The party does not exist, or the player is in none.
    NoParty,
    /// The party has its largest number of members.
    PartyFull,
    /// Only the leader of the party may do this.
    NotLeader,
    /// The rules of the room's mode do not allow the move.
    Illegal,
    /// Another player is to move.
    NotYourTurn,
    /// The move came after its time.
    TooLate,
}

impl RefusalCode {
    /// Returns whether the same command may succeed later; none where the case decides.
    #[must_use]
    pub fn retry(self) -> Option<bool> {
        match self {
            // Time passes, or the queue moves on.
            Self::TooFast | Self::Cooldown | Self::LobbyFull | Self::Unavailable => Some(true),
            // The command itself is wrong, or the sender must act or decide first. After a `conflict` the key is never
            // older than `if_at` again.
            Self::BadJson
            | Self::Binary
            | Self::TooDeep
            | Self::TooLong
            | Self::BadMessage
            | Self::UnknownOp
            | Self::BadField
            | Self::BadToken
            | Self::Conflict
            | Self::BoardFull
            | Self::RoomOver
            | Self::InMatch
            | Self::NoTicket
            | Self::NoParty
            | Self::PartyFull
            | Self::NotLeader
            | Self::Illegal
            | Self::NotYourTurn
            | Self::TooLate
            | Self::Banned => Some(false),
            // True while the party that the sender joins is in the queue, or while a member of the sender's party is
            // not connected.
            Self::Forbidden | Self::NotFound => None,
        }
    }
}

/// An error reply: `{"code","retry","after_ms"?,"field"?,"message"?}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Refusal {
    pub code: RefusalCode,
    /// True if the same command, unchanged, may succeed later: after `after_ms`, which is then there.
    pub retry: bool,
    /// The least delay before the command is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub after_ms: Option<u64>,
    /// The invalid field of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub field: Option<Box<str>>,
    /// The limit and the remedy, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub message: Option<String>,
    /// With `illegal`, `not_your_turn` and `too_late`: the mode's own word for the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub why: Option<Box<str>>,
    /// With `conflict`: the position of the newer write, or of the newer move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub at: Option<u64>,
    /// With `in_match`: the room of the match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub room: Option<RoomId>,
}

impl Refusal {
    /// A refusal of a command that its sender must not simply repeat: it cannot succeed later, or something must be
    /// changed or decided first.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self {
            code,
            retry: false,
            after_ms: None,
            field: None,
            message: Some(message.into()),
            why: None,
            at: None,
            room: None,
        }
    }

    /// A refusal of one field.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(RefusalCode::BadField, message) }
    }

    /// Returns true if `retry` says what its code promises, and comes with the delay. Tests check it for every refusal
    /// that they receive.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.retry == self.after_ms.is_some() && self.code.retry().is_none_or(|retry| retry == self.retry)
    }

    /// Returns the refusal with a delay after which the same command may succeed. Only for what passes with time, or with
    /// the actions of others that the sender waits for.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry: true, after_ms: Some(time::ms(after)), ..self }
    }
}
