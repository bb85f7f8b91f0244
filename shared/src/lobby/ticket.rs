//! A place in a queue, and what its holder wants of the others.

use super::want::{self, Want};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::Fault;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;

/// A place in a queue. It belongs to the player, not to a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its name.
    pub id: TicketId,
    /// Whose.
    pub player: PlayerId,
    /// The display name.
    pub name: String,
    /// The rating that the region knows.
    pub rating: f64,
    /// Since when. It never moves forward.
    pub since: Time,
    /// The key of the command that made it.
    pub key: Option<String>,
    /// What the holder is.
    pub attrs: Map<String, Value>,
    /// What the other must be.
    pub wants: Vec<Want>,
    /// Where it stands.
    pub state: State,
    /// It is in no match before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Time>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be matched.
    Waiting,
    /// Its socket was lost then.
    Paused(Time),
    /// A match is being made of it.
    Held(RoomId),
    /// That match came to nothing; its player's object has not let go of it yet.
    Freeing(RoomId),
}

impl Ticket {
    /// Whether no match is being made of it.
    #[must_use]
    pub fn is_free(&self) -> bool {
        match self.state {
            State::Waiting | State::Paused(_) | State::Freeing(_) => true,
            State::Held(_) => false,
        }
    }

    /// When this ticket accepts the other at the earliest; none, never.
    #[must_use]
    pub fn accepts_at(&self, other: &Self) -> Option<Time> {
        let mut wants = self.wants.iter();
        wants.try_fold(self.since, |soonest, want| {
            Some(soonest.max(self.want_at(want, other)?))
        })
    }

    /// When this want of the ticket lets the other be at the earliest; none, never.
    #[must_use]
    pub fn want_at(&self, want: &Want, other: &Self) -> Option<Time> {
        let mine = self.attr(&want.attr);
        let theirs = other.attr(&want.attr);
        if want.holds(mine.as_deref(), theirs.as_deref(), want.within) {
            return Some(self.since);
        }
        let relax = want.relax.as_ref()?;
        let enough = match relax.to {
            None => true,
            Some(to) => want.holds(mine.as_deref(), theirs.as_deref(), Some(to)),
        };
        enough.then(|| self.since + Duration::from_secs(relax.after_s.into()))
    }

    fn attr(&self, name: &str) -> Option<Cow<'_, Value>> {
        match self.attrs.get(name) {
            Some(value) => Some(Cow::Borrowed(value)),
            None if name == "rating" => Some(Cow::Owned(self.rating.into())),
            None => None,
        }
    }
}

/// Reads the body of `enter`.
pub fn read(body: &Value) -> Result<(Map<String, Value>, Vec<Want>), Fault> {
    let attrs = match body.get("attrs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(attrs)) if attrs.len() <= caps::ATTRS => attrs.clone(),
        Some(_) => {
            return Err(Fault::field(
                "body.attrs",
                format!("an object of at most {} attributes", caps::ATTRS),
            ));
        }
    };
    for (name, value) in &attrs {
        let fine = match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(text) => text.len() <= caps::KEY_BYTES,
            Value::Array(items) => items.len() <= caps::ATTRS && items.iter().all(Value::is_string),
            Value::Null | Value::Object(_) => false,
        };
        if !fine || name.len() > caps::KEY_BYTES {
            let field = format!("body.attrs.{}", name.chars().take(40).collect::<String>());
            return Err(Fault::field(
                &field,
                "a number, a boolean, a short string or a list of strings",
            ));
        }
    }
    Ok((attrs, want::read(body.get("wants"))?))
}
