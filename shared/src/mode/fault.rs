//! The error of an event that a mode refuses.

use crate::limits;
use serde::Serialize;

/// The refusal of an event. It has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub code: FaultCode,
    /// The mode's own `snake_case` word for the rule.
    pub why: &'static str,
    /// The rule and the remedy, for people. It must not contain anything that its reader may not see.
    pub message: String,
}

/// The kind of a fault, the same for all modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The rules do not allow the move.
    Illegal,
    /// Another player is to move.
    NotYourTurn,
    /// The move would have been legal earlier.
    TooLate,
}

impl Fault {
    /// A move that the rules do not allow.
    pub fn illegal(why: &'static str, message: impl Into<String>) -> Self {
        Self::new(FaultCode::Illegal, why, message.into())
    }

    /// A move out of turn.
    #[must_use]
    pub fn not_your_turn() -> Self {
        let message = "Another player is to move. Wait for your turn.";
        Self::new(FaultCode::NotYourTurn, "not_your_turn", message.into())
    }

    /// A move that came after its time.
    pub fn too_late(why: &'static str, message: impl Into<String>) -> Self {
        Self::new(FaultCode::TooLate, why, message.into())
    }

    /// A signal to a mode that has none.
    #[must_use]
    pub fn no_signals() -> Self {
        Self::illegal("no_signals", "This mode takes no signals.")
    }

    fn new(code: FaultCode, why: &'static str, mut message: String) -> Self {
        message.truncate(message.floor_char_boundary(limits::MODE_FAULT_BYTES_MAX));
        Self { code, why, message }
    }
}
