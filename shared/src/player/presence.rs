//! Presence of a player object: who may see the player, what subscribers receive, and what the player
//! follows.

pub(super) mod publish;
pub(super) mod subscribe;
pub(super) mod visibility;

use crate::presence::PlayerPresence;
use crate::rpc::ObjectName;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::me::Event;

/// The information that an object must look up before it can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The players who may see this player, from the region.
    Visibility,
    /// The sockets of the player that these hosts hold.
    LeaseCheck(Vec<ObjectName>),
}

/// Returns the `presence` event of a me socket.
pub(super) fn presence_event(presence: &PlayerPresence) -> Text {
    Envelope::ephemeral(Event::Presence(presence.clone())).text()
}
