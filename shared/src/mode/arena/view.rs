//! The view of the arena, the same for all viewers.

use super::grid::SIZE;
use super::{Arena, Seat};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct View {
    size: u8,
    players: BTreeMap<Seat, Player>,
    /// The coins by the names of their squares, such as `3,15`.
    coins: BTreeMap<String, bool>,
}

#[derive(Serialize)]
struct Player {
    x: u8,
    y: u8,
    coins: u32,
}

impl View {
    pub(super) fn of(arena: &Arena) -> Self {
        let player = |player: &super::Player| Player { x: player.at.0, y: player.at.1, coins: player.coins };
        let players = arena.players.iter().map(|(seat, of)| (*seat, player(of))).collect();
        let coins = arena.coins.iter().map(|(x, y)| (format!("{x},{y}"), true)).collect();
        Self { size: SIZE, players, coins }
    }
}
