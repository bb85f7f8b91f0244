//! The messages of a room: its commands, replies and events.

mod read;
mod write;

use super::envelope::{Part, ServerMessage, events};
use super::ops::Field::{Optional, Refused, Required};
use super::ops::{Ops, op};
use super::reason::{EndReason, ReportReason};
use crate::id::{PlayerId, ReportId};
use crate::json::Json;
use crate::mode::Outcome;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The ops of a room.
pub const OPS: Ops = Ops {
    object: "room",
    ops: &[
        op("say", Refused, Optional, Optional),
        op("set", Refused, Optional, Optional),
        op("hint", Optional, Refused, Refused),
        op("signal", Required, Optional, Optional),
        op("move", Refused, Optional, Optional).comparing(),
        op("leave", Refused, Optional, Optional),
        op("end", Refused, Optional, Optional),
        op("kick", Required, Optional, Optional),
        op("report", Required, Required, Optional),
        op("seen", Refused, Refused, Refused),
        op("auth", Refused, Refused, Refused),
    ],
};

/// A server message of a room, as a client reads it.
pub type RoomMessage = ServerMessage<Event, Welcome>;

/// A command to a room, its fields checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Sends an event to all, and keeps it in the log.
    Say { body: Json },
    /// Writes keys of the board.
    Set(SetBody),
    /// Sends an ephemeral event to all, or to one member.
    Hint { to: Option<PlayerId>, body: Json },
    /// Sends call negotiation to one member.
    Signal { to: PlayerId, body: Json },
    /// Makes a move in the room's mode.
    Move {
        body: Json,
        /// Moves only if the match has not changed after this position.
        if_at: Option<u64>,
    },
    /// Vacates the seat.
    Leave,
    /// Ends the room with a result.
    End { result: Value },
    /// Removes a member.
    Kick { to: PlayerId },
    /// Reports a member to the moderators.
    Report {
        to: PlayerId,
        body: ReportBody,
        /// Repetitions with the same key are the same report.
        key: String,
    },
    /// Confirms that all events up to this position arrived.
    Seen(SeenBody),
    /// Replaces the token of the socket.
    Auth { token: String },
    /// Fails on purpose, where the deployment allows it.
    Debug { what: String },
}

/// The body of `set`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SetBody {
    /// The keys with their new values; null removes a key.
    #[cfg_attr(feature = "typescript", ts(type = "{ [key: string]: Json }"))]
    pub keys: Map<String, Value>,
    /// Writes only if none of the keys was written after this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub if_at: Option<u64>,
}

/// The body of `report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ReportBody {
    pub reason: ReportReason,
    /// The description in the reporter's words; may be empty.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<String>"))]
    pub text: String,
}

/// The body of `seen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SeenBody {
    pub at: u64,
}

/// The result of an executed command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "RoomReply"))]
#[serde(untagged)]
pub enum Reply {
    /// The position of the event that the command caused.
    At { at: u64 },
    /// The id of the report.
    Report { report: ReportId },
    /// Nothing to tell.
    Done {},
}

events! {
    /// An event of a room.
    pub enum Event {
        /// A player took a seat.
        "joined" => Joined(MemberName),
        /// A member's socket was lost; the seat is kept for a while.
        "away" => Away,
        /// A member returned to the kept seat.
        "back" => Back(MemberName),
        /// A seat was vacated.
        "left" => Left(Left),
        /// A member said something to all.
        "said" => Said(Json),
        /// A member wrote keys of the board.
        "set" => Set(Set),
        /// Call negotiation for one member.
        "signal" => Signal(Json),
        /// An event that is for another recipient: its position alone.
        "skip" => Skip,
        /// The match of the room's mode starts; `state` is the whole state as the recipient may see it.
        "started" => Started { body: Started, state: Json },
        /// The match changed, by a move or by time.
        ///
        /// `body` is for all, `private` for the recipient alone; `state` is the merge patch of the recipient's view.
        "moved" => Moved { body: Option<Json>, private: Option<Json>, state: Option<Json> },
        /// A member stated the result, where all members with a seat must state the same.
        "end_proposed" => EndProposed(EndProposal),
        /// The room ended.
        "ended" => Ended(Ended),
        /// An ephemeral event of a member.
        "hint" => Hint(Json),
        /// Everything up to this position is on disk.
        "durable" => Durable { to: u64 },
        /// The client missed something and must open the room again.
        "resync" => Resync,
    }
}

/// The body of `joined` and `back`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MemberName {
    pub name: String,
}

/// The body of `left`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Left {
    pub reason: LeftReason,
}

impl Part for Started {}

/// The reason for which a seat was vacated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// The player left.
    Left,
    /// The player did not return within the grace period.
    StayedAway,
    /// The owner removed the player.
    Kicked,
    /// The player was banned.
    Banned,
}

/// The body of the event `set`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "SetEvent"))]
pub struct Set {
    #[cfg_attr(feature = "typescript", ts(type = "{ [key: string]: Json }"))]
    pub keys: Map<String, Value>,
}

/// The body of `ended`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Ended {
    /// The player who ended the room; null where it ended by itself.
    pub by: Option<PlayerId>,
    pub reason: EndReason,
    /// The result that this player gave, or that all members stated; with `disputed`, what each of them stated.
    #[cfg_attr(feature = "typescript", ts(type = "Json"))]
    pub result: Value,
    /// The outcome that the room's mode decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub outcome: Option<Outcome>,
}

/// The body of `end_proposed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct EndProposal {
    /// The result as the member stated it.
    #[cfg_attr(feature = "typescript", ts(type = "Json"))]
    pub result: Value,
    /// The time by which all others must have stated theirs.
    pub until: Time,
}

/// The body of `started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Started {
    /// The name and version of the mode, such as `connect-four@1`.
    pub mode: String,
    /// The players in the order of their seats: the first has seat 0.
    pub seats: Vec<PlayerId>,
}

/// The room's own fields of the welcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "RoomWelcome"))]
pub struct Welcome {
    pub members: Vec<Member>,
    pub phase: PhaseName,
    /// The name and version of the room's mode; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub mode: Option<String>,
    /// The whole room; none where the events since the requested position follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub snapshot: Option<Snapshot>,
}

/// A room as it is at position `at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Snapshot {
    pub at: u64,
    pub board: BTreeMap<String, Cell>,
    /// The retained events, the newest last; it is the one at `at`.
    #[cfg_attr(feature = "typescript", ts(type = "Array<Event>"))]
    pub events: Vec<Value>,
    pub members: Vec<Member>,
    /// The state of the match as the recipient may see it; none before the match starts, and in a room without a mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "Json"))]
    pub state: Option<Value>,
    /// The players in the order of their seats in the match; none where there is no state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<PlayerId>>"))]
    pub seats: Vec<PlayerId>,
}

/// A value of the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Cell {
    /// The position that wrote it.
    pub at: u64,
    #[cfg_attr(feature = "typescript", ts(type = "Json"))]
    pub v: Value,
}

/// A player with a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Member {
    pub name: String,
    pub player: PlayerId,
    pub state: MemberState,
    /// The team, from 0; none where members play alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub team: Option<u16>,
}

/// The state of a seat as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// The player has not arrived yet.
    Expected,
    /// The player is connected.
    Here,
    /// The player's socket was lost, and the seat is kept.
    Away,
    /// The seat was vacated.
    Left,
}

/// The phase of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Open,
    Over,
}
