//! The number of rooms of a run, the clients in each, and what they play.

use serde_json::Value;

/// The rooms of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rooms {
    pub(super) count: usize,
    pub(super) members: usize,
    pub(super) spectators: usize,
    /// The first rooms, whose openings are not measured.
    pub(super) warm: usize,
    /// The mode that plays in the rooms, and its configuration.
    pub(super) mode: Option<Mode>,
}

/// A mode with the configuration of the runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mode {
    pub(super) name: &'static str,
    pub(super) config: fn() -> Value,
}

impl Rooms {
    pub(super) const fn of(count: usize, members: usize) -> Self {
        Self { count, members, spectators: 0, warm: 0, mode: None }
    }
}
