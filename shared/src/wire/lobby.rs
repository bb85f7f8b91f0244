//! The messages of a lobby: its commands, replies and events.

use super::envelope::{ServerMessage, events};
use super::frame::Message;
use super::ops::Field::{Optional, Refused};
use super::ops::{Ops, op};
use super::refusal::Refusal;
use crate::id::{PlayerId, PoolName, RoomId, TicketId};
use crate::limits;
use crate::pool::want::Want;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The ops of a lobby. Only `enter` has a `key`, which names the ticket, and an `ack`: its reply follows the write in any
/// case. Repeating another op changes nothing.
pub const OPS: Ops = Ops {
    object: "lobby",
    ops: &[
        op("enter", Refused, Optional, Optional),
        op("leave", Refused, Refused, Refused),
        op("accept", Refused, Refused, Refused),
        op("decline", Refused, Refused, Refused),
        op("why", Refused, Refused, Refused),
        op("party", Refused, Refused, Refused),
        op("join", Refused, Refused, Refused),
        op("put_out", Refused, Refused, Refused),
        op("auth", Refused, Refused, Refused),
    ],
};

/// A server message of a lobby, as a client reads it.
pub type LobbyMessage = ServerMessage<Event, Welcome>;

/// A command to a lobby. The `attrs` and `wants` of a body are read when the ticket is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Enters the queue.
    Enter {
        /// The client's name for the ticket.
        key: Option<String>,
        body: Value,
    },
    /// Withdraws the ticket, or without one leaves the party.
    Leave,
    /// Accepts the proposed match.
    Accept,
    /// Declines the proposed match.
    Decline,
    /// Explains the wait.
    Why,
    /// Creates a party.
    Party { body: Value },
    /// Joins a party.
    Join {
        /// The code of the party, in lower case.
        party: String,
        body: Value,
    },
    /// Removes a member from the party.
    PutOut(PutOutBody),
    /// Replaces the token of the socket.
    Auth { token: String },
}

/// The body of `enter` and `party`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EnterBody {
    /// The player's attributes: numbers, booleans, strings, or lists of strings.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, type = "{ [attr: string]: Json }"))]
    pub attrs: Map<String, Value>,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Want>>"))]
    pub wants: Vec<Want>,
}

/// The body of `join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct JoinBody {
    /// The code of the party.
    pub party: String,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, type = "{ [attr: string]: Json }"))]
    pub attrs: Map<String, Value>,
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Want>>"))]
    pub wants: Vec<Want>,
}

/// The body of `put_out`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PutOutBody {
    pub player: PlayerId,
}

/// The result of an executed command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "LobbyReply"))]
#[serde(untagged)]
pub enum Reply {
    /// The ticket of `enter`.
    Ticket(Ticket),
    /// The party of `party` and `join`.
    Party(Party),
    /// The explanation of `why`.
    Why(Why),
    /// The match that was accepted.
    Match {
        #[serde(rename = "match")]
        room: RoomId,
    },
    /// Nothing to tell.
    Done {},
}

events! {
    /// An event of a lobby.
    pub enum Event {
        /// The ticket is on disk.
        "queued" => Queued(Ticket),
        /// The state of the queue changed.
        "lobby" => Lobby(QueueState),
        /// The party changed.
        "party" => Party(PartyChange),
        /// The pool proposes a match.
        "proposed" => Proposed(Proposed),
        /// The room of the match exists.
        "matched" => Matched(Matched),
        /// The match was canceled, and the ticket waits again.
        "returned" => Returned(Returned),
        /// The ticket is removed from the queue.
        "expired" => Expired(Expired),
    }
}

/// A ticket in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Ticket {
    pub key: Option<String>,
    pub since: Time,
    pub ticket: TicketId,
    /// All members of the party; none for a player alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub with: Option<Vec<PlayerId>>,
}

/// The state of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct QueueState {
    /// The median of recent waits.
    pub estimate_ms: Option<u64>,
    /// The 90th percentile of recent waits.
    pub estimate_p90_ms: Option<u64>,
    /// The waiting players with the same attributes and wants; none for a player without a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub like_you: Option<usize>,
    /// The waiting players.
    pub waiting: usize,
}

/// The lobby's own fields of the welcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "LobbyWelcome"))]
pub struct Welcome {
    pub estimate_ms: Option<u64>,
    pub estimate_p90_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub like_you: Option<usize>,
    pub pool: PoolName,
    pub waiting: usize,
}

impl Welcome {
    /// The welcome to this pool, with the state of its queue.
    #[must_use]
    pub fn new(pool: PoolName, state: QueueState) -> Self {
        let QueueState { estimate_ms, estimate_p90_ms, like_you, waiting } = state;
        Self { estimate_ms, estimate_p90_ms, like_you, pool, waiting }
    }
}

/// A party: players who are matched together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Party {
    /// Null in a party that all members have left.
    pub leader: Option<PlayerId>,
    pub members: Vec<PartyMember>,
    /// The largest number of members.
    pub most: usize,
    /// The code by which others join.
    pub party: String,
}

/// A member of a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PartyMember {
    pub name: String,
    pub player: PlayerId,
}

/// The body of the event `party`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum PartyChange {
    /// The party as it is now.
    In(Party),
    /// The player is in no party.
    Out { party: () },
}

/// The body of `proposed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Proposed {
    /// True if the player has accepted.
    pub accepted: bool,
    #[serde(rename = "match")]
    pub room: RoomId,
    /// The players of each team, where there are teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub teams: Option<Vec<Vec<PlayerId>>>,
    /// The end of the time to answer.
    pub until: Time,
    /// The other players.
    pub with: Vec<PlayerId>,
}

/// The body of `matched`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Matched {
    #[serde(rename = "match")]
    pub id: RoomId,
    pub room: RoomId,
    /// The players of each team, where there are teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub teams: Option<Vec<Vec<PlayerId>>>,
    /// The other players.
    pub with: Vec<PlayerId>,
}

/// The body of `returned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Returned {
    /// The reason for which the match was canceled.
    pub reason: String,
    pub since: Time,
    pub ticket: TicketId,
}

/// The body of `expired`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Expired {
    /// The time after which the player may enter again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub after_ms: Option<u64>,
    pub reason: String,
    /// The match that the player is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub room: Option<RoomId>,
    pub ticket: TicketId,
}

/// The explanation of a wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Why {
    /// The rule that excludes the most other tickets.
    pub blocks: Option<String>,
    /// The median of recent waits.
    pub estimate_ms: Option<u64>,
    /// The 90th percentile of recent waits.
    pub estimate_p90_ms: Option<u64>,
    /// In a sharded queue: true if the ticket is matched across all shards by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub everywhere: Option<bool>,
    /// The tickets that fit once wants have relaxed.
    pub fit_later: usize,
    pub fit_now: usize,
    /// The time until the next ticket fits.
    pub next_in_ms: Option<u64>,
    /// The rule that relaxes next.
    pub next_rule: Option<String>,
    pub rules: Vec<RuleCount>,
    /// In matches of more than two: the seats that no waiting ticket fills now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub seats_missing: Option<usize>,
    /// The time until a match may start before its seats are full, with the players who fit now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub starts_in_ms: Option<u64>,
    /// The other tickets that can be matched.
    pub waiting: usize,
}

/// The tickets that a rule excludes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RuleCount {
    pub removes: usize,
    pub rule: String,
}

impl super::ClientCommand for Command {
    const OPS: Ops = OPS;

    fn read(message: &Message) -> Result<Self, Refusal> {
        OPS.check(message)?;
        let body = || message.body.value();
        Ok(match message.op.as_str() {
            "enter" => Self::Enter { key: message.key.clone(), body: body() },
            "leave" => Self::Leave,
            "accept" => Self::Accept,
            "decline" => Self::Decline,
            "why" => Self::Why,
            "party" => Self::Party { body: body() },
            "join" => {
                let body = body();
                Self::Join { party: code(&body)?, body }
            }
            "put_out" => {
                let body = body();
                let player = body.get("player").and_then(Value::as_str);
                let player = player.and_then(|player| player.parse().ok());
                let player = player.ok_or_else(|| Refusal::field("body.player", "a member's id"))?;
                Self::PutOut(PutOutBody { player })
            }
            "auth" => Self::Auth { token: super::token(message)? },
            other => return Err(OPS.unknown(other)),
        })
    }

    fn into_token(self) -> Result<String, Self> {
        match self {
            Self::Auth { token } => Ok(token),
            other => Err(other),
        }
    }
}

fn code(body: &Value) -> Result<String, Refusal> {
    let code = body.get("party").and_then(Value::as_str);
    let code = code.filter(|code| !code.is_empty() && code.len() <= limits::KEY_BYTES_MAX);
    code.map(str::to_ascii_lowercase).ok_or_else(|| Refusal::field("body.party", "the code of a party"))
}
