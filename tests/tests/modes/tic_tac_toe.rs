//! The rules of tic-tac-toe.

use super::table::{Table, away, defaults, ended, gone};
use serde_json::{Value, json};
use shared::mode::{Event, Seat, Verdict};
use std::time::Duration;

fn table() -> Table {
    Table::new("tic-tac-toe@1", 2, &defaults())
}

fn mark(square: i32) -> Value {
    json!({ "mark": square })
}

/// Marks these squares, in turn, and returns the last verdict.
fn marks(table: &mut Table, squares: &str) -> Verdict {
    let mut seat = Seat::FIRST;
    let mut last = Verdict::default();
    for square in squares.chars().filter_map(|digit| digit.to_digit(10)) {
        last = table.accept(Event::Move { seat, body: json!({ "mark": square }) });
        seat = seat.other();
    }
    last
}

#[test]
fn three_in_a_line_win() {
    for squares in ["03142", "30415", "60718", "01326", "10427", "20518", "01428", "20416"] {
        ended(&marks(&mut table(), squares), &[1, 2], "three_in_a_line");
    }
    ended(&marks(&mut table(), "031485"), &[2, 1], "three_in_a_line");
    // Three in a row of numbers are no line across the edge of the board.
    assert_eq!(marks(&mut table(), "20314").ended, None);
}

#[test]
fn full_board_is_a_draw_unless_the_last_mark_wins() {
    ended(&marks(&mut table(), "012436587"), &[1, 1], "board_full");
    ended(&marks(&mut table(), "012345768"), &[1, 2], "three_in_a_line");
}

#[test]
fn cheats_are_refused() {
    let mut table = table();
    assert_eq!(table.cheat(1, mark(4)), "not_your_turn");
    assert_eq!(table.cheat(0, mark(9)), "no_such_square");
    assert_eq!(table.cheat(0, mark(-1)), "malformed");
    assert_eq!(marks(&mut table, "4").public, Some(json!({ "by": 0, "square": 4 })));
    assert_eq!(table.cheat(1, mark(4)), "square_taken");
    assert_eq!(table.cheat(1, json!({ "mark": 1, "seat": 0 })), "malformed");
}

#[test]
fn player_who_leaves_or_runs_out_of_time_loses() {
    ended(&table().accept(gone(0)), &[2, 1], "left");
    let mut table = table();
    table.accept(away(0));
    table.wait(Duration::from_mins(1));
    assert_eq!(table.cheat(0, mark(4)), "time_is_over");
    ended(&table.accept(Event::Woke), &[2, 1], "time");
}
