//! The presence of players, as mutual followers may see it.

use crate::id::PlayerId;
use crate::limits;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};

/// The presence state of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "PresenceState"))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Connected on at least one device in use: in a room, in a queue, or on a me socket that did not say
    /// otherwise.
    Online,
    /// Connected on me sockets only, all of which said that the device is not in use.
    Away,
    /// The last connection was lost a moment ago (`OFFLINE_DEBOUNCE`).
    Reconnecting,
    /// Not connected; or the caller may not see the player.
    Offline,
}

/// A presence state with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PresenceAt {
    pub state: State,
    /// When that was true. Of two states the later one counts, whichever arrived first.
    pub as_of: Time,
}

/// The presence of one player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PlayerPresence {
    pub player: PlayerId,
    #[serde(flatten)]
    pub presence: PresenceAt,
}

/// The response to `GET /v1/presence?players=a,b`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceList {
    /// The presence of each player, in the order of the request.
    pub players: Vec<PlayerPresence>,
    /// Longest time for which a device that was lost silently may still be shown as connected.
    pub max_staleness_ms: u64,
}

impl PresenceList {
    /// Returns the response with these players.
    #[must_use]
    pub fn new(players: Vec<PlayerPresence>) -> Self {
        let staleness = limits::LEASE_CHECK_TTL + limits::SILENCE_MAX;
        Self { players, max_staleness_ms: time::ms(staleness) }
    }
}
