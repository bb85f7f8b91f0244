//! One socket as its object hears it: whose it is, how fast it may go, how often it was wrong.

use crate::caps;
use crate::id::{PlayerId, SessionId};
use crate::limit::{Bucket, Pace};
use crate::protocol::frame::Unread;
use crate::protocol::{Close, Code, Fault, Message, decode};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A socket, numbered by its object. Numbers are not used again while the socket lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conn(pub u32);

/// Whose socket it is, from the verified token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The person.
    pub player: PlayerId,
    /// The login.
    pub sid: SessionId,
    /// The auth epoch of the token.
    #[serde(default)]
    pub ep: u64,
    /// When the token is no longer good.
    pub exp: Time,
}

impl Who {
    /// Whether a newer token speaks for a socket that `other` opened: of the same login, and not one from before all
    /// were revoked.
    #[must_use]
    pub fn renews(&self, other: &Self) -> bool {
        self.player == other.player && self.sid == other.sid && self.ep >= other.ep
    }
}

/// What may be forgotten of a socket: pace and faults begin anew after a rest.
#[derive(Debug, Clone)]
pub struct Line {
    /// Whose it is.
    pub who: Who,
    bucket: Bucket,
    faulty: u32,
    refused: u32,
}

/// What came of a frame.
#[derive(Debug)]
pub enum Heard {
    /// Messages, in order.
    Messages(Vec<Result<Message, Unread>>),
    /// Nothing of it can be read.
    Nothing(Fault),
    /// It is too much.
    Close(Close),
}

const PACE: Pace = Pace { per_s: caps::PER_S, burst: caps::BURST };
/// Refusals in a row for going too fast, before the socket is closed.
const FAR_TOO_FAST: u32 = 10 * caps::BURST;

impl Line {
    /// A new socket.
    #[must_use]
    pub fn new(who: Who, now: Time) -> Self {
        Self { who, bucket: Bucket::full(PACE, now), faulty: 0, refused: 0 }
    }

    /// Whether one more message is within the pace: a fault to answer with, or the close where it is far beyond.
    pub fn pace(&mut self, now: Time) -> Result<(), Result<Fault, Close>> {
        let Err(wait) = self.bucket.take(PACE, now) else {
            self.refused = 0;
            return Ok(());
        };
        self.refused += 1;
        if self.refused > FAR_TOO_FAST {
            return Err(Err(Close::TooFast));
        }
        let words = format!("at most {} a second, {} at once", caps::PER_S, caps::BURST);
        Err(Ok(Fault::new(Code::TooFast, words).retry_after(wait)))
    }

    /// A frame could not be read. True when that is enough.
    pub fn faulted(&mut self) -> bool {
        self.faulty += 1;
        self.faulty >= caps::BAD_FRAMES
    }

    /// A message could be read.
    pub fn sound(&mut self) {
        self.faulty = 0;
    }
}

/// Reads a frame.
#[must_use]
pub fn hear(text: &str) -> Heard {
    if text.len() > caps::FRAME_BYTES {
        return Heard::Close(Close::TooBig);
    }
    match decode(text) {
        Ok(messages) => Heard::Messages(messages),
        Err(fault) => Heard::Nothing(fault),
    }
}

/// What comes of a frame that is not text.
#[must_use]
pub fn binary(bytes: usize) -> Heard {
    if bytes > caps::FRAME_BYTES {
        return Heard::Close(Close::TooBig);
    }
    Heard::Nothing(Fault::new(Code::Binary, "frames here are text: one JSON message, or an array of them"))
}

/// The id that a message is to be answered with, read or not.
#[must_use]
pub fn id_of(message: &Result<Message, Unread>) -> Option<&serde_json::Value> {
    match message {
        Ok(message) => message.id.as_ref(),
        Err(unread) => unread.id.as_ref(),
    }
}
