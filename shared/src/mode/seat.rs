//! The seats of a match, and the viewers of its state.

use serde::{Deserialize, Serialize};

/// The index of a player in a match, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(u8);

impl Seat {
    /// The seat with index 0.
    pub const FIRST: Self = Self(0);
    /// The seat with index 1.
    pub const SECOND: Self = Self(1);

    /// Returns the seat with this index.
    #[must_use]
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Returns the index of the seat.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns all seats of a match with `count` seats, in order.
    pub fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..u8::try_from(count).unwrap_or(u8::MAX)).map(Self)
    }

    /// Returns the next seat around a table of `count` seats.
    #[must_use]
    pub fn next(self, count: usize) -> Self {
        if self.index() + 1 < count { Self(self.0 + 1) } else { Self::FIRST }
    }

    /// Returns all seats around a table of `count` seats, this one first.
    pub fn around(self, count: usize) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), move |seat| Some(seat.next(count))).take(count)
    }

    /// Returns the opponent in a match of two.
    #[must_use]
    pub fn other(self) -> Self {
        self.next(2)
    }
}

/// A reader of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Viewer {
    /// The player of this seat, who sees what the seat hides from others.
    Seat(Seat),
    /// A spectator sees only what all players see.
    Spectator,
}

impl Viewer {
    /// Returns true if the viewer is the player of this seat.
    #[must_use]
    pub fn is(self, seat: Seat) -> bool {
        self == Self::Seat(seat)
    }
}
