//! What happens to a player's object, and what it orders.

use crate::call::CallId;
use crate::internal::Dismissal;
use crate::notice::Notice;
use crate::socket::Conn;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// The region says something of them. It may be told twice, late, or out of order.
    Noticed {
        /// What.
        notice: &'a Notice,
    },
    /// A place has closed what it was to close.
    Dismissed {
        /// Which call.
        call: CallId,
        /// What it still holds of theirs.
        holding: Vec<Conn>,
        /// When it was asked: it did not know of what came since.
        asked: Time,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write, all of it at once or nothing.
    Save(Save),
    /// Tell another object; it is repeated until answered.
    Call {
        /// Its number, for the answer.
        id: CallId,
        /// What.
        call: Call,
    },
    /// Forget everything: they are gone for good, and so is every token of theirs.
    Erase,
}

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The row of the player.
    pub player: Option<String>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What a player's object tells others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A room or a lobby: sockets of theirs are to close.
    Dismiss {
        /// Which place.
        object: String,
        /// Which sockets.
        dismissal: Dismissal,
    },
}
