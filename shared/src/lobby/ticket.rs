//! A place in a queue: who waits together, since when, and what they want of the others.

use super::parts::Offer;
use super::want::{self, Want};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::pool::Pool;
use crate::protocol::Fault;
use crate::record::Standing;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A place in a queue. It belongs to its members, not to a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its name.
    pub id: TicketId,
    /// Who is matched together or not at all; the first speaks for all.
    pub members: Vec<Member>,
    /// Since when. It never moves forward.
    pub since: Time,
    /// The key of the command that made it.
    pub key: Option<String>,
    /// Where it stands.
    pub state: State,
    /// It is in no match before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Time>,
    /// At the top of a divided queue: the part that it came from, where its people are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<u16>,
    /// In a part of a divided queue: what the top knows of it.
    #[serde(default, skip_serializing_if = "is_low")]
    pub climb: Climb,
    /// How often it was taken to the top: a late word about an earlier time counts no more.
    #[serde(default)]
    pub climbs: u32,
    /// The last matches of the top that came to nothing: a late word of one of these does not take the ticket again.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub dropped: VecDeque<RoomId>,
}

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub player: PlayerId,
    /// The display name.
    pub name: String,
    /// The rating that the region knows.
    pub rating: f64,
    /// How uncertain it is: one standard deviation.
    #[serde(default)]
    pub deviation: f64,
    /// What they are.
    pub attrs: Map<String, Value>,
    /// What the others must be.
    pub wants: Vec<Want>,
    /// Whom they are never matched with, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<PlayerId>,
    /// Whom they are not matched with before then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(PlayerId, Time)>,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be matched.
    Waiting,
    /// The socket of one of its members was lost then.
    Paused(Time),
    /// A match is being made of it.
    Held(RoomId),
    /// That match came to nothing; the objects of its people have not all let go of it yet.
    Freeing(RoomId),
    /// The top of the queue makes a match of it.
    Lent(Box<Loan>),
}

/// A match that the top makes of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// Which.
    pub room: RoomId,
    /// What its people are asked; none, nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// What they said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<PlayerId, bool>,
}

/// What the top of a divided queue knows of a ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Climb {
    /// Nothing.
    #[default]
    Low,
    /// It is being told.
    Climbing,
    /// It has the ticket too.
    High,
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_low(climb: &Climb) -> bool {
    *climb == Climb::Low
}

impl Ticket {
    /// Who speaks for all.
    #[must_use]
    pub fn leader(&self) -> Option<&Member> {
        self.members.first()
    }

    /// Everybody's names.
    pub fn players(&self) -> impl Iterator<Item = &PlayerId> {
        self.members.iter().map(|member| &member.player)
    }

    /// The mean of the ratings.
    #[must_use]
    pub fn rating(&self) -> f64 {
        mean(self.members.iter().map(|member| member.rating))
    }

    /// The mean of the deviations.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        mean(self.members.iter().map(|member| member.deviation))
    }

    /// Whether no match is being made of it.
    #[must_use]
    pub fn is_free(&self) -> bool {
        match self.state {
            State::Waiting | State::Paused(_) | State::Freeing(_) => true,
            State::Held(_) | State::Lent(_) => false,
        }
    }

    /// The match that is, or was, being made of it.
    #[must_use]
    pub fn room(&self) -> Option<&RoomId> {
        match &self.state {
            State::Held(room) | State::Freeing(room) => Some(room),
            State::Lent(loan) => Some(&loan.room),
            State::Waiting | State::Paused(_) => None,
        }
    }

    /// When everybody of this ticket accepts everybody of the other at the earliest; none, never.
    #[must_use]
    pub fn accepts_at(&self, other: &Self, pool: &Pool) -> Option<Time> {
        let mut soonest = self.since;
        for mine in &self.members {
            for theirs in &other.members {
                for want in mine.wants.iter().chain(&pool.wants) {
                    soonest = soonest.max(self.since + mine.lets_after(want, theirs)?);
                }
            }
        }
        Some(soonest)
    }
}

/// The mean; 0 of nobody.
#[allow(clippy::cast_precision_loss)]
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1);
    values.sum::<f64>() / count as f64
}

impl Member {
    /// Somebody as the region knows them, with what they say of themselves. What the region says counts.
    #[must_use]
    pub fn new(
        standing: Standing,
        mut attrs: Map<String, Value>,
        wants: Vec<Want>,
        no_rematch: Option<Duration>,
    ) -> Self {
        attrs.extend(standing.attrs);
        let mut apart = standing.apart;
        apart.sort_unstable();
        let recent = standing.recent.into_iter();
        let recent = no_rematch
            .map_or_else(Vec::new, |span| recent.map(|met| (met.player, met.ended + span)).collect());
        Self {
            player: standing.player,
            name: standing.name,
            rating: standing.rating,
            deviation: standing.deviation,
            attrs,
            wants,
            apart,
            recent,
        }
    }

    /// After how long a want of theirs lets the other be; none, never.
    #[must_use]
    pub fn lets_after(&self, want: &Want, other: &Self) -> Option<Duration> {
        let mine = self.attr(&want.attr);
        let theirs = other.attr(&want.attr);
        want.lets_after(mine.as_deref(), theirs.as_deref())
    }

    /// What they are in this respect. Everybody has a rating, whatever they say.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<Cow<'_, Value>> {
        if name == "rating" {
            return Some(Cow::Owned(self.rating.into()));
        }
        self.attrs.get(name).map(Cow::Borrowed)
    }

    /// Until when two are kept apart for having met; `Err`: for ever, one blocks the other.
    pub fn apart_from(&self, other: &Self) -> Result<Option<Time>, Apart> {
        let blocks = |a: &Self, b: &Self| a.apart.binary_search(&b.player).is_ok();
        if blocks(self, other) || blocks(other, self) {
            return Err(Apart);
        }
        let met = |a: &Self, b: &Self| {
            let with = a.recent.iter().filter(|(who, _)| *who == b.player);
            with.map(|(_, until)| *until).max()
        };
        Ok(met(self, other).max(met(other, self)))
    }
}

/// They are kept apart for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apart;

/// Reads the body of `enter`, `party` or `join`.
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
            Value::Array(items) => items.len() <= caps::ATTRS && items.iter().all(short),
            Value::Null | Value::Object(_) => false,
        };
        if !fine || name.len() > caps::KEY_BYTES {
            let field = format!("body.attrs.{}", name.chars().take(40).collect::<String>());
            return Err(Fault::field(
                &field,
                format!(
                    "a number, a boolean, a string of at most {} bytes or a list of at most {} of these",
                    caps::KEY_BYTES,
                    caps::ATTRS
                ),
            ));
        }
    }
    Ok((attrs, want::read(body.get("wants"))?))
}

fn short(item: &Value) -> bool {
    item.as_str().is_some_and(|text| text.len() <= caps::KEY_BYTES)
}
