//! The messages of a me socket: its commands, replies and events.

use super::envelope::{ServerMessage, events};
use super::frame::Message;
use super::notice::PlayerNotice;
use super::ops::Field::Refused;
use super::ops::{Ops, op};
use super::refusal::Refusal;
use crate::id::{NoticeId, SessionId};
use crate::limits;
use crate::presence::PlayerPresence;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The ops of a me socket.
pub const OPS: Ops = Ops {
    object: "me",
    ops: &[
        op("devices", Refused, Refused, Refused),
        op("active", Refused, Refused, Refused),
        op("read", Refused, Refused, Refused),
        op("auth", Refused, Refused, Refused),
    ],
};

/// A server message of a me socket, as a client reads it.
pub type MeMessage = ServerMessage<Event, Devices>;

/// A command on a me socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Returns every connection of the player.
    Devices,
    /// States whether the player uses this device.
    Active(ActiveBody),
    /// The player has read notices.
    Read(ReadBody),
    /// Replaces the token of the socket.
    Auth { token: String },
}

/// The body of `active`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ActiveBody {
    pub active: bool,
}

/// The body of `read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ReadBody {
    pub ids: Vec<NoticeId>,
}

/// The result of an executed command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "MeReply"))]
#[serde(untagged)]
pub enum Reply {
    /// The connections of the player.
    Devices(Devices),
    /// Nothing to tell.
    Done {},
}

/// Every connection of a player: the result of `devices`, and the field of the welcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Devices {
    pub devices: Vec<Device>,
}

/// One connection of a player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Device {
    /// On a me socket: true while the player uses the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub active: Option<bool>,
    /// The object of the connection: `me`, `room:m_…` or `lobby:…`.
    pub at: String,
    pub sid: Option<SessionId>,
    pub since: Time,
    /// On a me socket: true for the socket that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub this: Option<bool>,
}

events! {
    /// An event of a me socket.
    pub enum Event {
        /// The state of a followed player.
        "presence" => Presence(PlayerPresence),
        /// A message about the player.
        "notice" => Notice(Notice),
    }
}

/// The body of `notice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The login of this socket ended.
    SignedOut,
    /// The player is banned.
    Banned { until: Time },
    /// Another login of the player ended.
    SessionEnded { sid: SessionId },
    /// A notice of the operator's backend. It comes again on each new me socket, until it is read or expires.
    Message(PlayerNotice),
    /// The player has read notices on another me socket.
    Read { ids: Vec<NoticeId> },
}

impl super::ClientCommand for Command {
    const OPS: Ops = OPS;

    fn read(message: &Message) -> Result<Self, Refusal> {
        OPS.check(message)?;
        Ok(match message.op.as_str() {
            "devices" => Self::Devices,
            "active" => {
                let active = message.body.value().get("active").and_then(Value::as_bool);
                let active = active.ok_or_else(|| {
                    Refusal::field("body.active", "true or false: whether the player uses this device")
                })?;
                Self::Active(ActiveBody { active })
            }
            "read" => {
                let most = limits::NOTICES_UNREAD_MAX;
                let body: Option<ReadBody> = serde_json::from_str(message.body.as_str()).ok();
                let body = body.filter(|body| (1..=most).contains(&body.ids.len()));
                Self::Read(
                    body.ok_or_else(|| Refusal::field("body.ids", format!("1 to {most} ids of notices")))?,
                )
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
