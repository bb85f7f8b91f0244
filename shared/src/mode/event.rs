//! The events of a match: moves, absences, wakes and signals.

use super::{Fault, Seat, Verdict};
use crate::limits;
use crate::text;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An input of a mode. `M` is the type of its moves; before they are read it is [`Value`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event<M> {
    /// A player moves.
    Move { seat: Seat, body: M },
    /// A player is disconnected, and may come back.
    Away { seat: Seat },
    /// A disconnected player is back.
    Back { seat: Seat },
    /// A player has left the match for good.
    Gone { seat: Seat },
    /// The time is, or is after, what `wake_at` returned at some moment. Wakes may come late or twice.
    Woke,
    /// The owner's backend says something.
    Signal { body: Value },
}

impl Event<Value> {
    /// Checks that the seat exists, and that the body is within its limits.
    pub(super) fn check(&self, seats: usize) -> Result<(), Fault> {
        let (seat, body) = match self {
            Self::Move { seat, body } => (Some(*seat), Some(body)),
            Self::Away { seat } | Self::Back { seat } | Self::Gone { seat } => (Some(*seat), None),
            Self::Signal { body } => (None, Some(body)),
            Self::Woke => (None, None),
        };
        if seat.is_some_and(|seat| seat.index() >= seats) {
            return Err(Fault::illegal("no_such_seat", format!("The match has {seats} seats, from 0.")));
        }
        let depth = limits::MODE_MOVE_DEPTH_MAX;
        if body.is_some_and(|body| !is_nested_within(body, depth)) {
            return Err(Fault::illegal("too_deep", format!("A move may nest at most {depth} deep.")));
        }
        let bytes = limits::MODE_MOVE_BYTES_MAX;
        if body.is_some_and(|body| text::encoded_len(body) > bytes) {
            return Err(Fault::illegal(
                "too_long",
                format!("A move may have at most {bytes} bytes of JSON."),
            ));
        }
        Ok(())
    }

    /// Reads the body of a move.
    pub(super) fn read<M: DeserializeOwned>(&self) -> Result<Event<M>, Fault> {
        Ok(match self {
            Self::Move { seat, body } => {
                let body = M::deserialize(body);
                let body =
                    body.map_err(|error| Fault::illegal("malformed", format!("Not a move: {error}.")))?;
                Event::Move { seat: *seat, body }
            }
            Self::Away { seat } => Event::Away { seat: *seat },
            Self::Back { seat } => Event::Back { seat: *seat },
            Self::Gone { seat } => Event::Gone { seat: *seat },
            Self::Woke => Event::Woke,
            Self::Signal { body } => Event::Signal { body: body.clone() },
        })
    }

    /// Returns the answer of a match that has ended: it refuses moves and signals, and ignores everything else.
    pub(super) fn after_the_end(&self) -> Result<Verdict, Fault> {
        match self {
            Self::Move { .. } | Self::Signal { .. } => {
                Err(Fault::too_late("match_over", "The match has ended."))
            }
            Self::Away { .. } | Self::Back { .. } | Self::Gone { .. } | Self::Woke => Ok(Verdict::default()),
        }
    }
}

/// Returns true if a value has at most `depth` levels of arrays and objects.
fn is_nested_within(value: &Value, depth: usize) -> bool {
    let is_deep = |item: &Value| depth > 0 && is_nested_within(item, depth - 1);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => depth > 0 && items.iter().all(is_deep),
        Value::Object(map) => depth > 0 && map.values().all(is_deep),
    }
}
