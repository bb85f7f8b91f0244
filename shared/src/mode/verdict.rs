//! The answer of a mode to an event that it accepts.

use super::{Outcome, Seat};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The result of an accepted event: what the viewers are told, and how the match ended, if it did.
///
/// The default tells nothing. The change of the state needs no words: viewers receive it as a patch of their view.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// The part for all players and spectators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<Value>,
    /// The parts for single players, in addition to the public part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub private: BTreeMap<Seat, Value>,
    /// The result, with the last event of the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Outcome>,
}

impl Verdict {
    /// Tells all players and spectators.
    #[must_use]
    pub fn tell(public: Value) -> Self {
        Self { public: Some(public), ..Self::default() }
    }

    /// Ends the match, and tells no more than its outcome.
    #[must_use]
    pub fn end(outcome: Outcome) -> Self {
        Self::default().ending(Some(outcome))
    }

    /// Tells one player in addition.
    #[must_use]
    pub fn tell_seat(mut self, seat: Seat, private: Value) -> Self {
        self.private.insert(seat, private);
        self
    }

    /// Ends the match if there is an outcome.
    #[must_use]
    pub fn ending(self, ended: Option<Outcome>) -> Self {
        Self { ended, ..self }
    }
}
