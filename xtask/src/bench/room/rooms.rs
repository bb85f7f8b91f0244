//! The number of rooms of a run, and of the clients in each.

/// The rooms of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rooms {
    pub(super) count: usize,
    pub(super) members: usize,
    pub(super) spectators: usize,
    /// The first rooms, whose openings are not measured.
    pub(super) warm: usize,
}

impl Rooms {
    pub(super) const fn of(count: usize, members: usize) -> Self {
        Self { count, members, spectators: 0, warm: 0 }
    }
}
