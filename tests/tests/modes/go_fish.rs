//! The rules of Go Fish.

use super::table::{Table, defaults, ended, gone};
use serde_json::{Value, json};
use shared::mode::{Event, Seat, Viewer};
use std::time::Duration;

/// Returns a match of three in which all cards are where the test wants them; the last card of the pool is the top.
fn table(hands: [&[&str]; 3], pool: &[&str]) -> Table {
    Table::new("go-fish@1", 3, &defaults()).edited(|state| {
        state["hands"] = json!({ "0": hands[0], "1": hands[1], "2": hands[2] });
        state["pool"] = json!(pool);
    })
}

fn ask(of: u8, rank: &str) -> Value {
    json!({ "of": of, "rank": rank })
}

fn hand(table: &Table, seat: u8) -> Vec<String> {
    table.view(Viewer::Seat(Seat::new(seat)))["yours"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn deal_depends_on_the_number_of_players() {
    for (seats, cards) in [(2, 7), (3, 7), (4, 5), (5, 5)] {
        let view = Table::new("go-fish@1", seats, &defaults()).view(Viewer::Spectator);
        assert_eq!((&view["hands"]["1"], &view["pool"]), (&json!(cards), &json!(52 - seats * cards)));
    }
}

#[test]
fn asked_player_gives_all_cards_of_the_rank_and_the_turn_goes_on() {
    let mut table = table([&["7s", "2s"], &["7h", "7d", "Ks"], &["3s"]], &["4s"]);
    let verdict = table.play(0, ask(1, "7"));
    assert_eq!(verdict.public, Some(json!({ "by": 0, "of": 1, "rank": "7", "got": 2 })));
    assert!(verdict.private.is_empty());
    assert_eq!(hand(&table, 0), ["2s", "7d", "7h", "7s"]);
    assert_eq!(hand(&table, 1), ["Ks"]);
    table.play(0, ask(2, "2"));
}

#[test]
fn player_who_gets_nothing_fishes_and_the_turn_passes() {
    let mut table = table([&["7s"], &["Ks"], &["3s"]], &["2s", "4s"]);
    let verdict = table.play(0, ask(1, "7"));
    assert_eq!(verdict.public, Some(json!({ "by": 0, "of": 1, "rank": "7", "got": 0 })));
    assert_eq!(verdict.private.get(&Seat::FIRST), Some(&json!({ "drew": ["4s"] })));
    assert_eq!(table.cheat(0, ask(1, "7")), "not_your_turn");
    table.play(1, ask(0, "K"));
}

#[test]
fn fished_card_of_the_rank_gives_another_turn() {
    let mut table = table([&["7s"], &["Ks"], &["3s"]], &["2s", "7c"]);
    table.play(0, ask(1, "7"));
    table.play(0, ask(1, "7"));
}

#[test]
fn four_of_a_rank_are_a_book() {
    let mut table = table([&["7s", "7h", "7d", "2s"], &["7c", "Ks"], &["3s"]], &["4s"]);
    table.play(0, ask(1, "7"));
    assert_eq!(hand(&table, 0), ["2s"]);
    assert_eq!(table.view(Viewer::Spectator)["books"], json!({ "7": 0 }));
}

#[test]
fn empty_hand_gets_a_card_while_there_are_any() {
    let mut table = table([&["7s", "2h"], &["7c"], &["3s"]], &["4s"]);
    table.play(0, ask(1, "7"));
    assert_eq!(hand(&table, 1), ["4s"]);
    table.play(0, ask(1, "2"));
    // The pool is empty: a player without cards has no turn.
    table.play(1, ask(2, "4"));
    table.play(2, ask(1, "3"));
}

#[test]
fn match_ends_when_no_cards_are_left() {
    let mut table = table([&["7s", "7h", "7d"], &["7c"], &[]], &[]);
    ended(&table.play(0, ask(1, "7")), &[1, 2, 2], "books");
}

#[test]
fn questions_against_the_rules_are_refused() {
    let mut table = table([&["7s"], &["Ks"], &["3s"]], &["2s"]);
    assert_eq!(table.cheat(1, ask(0, "K")), "not_your_turn");
    assert_eq!(table.cheat(0, ask(1, "K")), "rank_not_held");
    assert_eq!(table.cheat(0, ask(0, "7")), "no_such_player");
    assert_eq!(table.cheat(0, ask(9, "7")), "no_such_player");
    assert_eq!(table.cheat(0, ask(1, "77")), "malformed");
}

#[test]
fn player_who_does_not_ask_in_time_misses_the_turn() {
    let mut table = table([&["7s"], &["Ks"], &["3s"]], &["2s"]);
    table.wait(Duration::from_secs(30));
    assert_eq!(table.accept(Event::Woke).public, Some(json!({ "missed": 0 })));
    table.play(1, ask(0, "K"));
}

#[test]
fn cards_of_a_player_who_leaves_go_back_and_the_last_player_wins() {
    let mut table = table([&["7s", "7h"], &["Ks"], &["3s"]], &["2s"]);
    table.accept(gone(0));
    assert_eq!(table.view(Viewer::Spectator)["pool"], json!(3));
    assert_eq!(table.cheat(1, ask(0, "K")), "no_such_player");
    ended(&table.accept(gone(2)), &[2, 1, 2], "books");
}
