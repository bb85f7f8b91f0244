//! Random bodies of moves: none panics, and none that is refused changes a match.

use super::table::{START, defaults, seat_or_none, start};
use serde_json::{Map, Value, json};
use shared::mode::{Chance, Event, MODES, Rejection, Running, Seat, Seed};

const BODIES: usize = 100_000;

/// Words that occur in the moves of the modes.
const WORDS: [&str; 14] = [
    "drop",
    "end",
    "resign",
    "offer_draw",
    "claim",
    "rock",
    "paper",
    "of",
    "rank",
    "7",
    "north",
    "",
    "\u{0}",
    "é",
];

/// Returns a random body, which is sometimes a legal move.
pub fn random_body(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(chance.below(2) == 0),
        2 => json!(*chance.pick(&WORDS).unwrap()),
        3 => json!(chance.below(9)),
        4 => chance
            .pick(&[json!(-1), json!(u64::MAX), json!(i64::MIN), json!(1e300), json!(256)])
            .unwrap()
            .clone(),
        5 => (0..chance.below(4)).map(|_| random_body(chance, depth - 1)).collect(),
        _ => {
            let mut map = Map::new();
            for _ in 0..chance.below(4) {
                map.insert((*chance.pick(&WORDS).unwrap()).to_owned(), random_body(chance, depth - 1));
            }
            Value::Object(map)
        }
    }
}

/// Returns a legal move in which one part is random, which reaches deeper into the rules than a random body.
fn damaged_move(game: &dyn Running, seat: Seat, chance: &mut Chance) -> Value {
    let mut body = game.random_move(seat, chance).unwrap_or_default();
    if let Some(map) = body.as_object_mut() {
        let damaged = chance.below(map.len());
        if let Some(part) = map.values_mut().nth(damaged) {
            *part = random_body(chance, 1);
        }
    }
    body
}

#[test]
fn random_bodies_never_panic() {
    let mut chance = Chance::new(Seed::new(5));
    let modes: Vec<_> = MODES.iter().collect();
    let (mut accepted, mut refused) = (0, 0);
    for entry in &modes {
        let seats = *entry.seats().end();
        let mut game = start(&entry.to_string(), seats, &defaults(), 1);
        for n in 0..BODIES / modes.len() {
            let seat = seat_or_none(&mut chance, seats);
            let is_damaged = chance.below(2) == 0;
            let body = if is_damaged {
                damaged_move(&*game, seat, &mut chance)
            } else {
                random_body(&mut chance, 4)
            };
            let event = if n % 10 == 0 { Event::Signal { body } } else { Event::Move { seat, body } };
            match game.handle(START, &event) {
                Ok(_) => accepted += 1,
                Err(Rejection::Fault(fault)) => {
                    assert!(fault.message.len() <= 200 && !fault.why.is_empty());
                    refused += 1;
                }
                Err(Rejection::Broken(broken)) => panic!("{entry}: {broken}"),
            }
            if game.outcome().is_some() {
                game = start(&entry.to_string(), seats, &defaults(), 1);
            }
        }
    }
    assert!(accepted > 100 && refused > BODIES / 4, "{accepted} accepted, {refused} refused");
}

#[test]
fn deep_and_long_bodies_are_refused() {
    let mut game = start("connect-four@1", 2, &defaults(), 1);
    let mut why = |body: Value| match game.handle(START, &Event::Move { seat: Seat::FIRST, body }) {
        Err(Rejection::Fault(fault)) => fault.why,
        result => panic!("{result:?}"),
    };
    let nested = |depth| (0..depth).fold(json!(1), |body, _| json!([body]));
    assert_eq!(why(nested(9)), "too_deep");
    assert_eq!(why(nested(8)), "malformed");
    assert_eq!(why(json!("x".repeat(1023))), "too_long");
    assert_eq!(why(json!("x".repeat(1022))), "malformed");
}
