//! Whether somebody is here, as those may know who follow each other: the words, and what two players' objects say to
//! each other.

use crate::caps;
use crate::id::{PlayerId, SessionId};
use crate::internal::Bar;
use crate::protocol::event::{self, Text};
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};

/// Whether somebody is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On at least one device that they look at: in a room, in a queue, or on a line of their own that did not say
    /// otherwise.
    Online,
    /// On lines of their own alone, and all of them said that nobody looks.
    Away,
    /// The last connection was lost less than [`caps::FLAP`] ago.
    Reconnecting,
    /// On no device; or it is not the asker's to know.
    Offline,
}

/// How somebody is, and when that was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sight {
    /// How.
    pub state: State,
    /// When. Of two, the later one counts, whatever came first.
    pub as_of: Time,
}

/// How one person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Who.
    pub player: PlayerId,
    /// How.
    #[serde(flatten)]
    pub sight: Sight,
}

impl Presence {
    /// The event on a line of one's own.
    #[must_use]
    pub fn text(&self) -> Text {
        #[derive(Serialize)]
        struct Event<'a> {
            ev: &'static str,
            body: &'a Presence,
        }
        event::encode(&Event { ev: "presence", body: self })
    }
}

/// The answer to `GET /v1/presence?players=a,b`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seen {
    /// How each is, in the order asked for.
    pub players: Vec<Presence>,
    /// How long a device that was lost without a word may be shown.
    pub max_staleness_ms: u64,
}

impl Seen {
    /// The answer.
    #[must_use]
    pub fn new(players: Vec<Presence>) -> Self {
        let most = caps::LOOKED + caps::HEARTBEAT + caps::HEARTBEAT_GRACE;
        Self { players, max_staleness_ms: time::ms(most) }
    }
}

/// How others are, asked of one's own object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Whom it is about.
    pub players: Vec<PlayerId>,
    /// The login of the asker's token.
    pub sid: SessionId,
    /// The auth epoch of it.
    pub ep: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How they are.
    Seen(Vec<Presence>),
    /// The asker's token is no longer good here.
    Barred(Bar),
}

/// From one player's object to another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerAsk {
    /// How are they? `by` is told of every change from now on.
    Watch {
        /// Who asks.
        by: PlayerId,
    },
    /// How are they?
    Look {
        /// Who asks.
        by: PlayerId,
    },
    /// This is how they are.
    Show {
        /// Who.
        of: PlayerId,
        /// How.
        sight: Sight,
        /// Whether it is the last word: they are told no more, because they may not know.
        last: bool,
    },
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerAnswer {
    /// This is how.
    Sight {
        /// How.
        sight: Sight,
        /// Whether who asked to be told of changes will be. If not, one of the two does not know yet what the region
        /// said of them: it is asked again.
        kept: bool,
    },
    /// It is known now.
    Heard,
    /// There is nobody who wants to hear it: do not tell again.
    Gone,
}

/// What an object has to find out before it can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Who may see them, from the region.
    Circle,
    /// Which of their sockets these objects hold.
    Look(
        /// The objects.
        Vec<String>,
    ),
}
