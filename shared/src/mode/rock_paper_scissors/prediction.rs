//! The prediction of rock, paper, scissors: the first choice of a round; the second shows what is hidden.

use super::{Config, Hand, RockPaperScissors};
use crate::mode::Seat;
use crate::mode::predict::Predict;
use crate::time::Time;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct View {
    round: u32,
    until: Time,
    wins: BTreeMap<Seat, u32>,
    chosen: BTreeMap<Seat, bool>,
    yours: BTreeMap<Seat, Hand>,
}

impl Predict for RockPaperScissors {
    fn from_view(view: &Value, seat: Seat) -> Option<Self> {
        let View { round, until, wins, chosen, yours } = View::deserialize(view).ok()?;
        let is_first = !chosen.contains_key(&seat.other());
        is_first.then_some(Self { config: Config::default(), round, until, chosen: yours, wins })
    }
}
