//! The bare wire for tests and tools that check the wire itself: sockets and sessions. Players go through
//! `matchpoint-client`.
//!
//! ```text
//! server   URLs of edge and region: guests, rooms, history
//! opening  the request for a socket
//! socket   one socket: messages in order, replies, the close code
//! ```

pub mod opening;
pub mod server;
pub mod socket;

pub use opening::Opening;
pub use server::{Player, Server};
pub use shared::wire::lobby::Event as LobbyEvent;
pub use shared::wire::me::Event as MeEvent;
pub use shared::wire::room::Event as RoomEvent;
pub use socket::{Received, Socket, SocketClose};

use serde::Deserialize;
use serde_json::Value;
use shared::wire::envelope::{Envelope, Event};

/// Returns the text at a JSON pointer; empty if there is none.
#[must_use]
pub fn text<'a>(message: &'a Value, pointer: &str) -> &'a str {
    message.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the whole number at a JSON pointer.
#[must_use]
pub fn num(message: &Value, pointer: &str) -> Option<u64> {
    message.pointer(pointer).and_then(Value::as_u64)
}

/// Reads a message as an event of one object; none if it is a reply, the welcome, or not an event of this
/// object.
#[must_use]
pub fn event<E: Event>(message: &Value) -> Option<E> {
    let envelope = Envelope::deserialize(message).ok()?;
    Some(envelope.event)
}

/// Returns true if the message is the first of a socket.
#[must_use]
pub fn is_welcome(message: &Value) -> bool {
    text(message, "/ev") == "welcome"
}

/// Returns true if the message answers a command or refuses a frame.
#[must_use]
pub fn is_reply(message: &Value) -> bool {
    message.get("ev").is_none()
}

/// Returns the position of an event that has one.
#[must_use]
pub fn at(message: &Value) -> Option<u64> {
    num(message, "/at").filter(|_| !is_welcome(message))
}

/// Returns true if a message is this event: `is_event!(message, RoomEvent::Said)`.
#[macro_export]
macro_rules! is_event {
    ($message:expr, $Event:ident::$Variant:ident) => {
        matches!($crate::wire::event($message), Some($Event::$Variant { .. }))
    };
}

/// Waits for the next event of a variant: `next_event!(socket, RoomEvent::Said).await?` returns its message.
#[macro_export]
macro_rules! next_event {
    ($socket:expr, $Event:ident::$Variant:ident) => {
        $socket.event(stringify!($Variant), |event: &$Event| matches!(event, $Event::$Variant { .. }))
    };
}

/// Returns the messages that are this event, out of several: `events!(messages, RoomEvent::Said)`.
#[macro_export]
macro_rules! events {
    ($messages:expr, $Event:ident::$Variant:ident) => {
        $messages.iter().filter(|message| $crate::is_event!(*message, $Event::$Variant)).collect::<Vec<_>>()
    };
}

/// Returns random bytes as hexadecimal: a unique key or name.
#[must_use]
pub fn unique() -> String {
    let mut bytes = [0u8; 8];
    // Without random numbers the handshake fails before this matters.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_le_bytes(bytes))
}
