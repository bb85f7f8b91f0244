//! Wakes that come early, twice or late.

use super::play::Game;
use super::table::{START, Table, all_tables, defaults, ended};
use serde_json::{Value, json};
use shared::mode::{Event, MODES};
use std::time::Duration;

fn evicted(game: &Game) -> Table {
    Table { game: MODES.restore(game.kept.encode()).unwrap(), now: game.now }
}

#[test]
fn early_and_doubled_wakes_change_nothing() {
    let (mut early, mut doubled) = (0, 0);
    for (mode, seats) in all_tables() {
        let mut game = Game::new(&mode, seats, 3);
        while game.step() && game.log.len() < 100 {
            let Some(at) = game.kept.wake_at() else { continue };
            let mut table = evicted(&game);
            if at > table.now {
                let before = table.game.encode().to_owned();
                table.accept(Event::Woke);
                assert_eq!(table.game.encode(), before, "{mode}: an early wake");
                early += 1;
            }
            table.now = at.max(table.now);
            table.accept(Event::Woke);
            let after = table.game.encode().to_owned();
            table.accept(Event::Woke);
            assert_eq!(table.game.encode(), after, "{mode}: a doubled wake");
            doubled += 1;
        }
    }
    assert!(early > 100 && doubled > 100, "{early} early, {doubled} doubled");
}

#[test]
fn late_wake_has_the_same_result_as_one_in_time() {
    for late in [Duration::ZERO, Duration::from_millis(1), Duration::from_hours(1)] {
        let mut table = Table::new("connect-four@1", 2, &defaults());
        table.play(0, json!({ "drop": 3 }));
        table.now = table.game.wake_at().unwrap() + late;
        ended(&table.accept(Event::Woke), &[1, 2], "time");
    }
}

#[test]
fn move_between_the_deadline_and_a_late_wake_is_too_late() {
    let moves: [(&str, Value, &str); 3] = [
        ("connect-four@1", json!({ "drop": 3 }), "time_is_over"),
        ("rock-paper-scissors@1", json!("rock"), "round_over"),
        ("go-fish@1", json!({ "of": 1, "rank": "7" }), "turn_over"),
    ];
    for (mode, body, why) in moves {
        let mut table = Table::new(mode, 2, &defaults());
        table.now = table.game.wake_at().unwrap();
        assert_eq!(table.cheat(0, body), why, "{mode}");
    }
}

#[test]
fn late_wake_of_a_real_time_mode_is_one_step() {
    let mut table = Table::new("arena@1", 2, &defaults());
    let first = table.game.wake_at().unwrap();
    assert_eq!(first, START + Duration::from_millis(100));
    table.now = first + Duration::from_secs(1);
    table.accept(Event::Woke);
    assert_eq!(table.game.wake_at(), Some(table.now + Duration::from_millis(100)));
}
