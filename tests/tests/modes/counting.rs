//! Counting: turns, limits and the end.

use super::table::{Table, away, defaults, ended, gone};
use serde_json::json;
use shared::mode::Event;
use std::time::Duration;

fn table() -> Table {
    Table::new("counting@1", 2, &defaults())
}

#[test]
fn player_who_reaches_the_target_wins() {
    let mut table = Table::new("counting@1", 2, &json!({ "target": 4 }));
    assert_eq!(table.play(0, json!({ "add": 1 })).public, Some(json!({ "by": 0, "said": 1 })));
    ended(&table.play(1, json!({ "add": 3 })), &[2, 1], "said_the_target");
}

#[test]
fn cheats_are_refused() {
    let mut table = table();
    assert_eq!(table.cheat(1, json!({ "add": 1 })), "not_your_turn");
    assert_eq!(table.cheat(0, json!({ "add": 0 })), "one_to_three");
    assert_eq!(table.cheat(0, json!({ "add": 4 })), "one_to_three");
    assert_eq!(table.cheat(0, json!("i win")), "malformed");
}

#[test]
fn player_who_leaves_or_runs_out_of_time_loses() {
    ended(&table().accept(gone(0)), &[2, 1], "left");
    let mut table = table();
    table.accept(away(0));
    table.wait(Duration::from_mins(1));
    assert_eq!(table.cheat(0, json!({ "add": 1 })), "time_is_over");
    ended(&table.accept(Event::Woke), &[2, 1], "time");
}
