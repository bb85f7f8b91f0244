//! Prediction: what a move changes, computed by a client before the room answers.
//!
//! A client knows a view and not the state. A mode that can be predicted makes a state from a view, in which anything that
//! the player does not see may be arbitrary. The room decides: its answer replaces the prediction.

use super::connect_four::ConnectFour;
use super::rock_paper_scissors::RockPaperScissors;
use super::tic_tac_toe::TicTacToe;
use super::{Event, Fault, Mode, Seat, Viewer};
use crate::time::Time;
use serde_json::Value;

/// A mode whose moves can be predicted.
pub trait Predict: Mode {
    /// Returns a state that shows this view to the player of a seat; none where the next move depends on more than that
    /// player sees.
    fn from_view(view: &Value, seat: Seat) -> Option<Self>;
}

/// The prediction of one mode: its name, and the function that predicts its moves.
type Predictor = (&'static str, u32, fn(&Value, Seat, Time, Value) -> Option<Result<Value, Fault>>);

const PREDICTORS: &[Predictor] = &[of::<ConnectFour>(), of::<RockPaperScissors>(), of::<TicTacToe>()];

const fn of<M: Predict>() -> Predictor {
    (M::NAME, M::VERSION, predict_in::<M>)
}

/// Returns the view after a move, or the fault that refuses it; none where the mode cannot tell.
#[must_use]
pub fn predict(mode: &str, view: &Value, seat: Seat, now: Time, body: Value) -> Option<Result<Value, Fault>> {
    let (name, version) = mode.split_once('@')?;
    let version: u32 = version.parse().ok()?;
    let (_, _, predict) = PREDICTORS.iter().find(|(known, of, _)| *known == name && *of == version)?;
    predict(view, seat, now, body)
}

fn predict_in<M: Predict>(view: &Value, seat: Seat, now: Time, body: Value) -> Option<Result<Value, Fault>> {
    let mut state = M::from_view(view, seat)?;
    let event = Event::Move { seat, body };
    let event = event.check(*M::SEATS.end()).and_then(|()| event.read::<M::Move>());
    match event.and_then(|event| state.handle(now, event)) {
        Ok(_) => Some(Ok(serde_json::to_value(state.view(Viewer::Seat(seat))).ok()?)),
        Err(fault) => Some(Err(fault)),
    }
}
