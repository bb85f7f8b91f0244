//! The welcome: the first message on every socket, with the position, the heartbeat and the limits.

use crate::id::PlayerId;
use crate::limits;
use crate::text::{Text, encode};
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};

/// The fields of the welcome that every object sends; `M` are the fields that one object adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "WelcomeFields", concrete(M = ())))]
pub struct Welcome<M> {
    /// The epoch of the log that positions belong to.
    pub epoch: String,
    /// The newest position of the log.
    pub at: u64,
    /// True if everything after the requested position follows.
    pub recovered: bool,
    /// The number of events that follow from before the welcome.
    pub replayed: u64,
    /// Everything up to this position is on disk.
    pub durable: u64,
    /// The player of the token.
    pub you: PlayerId,
    /// The server's clock.
    pub now: Time,
    /// The fields that the object adds.
    #[serde(flatten)]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub more: M,
    pub heartbeat: Heartbeat,
    pub limits: Limits,
}

/// How often a client must show that it is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Heartbeat {
    /// The interval of pings.
    pub every_ms: u64,
    /// The delay after which a missing answer counts as a lost connection.
    pub grace_ms: u64,
}

/// The limits that a client must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Limits {
    /// The largest frame.
    pub frame_bytes: usize,
    /// Messages a second.
    pub per_s: u32,
    /// Messages at once after a pause.
    pub burst: u32,
    /// Messages in one frame.
    pub batch: usize,
}

impl<M> Welcome<M> {
    /// A welcome to an object without a log: nothing is resumed.
    #[must_use]
    pub fn without_log(you: PlayerId, now: Time, more: M) -> Self {
        Self {
            epoch: "e1".to_owned(),
            at: 0,
            recovered: false,
            replayed: 0,
            durable: 0,
            you,
            now,
            more,
            heartbeat: Heartbeat::ours(),
            limits: Limits::ours(),
        }
    }
}

impl<M: Serialize> Welcome<M> {
    /// Encodes the welcome for the wire.
    #[must_use]
    pub fn text(&self) -> Text {
        #[derive(Serialize)]
        struct Frame<'a, M> {
            ev: &'static str,
            #[serde(flatten)]
            welcome: &'a Welcome<M>,
        }
        encode(&Frame { ev: "welcome", welcome: self })
    }
}

impl Heartbeat {
    /// Returns the heartbeat that every object asks for.
    #[must_use]
    pub fn ours() -> Self {
        Self { every_ms: time::ms(limits::HEARTBEAT_INTERVAL), grace_ms: time::ms(limits::HEARTBEAT_GRACE) }
    }
}

impl Limits {
    /// Returns the limits of every object.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            frame_bytes: limits::FRAME_BYTES_MAX,
            per_s: limits::MESSAGE_RATE_PER_S,
            burst: limits::MESSAGE_RATE_BURST,
            batch: limits::BATCH_MESSAGES_MAX,
        }
    }
}
