//! Predictions: what a client computes from its view is what the room answers.

use super::table::{START, all_tables, start};
use serde_json::{Value, json};
use shared::mode::predict::predict;
use shared::mode::{Chance, Event, Rejection, Seat, Seed, Viewer, random_play};

/// Returns a view without its clock: what a move adds to the time is the room's to say.
fn without_clock(mut view: Value) -> Value {
    if let Some(view) = view.as_object_mut() {
        view.remove("clock");
    }
    view
}

/// Plays a match, and compares every prediction with what happens. Returns how many moves were predicted.
fn check(mode: &str, seed: u128) -> u32 {
    let (mut game, mut chance, mut now) =
        (start(mode, 2, &Value::Null, seed), Chance::new(Seed::new(seed)), START);
    let mut predicted = 0;
    while let Some((at, event)) = random_play::next_event(&*game, now, &mut chance) {
        now = at;
        let Event::Move { seat, body } = &event else {
            game.handle(now, &event).unwrap();
            continue;
        };
        for (seat, body) in [(*seat, body.clone()), (seat.other(), body.clone()), (*seat, json!({"drop": 9}))]
        {
            let view = game.view(Viewer::Seat(seat)).unwrap().value();
            let Some(prediction) = predict(mode, &view, seat, now, body.clone()) else { continue };
            predicted += 1;
            let mut twin = game.duplicate();
            match (prediction, twin.handle(now, &Event::Move { seat, body })) {
                (Ok(view), Ok(_)) => {
                    let real = twin.view(Viewer::Seat(seat)).unwrap();
                    assert_eq!(without_clock(view), without_clock(real.value()), "{mode}");
                }
                (Err(fault), Err(Rejection::Fault(real))) => assert_eq!(fault, real, "{mode}"),
                (prediction, real) => panic!("{mode}: {prediction:?} is not {real:?}"),
            }
        }
        game.handle(now, &event).unwrap();
    }
    predicted
}

#[test]
fn predictions_are_what_happens() {
    for mode in ["connect-four@1", "rock-paper-scissors@1", "tic-tac-toe@1"] {
        let predicted: u32 = (0..20).map(|seed| check(mode, seed)).sum();
        assert!(predicted > 100, "{mode}: {predicted} predictions");
    }
}

#[test]
fn move_that_shows_what_is_hidden_is_not_predicted() {
    let mut game = start("rock-paper-scissors@1", 2, &Value::Null, 1);
    game.handle(START, &Event::Move { seat: Seat::FIRST, body: json!("rock") }).unwrap();
    let view = game.view(Viewer::Seat(Seat::SECOND)).unwrap().value();
    assert_eq!(predict("rock-paper-scissors@1", &view, Seat::SECOND, START, json!("paper")), None);
}

#[test]
fn nothing_is_predicted_from_views_that_are_none() {
    for (mode, _) in all_tables() {
        for view in [json!(null), json!([]), json!({"board": 7}), json!("x")] {
            assert_eq!(predict(&mode, &view, Seat::FIRST, START, json!(null)), None, "{mode}");
        }
    }
    assert_eq!(predict("connect-four", &json!({}), Seat::FIRST, START, json!(null)), None);
}
