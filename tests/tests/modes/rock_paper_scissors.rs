//! The rules of rock, paper, scissors.

use super::table::{Table, defaults, ended, gone};
use serde_json::{Value, json};
use shared::mode::{Event, Verdict, Viewer};
use std::time::Duration;

fn table(config: &Value) -> Table {
    Table::new("rock-paper-scissors@1", 2, config)
}

fn round(table: &mut Table, first: &str, second: &str) -> Verdict {
    assert_eq!(table.play(0, json!(first)).public, Some(json!({ "chose": 0 })));
    table.play(1, json!(second))
}

/// Returns the winners of the next round.
fn winners(verdict: &Verdict) -> Value {
    verdict.public.as_ref().unwrap()["won_by"].clone()
}

#[test]
fn better_choice_wins_the_round() {
    let cases = [("rock", "scissors"), ("paper", "rock"), ("scissors", "paper")];
    for (better, worse) in cases {
        assert_eq!(winners(&round(&mut table(&defaults()), better, worse)), json!([0]));
        assert_eq!(winners(&round(&mut table(&defaults()), worse, better)), json!([1]));
        assert_eq!(winners(&round(&mut table(&defaults()), worse, worse)), json!([]));
    }
}

#[test]
fn both_choices_are_told_together() {
    let verdict = round(&mut table(&defaults()), "rock", "paper");
    let told = json!({ "round": 1, "choices": { "0": "rock", "1": "paper" }, "won_by": [1] });
    assert_eq!(verdict.public, Some(told));
}

#[test]
fn more_than_half_of_the_rounds_win_the_match() {
    let mut table = table(&json!({ "best_of": 5 }));
    for _ in 0..2 {
        assert_eq!(round(&mut table, "rock", "scissors").ended, None);
        assert_eq!(round(&mut table, "rock", "paper").ended, None);
    }
    ended(&round(&mut table, "rock", "paper"), &[2, 1], "rounds");
}

#[test]
fn choice_is_final() {
    let mut table = table(&defaults());
    table.play(0, json!("rock"));
    assert_eq!(table.cheat(0, json!("paper")), "already_chosen");
    assert_eq!(table.view(Viewer::Spectator)["chosen"], json!({ "0": true }));
}

#[test]
fn player_who_does_not_choose_in_time_loses_the_round() {
    let mut table = table(&json!({ "round_s": 20 }));
    table.play(1, json!("rock"));
    table.wait(Duration::from_secs(20));
    assert_eq!(table.cheat(0, json!("paper")), "round_over");
    let told = json!({ "round": 1, "choices": { "1": "rock" }, "won_by": [1] });
    assert_eq!(table.accept(Event::Woke).public, Some(told));
    table.wait(Duration::from_secs(20));
    assert_eq!(winners(&table.accept(Event::Woke)), json!([]));
}

#[test]
fn match_of_ties_ends_in_a_draw() {
    let mut table = table(&json!({ "best_of": 1 }));
    for _ in 0..4 {
        assert_eq!(round(&mut table, "rock", "rock").ended, None);
    }
    ended(&round(&mut table, "rock", "rock"), &[1, 1], "rounds");
}

#[test]
fn player_who_leaves_loses() {
    ended(&table(&defaults()).accept(gone(1)), &[1, 2], "left");
}
