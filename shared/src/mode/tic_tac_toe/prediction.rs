//! The prediction of tic-tac-toe: all of its state is in its view, but what a move adds to the clock.

use super::{Clock, TicTacToe};
use crate::mode::Seat;
use crate::mode::predict::Predict;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

impl Predict for TicTacToe {
    fn from_view(view: &Value, _seat: Seat) -> Option<Self> {
        let (board, turn) =
            (BTreeMap::deserialize(view.get("board")?).ok()?, Seat::deserialize(view.get("turn")?).ok()?);
        Some(Self { board, turn, clock: Clock::of_view(view.get("clock")?, turn)? })
    }
}
