//! The prediction of Connect Four: all of its state is in its view, but what a move adds to the clock.

use super::square::Square;
use super::{Clock, ConnectFour, Endings};
use crate::mode::Seat;
use crate::mode::predict::Predict;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct View {
    board: BTreeMap<Square, Seat>,
    turn: Seat,
    clock: Value,
}

impl Predict for ConnectFour {
    fn from_view(view: &Value, _seat: Seat) -> Option<Self> {
        let View { board, turn, clock } = View::deserialize(view).ok()?;
        let clock = Clock::of_view(&clock, turn)?;
        Some(Self { board, turn, clock, endings: Endings::default() })
    }
}
