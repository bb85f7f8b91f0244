//! The ticket of a queue: the entry of a player or a party. A lobby stores it, and shards send it to their
//! parent.

use crate::id::{PlayerId, RoomId, TicketId};
use crate::pool::want::Want;
use crate::time::Time;
use crate::trace::Trace;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};

/// A place in a queue. It belongs to its members, not to a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    /// The members, who are matched together or not at all. The first is the leader.
    pub members: Vec<Member>,
    /// The start of the wait. It never moves forward.
    pub since: Time,
    /// The key of the `enter` command that created the ticket.
    pub key: Option<String>,
    /// The service or operator that put the ticket into the queue; none for the player's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PlayerId>,
    /// The trace that the client named, by which it finds its match in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    pub state: State,
    /// No match takes the ticket before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "rest")]
    pub hold_off_until: Option<Time>,
    /// At the parent of a divided queue: the shard that sent the ticket and holds its sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "home")]
    pub home_shard: Option<u16>,
    /// In a shard of a divided queue: what the parent knows about the ticket.
    #[serde(default, skip_serializing_if = "is_local")]
    #[serde(rename = "climb")]
    pub escalation: Escalation,
    /// The number of escalations. A late message about an earlier escalation is ignored.
    #[serde(default)]
    #[serde(rename = "climbs")]
    pub escalation_count: u32,
    /// The parent's last canceled matches. A late message about one of them does not take the ticket again.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    #[serde(rename = "dropped")]
    pub canceled_matches: VecDeque<RoomId>,
}

/// A player on a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub player: PlayerId,
    pub name: String,
    /// The rating in the pool, by the region.
    pub rating: f64,
    /// The uncertainty of the rating: one standard deviation.
    #[serde(default)]
    pub deviation: f64,
    /// The attributes that wants of others apply to.
    pub attrs: Map<String, Value>,
    /// The requirements on every other player.
    pub wants: Vec<Want>,
    /// The players who are never matched with this one, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "apart")]
    pub blocked: Vec<PlayerId>,
    /// Recent opponents, each with the time before which a rematch is excluded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(PlayerId, Time)>,
}

/// The state of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The ticket can be matched.
    Waiting,
    /// A member lost the last socket at this time.
    Paused(Time),
    /// A match of this lobby is forming with the ticket.
    #[serde(rename = "held")]
    Forming(RoomId),
    /// The match was canceled, and not all player objects have released their reservation yet.
    #[serde(rename = "freeing")]
    Releasing(RoomId),
    /// A match of the parent is forming with the ticket.
    #[serde(rename = "lent")]
    HeldByParent(Box<Hold>),
}

/// The hold of a parent's match on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub room: RoomId,
    /// The proposal to the players; `None` before the parent proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "offer")]
    pub proposal: Option<Proposal>,
    /// The players' replies: true for accepted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(rename = "said")]
    pub replies: BTreeMap<PlayerId, bool>,
}

/// A match that its players must accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// All players, by team.
    pub teams: Vec<Vec<PlayerId>>,
    /// The end of the time to reply.
    pub until: Time,
}

/// The parent's knowledge of a ticket in a divided queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// The parent does not know the ticket.
    #[default]
    #[serde(rename = "low")]
    Local,
    /// The ticket is being sent to the parent.
    #[serde(rename = "climbing")]
    Sending,
    /// The parent has the ticket too.
    #[serde(rename = "high")]
    AtParent,
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_local(escalation: &Escalation) -> bool {
    *escalation == Escalation::Local
}
