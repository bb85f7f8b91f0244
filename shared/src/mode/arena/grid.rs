//! The grid of the arena: its squares, and the directions in which players run.

use serde::{Deserialize, Serialize};

/// Squares on each side.
pub(super) const SIZE: u8 = 16;

/// A square by its column and row, from 0.
pub(super) type Square = (u8, u8);

/// Returns all squares.
pub(super) fn all() -> impl Iterator<Item = Square> {
    (0..SIZE).flat_map(|x| (0..SIZE).map(move |y| (x, y)))
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::mode) enum Heading {
    North,
    East,
    South,
    West,
}

impl Heading {
    pub(super) const ALL: [Self; 4] = [Self::North, Self::East, Self::South, Self::West];

    /// Returns the square ahead of another; none at a wall.
    pub(super) fn from(self, (x, y): Square) -> Option<Square> {
        let (x, y) = match self {
            Self::North => (x, y.checked_sub(1)?),
            Self::East => (x.checked_add(1)?, y),
            Self::South => (x, y.checked_add(1)?),
            Self::West => (x.checked_sub(1)?, y),
        };
        (x < SIZE && y < SIZE).then_some((x, y))
    }
}
