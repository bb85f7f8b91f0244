//! The wire `matchpoint.v1`: every message, both directions, as types. The law is docs/protocol.md.

pub mod close;
pub mod command;
pub mod event;
pub mod fault;
pub mod frame;

pub use close::Close;
pub use command::Command;
pub use fault::{Code, Fault};
pub use frame::{Message, decode};

/// The subprotocol that a client offers and the server echoes.
pub const SUBPROTOCOL: &str = "matchpoint.v1";
/// What a browser puts in front of its access token to offer it as a subprotocol.
pub const BEARER: &str = "matchpoint.bearer.";
/// What the client says to show that it lives; the platform answers without waking the object.
pub const PING: &str = "ping";
/// The platform's answer.
pub const PONG: &str = "pong";
