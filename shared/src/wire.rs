//! The wire `matchpoint.v1`: every message of every object as a type, in both directions. docs/protocol.md specifies it.

pub mod close;
pub mod envelope;
pub mod frame;
pub mod lobby;
pub mod me;
pub mod notice;
pub mod ops;
pub mod reason;
pub mod refusal;
pub mod room;
#[cfg(feature = "typescript")]
pub mod typescript;
pub mod welcome;

pub use crate::json::Json;
pub use close::CloseCode;
pub use frame::{Message, decode};
pub use reason::{EndReason, ReportReason};
pub use refusal::{Refusal, RefusalCode};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The ops of every object of the wire.
pub const OPS: [ops::Ops; 3] = [room::OPS, lobby::OPS, me::OPS];
/// The subprotocol that a client offers and the server echoes.
pub const SUBPROTOCOL: &str = "matchpoint.v1";
/// The prefix with which a browser offers its access token as a subprotocol.
pub const BEARER: &str = "matchpoint.bearer.";
/// The heartbeat of a client; the platform answers it without waking the object.
pub const PING: &str = "ping";
/// The platform's answer to a heartbeat.
pub const PONG: &str = "pong";

/// The commands of one object.
pub trait ClientCommand: Sized {
    /// The ops of the object, and the fields that they take.
    const OPS: ops::Ops;

    /// Reads a message as a command and checks its fields.
    fn read(message: &Message) -> Result<Self, Refusal>;

    /// Returns the token of an `auth` command, or the command if it is another one.
    fn into_token(self) -> Result<String, Self>;
}

/// The body of `auth`, which every object has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct AuthBody {
    pub token: String,
}

fn token(message: &Message) -> Result<String, Refusal> {
    let body = message.body.value();
    body.get("token")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Refusal::field("body.token", "an access token"))
}
