//! The opening of a room that a queue made, as the room tells the region.

use crate::id::{PlayerId, PoolName, RoomId};
use crate::rpc::Setup;
use crate::rpc::record::MatchRecord;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A room that a queue made: `POST /internal/v1/rooms`, keyed by `id`.
///
/// All of it is in the record of the match too, so that a region which learns of the end first knows the opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenedRoom {
    /// The id of the room and of its match.
    pub id: RoomId,
    /// The pool that formed the match.
    pub pool: PoolName,
    /// The players of the match, in the order of their seats.
    pub players: Vec<PlayerId>,
    /// When the room was created.
    pub created: Time,
    /// The name and version of the room's mode, such as `connect-four@1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl OpenedRoom {
    /// Returns the opening of a new room; none for a room that no queue made.
    #[must_use]
    pub fn of_setup(setup: &Setup, created: Time) -> Option<Self> {
        Some(Self {
            id: setup.id.clone(),
            pool: setup.pool.clone()?,
            players: setup.seats.iter().filter_map(|seat| seat.player.clone()).collect(),
            created,
            mode: setup.mode.as_ref().map(|mode| mode.name.clone()),
        })
    }

    /// Returns the opening of the room of a finished match; none for a room that no queue made.
    #[must_use]
    pub fn of_record(record: &MatchRecord) -> Option<Self> {
        Some(Self {
            id: record.id.clone(),
            pool: record.pool.clone()?,
            players: record.players.iter().map(|participant| participant.player.clone()).collect(),
            created: record.started,
            mode: record.mode.clone(),
        })
    }
}
