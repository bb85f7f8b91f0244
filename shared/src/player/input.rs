//! The inputs of a player object: past events, as the shell reports them.

use crate::connection::{Conn, ConnectionInput, Identity};
use crate::delivery::pending_calls::CallId;
use crate::id::PlayerId;
use crate::presence::PresenceAt;
use crate::rpc::notice::Notice;
use crate::rpc::record::Visibility;
use crate::time::Time;

/// One input of a player object.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A me socket has opened.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        identity: Identity,
    },
    /// An open me socket sent a frame, was closed, or has a verified token.
    Connection(ConnectionInput<'a>),
    /// A notice of the region arrived. It may arrive twice, late, or out of order.
    Noticed { notice: &'a Notice },
    /// A host has applied a forced close.
    ForcedCloseConfirmed {
        call: CallId,
        /// The player's sockets that the host still holds.
        holding: Vec<Conn>,
        /// When the host was asked: it did not know of sockets that were claimed later.
        asked: Time,
    },
    /// The region has answered who may see the player.
    VisibilityKnown {
        /// The revision at which it was asked.
        revision: u64,
        visibility: &'a Visibility,
    },
    /// Followed players have answered a subscription, as many as could be reached.
    SubscriptionsAnswered {
        call: CallId,
        /// Player, presence, and whether its changes will be published.
        answers: Vec<(PlayerId, PresenceAt, bool)>,
    },
    /// Subscribers have confirmed an update, as many as could be reached.
    PublishConfirmed {
        call: CallId,
        /// The time of the presence that was sent.
        as_of: Time,
        received: Vec<PlayerId>,
        unsubscribed: Vec<PlayerId>,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline that has moved since.
    Woke,
}

impl<'a> From<ConnectionInput<'a>> for Input<'a> {
    fn from(input: ConnectionInput<'a>) -> Self {
        Self::Connection(input)
    }
}
