//! The rules of Connect Four.

use super::table::{Table, defaults, ended};
use serde_json::{Value, json};
use shared::mode::{Event, Seat, Verdict};
use std::time::Duration;

fn table() -> Table {
    Table::new("connect-four@1", 2, &defaults())
}

/// Drops discs into these columns, in turn, and returns the last verdict.
fn drops(table: &mut Table, columns: &str) -> Verdict {
    let mut seat = Seat::FIRST;
    let mut last = Verdict::default();
    for column in columns.chars().filter_map(|digit| digit.to_digit(10)) {
        last = table.accept(Event::Move { seat, body: json!({ "drop": column }) });
        seat = seat.other();
    }
    last
}

fn drop(column: i32) -> Value {
    json!({ "drop": column })
}

#[test]
fn four_in_a_line_win() {
    ended(&drops(&mut table(), "0011223"), &[1, 2], "four_in_a_line");
    ended(&drops(&mut table(), "0101010"), &[1, 2], "four_in_a_line");
    ended(&drops(&mut table(), "01122323363"), &[1, 2], "four_in_a_line");
    ended(&drops(&mut table(), "65544343303"), &[1, 2], "four_in_a_line");
    // The last disc may close a gap, and three are not enough.
    ended(&drops(&mut table(), "0011332"), &[1, 2], "four_in_a_line");
    assert_eq!(drops(&mut table(), "00112").ended, None);
}

#[test]
fn second_player_wins_too() {
    ended(&drops(&mut table(), "60606050"), &[2, 1], "four_in_a_line");
}

#[test]
fn full_board_is_a_draw() {
    let columns = "010101101010232323323232454545545454666666";
    ended(&drops(&mut table(), columns), &[1, 1], "board_full");
}

#[test]
fn four_cheats_are_refused() {
    let mut table = table();
    assert_eq!(table.cheat(1, drop(3)), "not_your_turn");
    drops(&mut table, "000000");
    assert_eq!(table.cheat(0, drop(0)), "column_full");
    for column in [-1, 7, 127] {
        assert_eq!(table.cheat(0, drop(column)), "no_such_column");
    }
    // The seat is the sender's, and no body can name another.
    assert_eq!(table.cheat(0, json!({ "drop": 1, "seat": 1 })), "malformed");
    table.play(0, json!({ "end": "resign" }));
    assert_eq!(table.cheat(1, drop(1)), "match_over");
}

#[test]
fn move_tells_the_square() {
    assert_eq!(drops(&mut table(), "33").public, Some(json!({ "by": 1, "square": "d2" })));
}

#[test]
fn patch_of_a_move_is_small() {
    let mut table = table();
    let mut seat = Seat::FIRST;
    for column in "010101101010232323323232454545545454".chars().filter_map(|digit| digit.to_digit(10)) {
        table.wait(Duration::from_millis(1999));
        let patch = table.patch(Event::Move { seat, body: json!({ "drop": column }) });
        let text = patch.map(|patch| patch.to_string()).unwrap_or_default();
        assert!(text.len() <= 60, "{text} has {} bytes", text.len());
        assert!(text.starts_with(r#"{"board":{""#) && text.contains(r#""turn":"#), "{text}");
        seat = seat.other();
    }
}
