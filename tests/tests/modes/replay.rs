//! `cargo xtask mode replay`: the record of a match is played again, with what each viewer saw.

use super::table::START;
use anyhow::Result;
use serde_json::{Value, json};
use shared::mode::{Chance, MODES, Replay, Seed, random_play};
use xtask::mode::replay;

const SEED: Seed = Seed::new(7);

/// Plays a random match, and returns its record as moderators read it.
fn record(mode: &str, seats: usize) -> Value {
    let mut game = MODES.start(mode, seats, &Value::Null, SEED, START).unwrap();
    let (mut chance, mut now, mut events) = (Chance::new(Seed::new(8)), START, Vec::new());
    while let Some((at, event)) = random_play::next_event(&*game, now, &mut chance) {
        now = at;
        game.handle(now, &event).unwrap();
        events.push((now, event));
    }
    let replay = Replay { mode: mode.into(), config: Value::Null, seats, seed: SEED, started: START, events };
    json!({ "match": "m_1", "mode": mode, "outcome": game.outcome(), "replay": replay })
}

/// Replays a file with this text.
fn run(text: &str, seat: Option<u8>) -> Result<String> {
    replay::replay("match.json", text, seat)
}

#[test]
fn recorded_match_replays_to_its_outcome_with_every_view() {
    for (mode, seats) in
        [("connect-four@1", 2), ("rock-paper-scissors@1", 2), ("go-fish@1", 3), ("tic-tac-toe@1", 2)]
    {
        let record = record(mode, seats);
        let printed = run(&record.to_string(), None).unwrap();
        let events = record["replay"]["events"].as_array().unwrap().len();
        assert!(printed.starts_with(&format!("{mode}, {seats} seats, seed {SEED}\n")), "{printed}");
        assert_eq!(printed.matches("spectator  {").count(), events + 1, "{mode}");
        let ranks = &record["outcome"]["ranks"];
        assert!(printed.ends_with(&format!("{}\n", record["outcome"]["why"].as_str().unwrap())), "{printed}");
        let told: Vec<u64> = serde_json::from_value(ranks.clone()).unwrap();
        assert!(printed.contains(&format!("ended: ranks {told:?}, ")), "{printed}");
    }
}

#[test]
fn views_of_one_seat_are_printed_alone() {
    let printed = run(&record("go-fish@1", 3).to_string(), Some(1)).unwrap();
    assert!(printed.contains(" seat 1 ") && !printed.contains(" seat 0 ") && !printed.contains("spectator"));
}

#[test]
fn record_with_another_outcome_is_an_error() {
    let mut record = record("connect-four@1", 2);
    record["outcome"]["ranks"] = json!([9, 9]);
    let error = run(&record.to_string(), None).unwrap_err().to_string();
    assert!(error.contains("[9, 9]") && error.contains("the record has the outcome"), "{error}");
}

#[test]
fn file_that_is_no_record_is_an_error_that_says_why() {
    let no_json = run("ranks", None).unwrap_err().to_string();
    assert!(no_json.ends_with("is not JSON"), "{no_json}");
    let no_replay = run("{}", None).unwrap_err().to_string();
    assert!(no_replay.contains("a record of a match with a mode has one"), "{no_replay}");
    let mut changed = record("connect-four@1", 2);
    changed["replay"]["events"][0] = json!([START, { "move": { "seat": 1, "body": { "drop": 0 } } }]);
    let refused = run(&changed.to_string(), None).unwrap_err().to_string();
    assert!(refused.starts_with("event 0 is refused with not_your_turn"), "{refused}");
}
