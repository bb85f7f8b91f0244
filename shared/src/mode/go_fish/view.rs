//! Go Fish as a viewer sees it.

use super::card::Card;
use super::{GoFish, Seat, Viewer};
use crate::time::Time;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct View<'a> {
    /// The number of each player's cards.
    hands: BTreeMap<Seat, usize>,
    pool: usize,
    books: &'a BTreeMap<char, Seat>,
    turn: Seat,
    until: Time,
    /// The viewer's own cards.
    yours: BTreeMap<Card, bool>,
}

impl<'a> View<'a> {
    pub(super) fn of(game: &'a GoFish, viewer: Viewer) -> Self {
        let GoFish { hands, pool, books, turn, until, .. } = game;
        let yours = hands.iter().filter(|(seat, _)| viewer.is(**seat)).flat_map(|(_, hand)| hand);
        let yours = yours.map(|card| (*card, true)).collect();
        let hands = hands.iter().map(|(seat, hand)| (*seat, hand.len())).collect();
        Self { hands, pool: pool.len(), books, turn: *turn, until: *until, yours }
    }
}
