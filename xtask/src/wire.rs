//! The wire as a client speaks it: sockets, players, and somebody who follows a room through every interruption.
//!
//! ```text
//! server    where edge and region are: guests, rooms, history
//! opening   how a socket is asked for
//! socket    one socket: frames in order, replies, the close code
//! follower  many sockets after one another: resumes, repeats by key, keeps one log
//! ```

pub mod follower;
pub mod opening;
pub mod server;
pub mod socket;

pub use follower::Follower;
pub use opening::Opening;
pub use server::{Player, Server};
pub use socket::{Goodbye, Got, Socket};

use serde_json::Value;

/// The text at a JSON pointer; empty where there is none.
#[must_use]
pub fn text<'a>(message: &'a Value, pointer: &str) -> &'a str {
    message.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at a JSON pointer.
#[must_use]
pub fn num(message: &Value, pointer: &str) -> Option<u64> {
    message.pointer(pointer).and_then(Value::as_u64)
}

/// What happened: the name of an event; empty where the message is a reply.
#[must_use]
pub fn ev(message: &Value) -> &str {
    text(message, "/ev")
}

/// The position of an event, where it has one.
#[must_use]
pub fn at(message: &Value) -> Option<u64> {
    num(message, "/at").filter(|_| ev(message) != "welcome")
}

/// Random bytes as hexadecimal: a key or a name that nobody else has.
#[must_use]
pub fn unique() -> String {
    let mut bytes = [0u8; 8];
    // Without chance there are no keys either, and the handshake fails before this matters.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_le_bytes(bytes))
}
