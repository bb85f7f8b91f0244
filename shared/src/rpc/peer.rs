//! Requests for presence: from the edge to the caller's player object, and from one player object to another.

use super::player::Denial;
use crate::id::{PlayerId, SessionId};
use crate::presence::{PlayerPresence, PresenceAt};
use serde::{Deserialize, Serialize};

/// The edge asks the caller's player object for the presence of other players.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceRequest {
    pub players: Vec<PlayerId>,
    /// Session of the caller's token.
    pub sid: SessionId,
    /// Auth epoch of the caller's token.
    pub ep: u64,
}

/// The response of the caller's player object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceResponse {
    /// The presence of each player, in the order of the request.
    #[serde(rename = "seen")]
    Seen(Vec<PlayerPresence>),
    /// The caller's token is no longer valid.
    #[serde(rename = "barred")]
    Denied(Denial),
}

/// A request from one player object to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerRequest {
    /// Asks for the receiver's presence, and subscribes to its changes.
    #[serde(rename = "watch")]
    Subscribe { by: PlayerId },
    /// Asks for the receiver's presence once.
    #[serde(rename = "look")]
    Query { by: PlayerId },
    /// States the sender's presence to a subscriber.
    #[serde(rename = "show")]
    Publish {
        of: PlayerId,
        #[serde(rename = "sight")]
        presence: PresenceAt,
        /// True if the subscription ends with this, because the receiver may no longer see the sender.
        last: bool,
    },
}

/// The response of the other player object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerResponse {
    /// The presence that was asked for.
    #[serde(rename = "sight")]
    State {
        #[serde(rename = "sight")]
        presence: PresenceAt,
        /// True if changes will be published to the caller. False while one of the two does not yet know the
        /// region's latest visibility: the caller asks again.
        #[serde(rename = "kept")]
        subscribed: bool,
    },
    /// A published presence has been received.
    #[serde(rename = "heard")]
    Received,
    /// The receiver is not subscribed: nothing further must be published to it.
    #[serde(rename = "gone")]
    Unsubscribe,
}
