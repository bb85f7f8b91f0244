//! The effects of a player object: orders to the shell.

use super::state::Save;
use crate::connection::Conn;
use crate::delivery::outbox::Audience;
use crate::delivery::pending_calls::CallId;
use crate::id::PlayerId;
use crate::presence::PresenceAt;
use crate::rpc::{ForcedClose, ObjectName};
use crate::time::Time;
use crate::wire::CloseCode;
use crate::wire::envelope::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One order to the shell.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Writes to storage, all or nothing.
    Save(Save),
    /// Sets the attachment of a me socket.
    Attach {
        conn: Conn,
        /// At most 16 KiB.
        data: String,
    },
    /// Queues a message for one me socket.
    Send { conn: Conn, text: Text },
    /// Queues a message for all me sockets.
    Broadcast { text: Text, audience: Audience },
    /// Closes a me socket after its queued messages.
    Close { conn: Conn, code: CloseCode },
    /// Verifies a newer token.
    Verify {
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        token: String,
    },
    /// Asks a host to close sockets of the player; repeated until it confirms.
    ForceClose { call: CallId, object: ObjectName, close: ForcedClose },
    /// Asks the region who may see the player; repeated until it answers.
    FetchVisibility {
        /// The revision at which it is asked.
        revision: u64,
    },
    /// Subscribes to the presence of these players; those that do not answer are asked again.
    Subscribe { call: CallId, peers: Vec<PlayerId> },
    /// Publishes the player's presence; subscribers that do not confirm receive it again.
    Publish {
        call: CallId,
        /// The time of the presence.
        as_of: Time,
        groups: Vec<PublishGroup>,
    },
    /// Deletes all stored data: the player was erased, and every token has expired.
    Erase,
}

/// Subscribers that receive the same update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishGroup {
    /// The presence that these subscribers may see.
    pub presence: PresenceAt,
    /// True if the subscription ends with this update.
    pub last: bool,
    pub to: Vec<PlayerId>,
}

/// A call that is repeated until it is confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// To a host: close sockets of the player.
    #[serde(rename = "dismiss")]
    ForceClose {
        object: ObjectName,
        #[serde(rename = "dismissal")]
        close: ForcedClose,
    },
    /// To the region: who may see the player.
    #[serde(rename = "circle")]
    FetchVisibility,
    /// To followed players: subscribe to their presence.
    #[serde(rename = "watch")]
    Subscribe,
    /// To subscribers: the player's presence.
    #[serde(rename = "show")]
    Publish,
}
