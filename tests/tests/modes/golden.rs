//! Golden matches: every version of every mode restores its stored matches, and replays its moves to the same end.
//!
//! `tests/golden/modes/<name>@<version>.txt` has a line for the start, for each accepted event, for the state in the
//! middle and for the end: a name, a tab, JSON. A file is written once, with `GOLDEN=add`, and never edited: a change that
//! it contradicts needs a new version of the mode.

use super::play::Game;
use super::table::START;
use serde_json::{Value, json};
use shared::mode::{Event, MODES, Seed};
use shared::time::Time;
use std::fs;
use std::path::PathBuf;

/// Events of a golden match, after which the other players leave.
const EVENTS: usize = 60;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/modes")
}

/// Plays a match, and returns the lines of its file.
fn record(mode: &str, seats: usize) -> String {
    let mut game = Game::new(mode, seats, 42);
    let mut lines =
        vec![format!("start\t{}", json!({ "seats": seats, "seed": Seed::new(42), "now": START }))];
    let mut middle = String::new();
    while game.log.len() < EVENTS && game.step() {
        if game.log.len() <= EVENTS / 2 {
            game.kept.encode().clone_into(&mut middle);
        }
    }
    let middle_at = lines.len() + game.log.len().min(EVENTS / 2);
    for seat in shared::mode::Seat::all(seats).skip(1) {
        let event = Event::Gone { seat };
        if game.kept.handle(game.now, &event).is_ok() {
            game.log.push((game.now, event));
        }
    }
    lines.extend(game.log.iter().map(|logged| format!("event\t{}", json!(logged))));
    lines.insert(middle_at, format!("middle\t{middle}"));
    lines.push(format!("end\t{}", game.kept.encode()));
    lines.join("\n") + "\n"
}

/// Replays a file: from the start, and from the state in the middle.
fn replay(mode: &str, text: &str) {
    let (mut matches, mut ends) = (Vec::new(), 0);
    for (name, body) in text.lines().filter_map(|line| line.split_once('\t')) {
        match name {
            "start" => {
                let start: Value = serde_json::from_str(body).unwrap();
                let seats = usize::try_from(start["seats"].as_u64().unwrap()).unwrap();
                let seed: Seed = serde_json::from_value(start["seed"].clone()).unwrap();
                let now: Time = serde_json::from_value(start["now"].clone()).unwrap();
                matches.push(MODES.start(mode, seats, &Value::Null, seed, now).unwrap());
            }
            "event" => {
                let (at, event): (Time, Event<Value>) = serde_json::from_str(body).unwrap();
                for game in &mut matches {
                    game.handle(at, &event).unwrap_or_else(|error| panic!("{mode}: {error:?} for {body}"));
                }
            }
            "middle" => {
                assert!(
                    matches.iter().all(|game| game.encode() == body),
                    "{mode}: another state in the middle"
                );
                matches.push(MODES.restore(body).unwrap());
            }
            "end" => {
                assert!(matches.iter().all(|game| game.encode() == body), "{mode}: another end");
                assert!(matches.iter().all(|game| game.outcome().is_some()), "{mode}: no outcome");
                ends += matches.len();
            }
            _ => panic!("{mode}: no golden line is called {name}"),
        }
    }
    assert_eq!(ends, 2, "{mode}: the golden file has a start, a middle and an end");
}

#[test]
fn golden_matches_restore_and_replay_to_the_same_end() {
    for entry in MODES.iter() {
        let (mode, path) = (entry.to_string(), folder().join(format!("{entry}.txt")));
        if !path.exists() && std::env::var("GOLDEN").is_ok_and(|golden| golden == "add") {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, record(&mode, *entry.seats().end())).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(!text.is_empty(), "{mode} is new: add {} with GOLDEN=add", path.display());
        replay(&mode, &text);
    }
}

#[test]
fn every_golden_file_has_its_mode() {
    for file in fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let mode = name.strip_suffix(".txt").unwrap_or(&name);
        assert!(MODES.find(mode).is_ok(), "{mode} is gone, and matches may run that began with it");
    }
}
