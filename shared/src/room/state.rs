//! The state that a restart of a room finds: its row, its rows on disk, and the attachments of its sockets.

use super::agreement::Agreement;
use super::log::Chunk;
use super::{Call, Conn, Identity, Role, Setup};
use crate::delivery::outbox::DeliveryLevel;
use crate::delivery::pending_calls::PendingCalls;
use crate::time::Time;
use crate::wire::EndReason;
use crate::wire::envelope;
use crate::wire::room::PhaseName;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The state of a room without its log and board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// The setup, with the seats as they are now.
    pub setup: Setup,
    pub created: Time,
    pub phase: Phase,
    /// The epoch of the log; it changes when events may have been lost.
    pub epoch: u64,
    /// The highest socket number given to a member.
    pub last_conn: u32,
    /// The calls that are not confirmed yet.
    pub calls: PendingCalls<Call>,
    /// The results that members have stated, where all must state the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
}

/// The phase of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The room goes on.
    Open,
    /// The room ended.
    Over { at: Time, reason: EndReason },
}

/// The rows of a room on disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Disk {
    pub room: String,
    pub board: Option<String>,
    pub game: Option<String>,
    pub chunks: Vec<Chunk>,
}

/// The attachment of one socket.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Attachment {
    pub conn: Conn,
    #[serde(rename = "who")]
    pub identity: Identity,
    pub role: Role,
    pub seen: Option<u64>,
    #[serde(default, rename = "heed")]
    pub level: DeliveryLevel,
    /// The events of this socket that are not on disk yet.
    pub log: Vec<Box<RawValue>>,
}

/// The error of a room that cannot be restored.
#[derive(Debug)]
pub struct Corrupt(
    /// The parser's message.
    pub String,
);

impl RoomState {
    pub(super) fn new(now: Time, setup: Setup) -> Self {
        let calls = PendingCalls::default();
        Self { setup, created: now, phase: Phase::Open, epoch: 1, last_conn: 0, calls, agreement: None }
    }

    pub(super) fn text(&self) -> String {
        envelope::encode(self).to_string()
    }
}

impl Phase {
    /// Returns when and why the room ended; none while it goes on.
    #[must_use]
    pub fn over(&self) -> Option<(Time, EndReason)> {
        match self {
            Self::Open => None,
            Self::Over { at, reason } => Some((*at, *reason)),
        }
    }

    pub(super) fn name(&self) -> PhaseName {
        match self {
            Self::Open => PhaseName::Open,
            Self::Over { .. } => PhaseName::Over,
        }
    }
}
