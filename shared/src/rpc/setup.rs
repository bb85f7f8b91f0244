//! The setup of a room: what its creator sends, and its seats.

use crate::connection::Conn;
use crate::id::{PlayerId, PoolName, RoomId};
use crate::mode::Seed;
use crate::pool::{ChosenMode, Rules};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The initial state of a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The id of the room and of its match.
    pub id: RoomId,
    /// The pool that formed the match; none for a room created over HTTP.
    pub pool: Option<PoolName>,
    /// The player who may kick others.
    pub owner: Option<PlayerId>,
    pub seats: Vec<Seat>,
    pub rules: Rules,
    /// The mode that plays in the room; none for a room without rules of a game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ChosenMode>,
}

impl Setup {
    /// Returns the setup with this seed, where it has a mode.
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        if let Some(mode) = &mut self.mode {
            mode.seed = Some(seed);
        }
        self
    }
}

/// One seat of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The player of the seat; none for a free seat.
    pub player: Option<PlayerId>,
    /// The display name.
    pub name: String,
    /// The team, from 0; none where players play alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<u16>,
    pub state: SeatState,
    /// True if the player has ever been connected.
    pub came: bool,
}

/// The state of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// The seat waits for its player, or is free.
    Expected,
    /// The player is connected on this socket.
    Here(Conn),
    /// The socket was lost at this time; the seat is kept for the grace period.
    Away(Time),
    /// The player left, or stayed away.
    Left,
    /// The owner removed the player, who may not return.
    #[serde(rename = "out")]
    Kicked,
    /// The player was banned, and may not return.
    Banned,
}
