//! Resigning, draws by agreement, and claims.

use super::table::{Table, away, back, defaults, ended, gone};
use serde_json::{Value, json};
use std::time::Duration;

fn table() -> Table {
    Table::new("connect-four@1", 2, &defaults())
}

fn end(choice: &str) -> Value {
    json!({ "end": choice })
}

fn drop(column: u8) -> Value {
    json!({ "drop": column })
}

#[test]
fn player_who_resigns_or_leaves_loses() {
    ended(&table().play(1, end("resign")), &[1, 2], "resigned");
    ended(&table().accept(gone(0)), &[2, 1], "left");
}

#[test]
fn draw_needs_an_offer_of_the_opponent() {
    let mut table = table();
    assert_eq!(table.cheat(1, end("accept_draw")), "no_offer");
    assert_eq!(table.play(0, end("offer_draw")).public, Some(json!({ "draw_offered": 0 })));
    assert_eq!(table.cheat(0, end("accept_draw")), "no_offer");
    assert_eq!(table.cheat(0, end("offer_draw")), "already_offered");
    ended(&table.play(1, end("accept_draw")), &[1, 1], "agreed");
}

#[test]
fn offer_against_an_offer_is_a_draw() {
    let mut table = table();
    table.play(0, end("offer_draw"));
    ended(&table.play(1, end("offer_draw")), &[1, 1], "agreed");
}

#[test]
fn declined_offer_may_be_repeated_only_after_the_next_own_move() {
    let mut table = table();
    table.play(0, end("offer_draw"));
    assert_eq!(table.play(1, end("decline_draw")).public, Some(json!({ "draw_declined": 1 })));
    assert_eq!(table.cheat(0, end("offer_draw")), "already_offered");
    table.play(0, drop(3));
    table.play(0, end("offer_draw"));
}

#[test]
fn move_of_the_opponent_declines_an_offer() {
    let mut table = table();
    table.play(0, drop(3));
    table.play(0, end("offer_draw"));
    table.play(1, drop(3));
    assert_eq!(table.cheat(1, end("accept_draw")), "no_offer");
}

#[test]
fn win_is_claimed_after_the_grace_of_an_absent_opponent() {
    let mut table = table();
    assert_eq!(table.cheat(0, end("claim")), "opponent_is_here");
    table.accept(away(1));
    table.wait(Duration::from_millis(29_999));
    // A repeated report does not begin the grace again.
    table.accept(away(1));
    assert_eq!(table.cheat(0, end("claim")), "too_early");
    table.wait(Duration::from_millis(1));
    ended(&table.play(0, end("claim")), &[1, 2], "claimed");
}

#[test]
fn opponent_who_is_back_stops_a_claim() {
    let mut table = table();
    table.accept(away(1));
    table.wait(Duration::from_secs(30));
    table.accept(back(1));
    assert_eq!(table.cheat(0, end("claim")), "opponent_is_here");
}
