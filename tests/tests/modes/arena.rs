//! The rules of the arena.

use super::table::{Table, defaults, ended, gone};
use serde_json::{Value, json};
use shared::mode::{Event, Viewer};
use std::time::Duration;

/// Returns a match of two in which the players and the coins are where the test wants them.
fn table(first: [u8; 2], second: [u8; 2], coins: &[[u8; 2]]) -> Table {
    Table::new("arena@1", 2, &defaults()).edited(|state| {
        state["players"]["0"]["at"] = json!(first);
        state["players"]["1"]["at"] = json!(second);
        state["coins"] = json!(coins);
    })
}

/// Lets ticks pass.
fn tick(table: &mut Table, ticks: usize) {
    for _ in 0..ticks {
        table.now = table.game.wake_at().expect("an arena that is awake");
        table.accept(Event::Woke);
    }
}

fn player(table: &Table, seat: usize) -> Value {
    table.view(Viewer::Spectator)["players"][seat.to_string()].clone()
}

#[test]
fn player_runs_one_square_a_tick_up_to_the_wall() {
    let mut table = table([12, 3], [0, 0], &[[9, 9], [9, 8]]);
    table.play(0, json!("east"));
    tick(&mut table, 1);
    assert_eq!(player(&table, 0), json!({ "x": 13, "y": 3, "coins": 0 }));
    tick(&mut table, 10);
    assert_eq!(player(&table, 0), json!({ "x": 15, "y": 3, "coins": 0 }));
}

#[test]
fn only_one_player_is_on_a_square() {
    let mut table = table([4, 3], [6, 3], &[[9, 9], [9, 8]]);
    table.play(0, json!("east"));
    table.play(1, json!("west"));
    tick(&mut table, 5);
    assert_ne!(player(&table, 0)["x"], player(&table, 1)["x"]);
}

#[test]
fn player_takes_a_coin_and_another_appears() {
    let mut table = table([4, 3], [0, 0], &[[5, 3], [9, 8]]);
    table.play(0, json!("east"));
    tick(&mut table, 1);
    assert_eq!(player(&table, 0)["coins"], json!(1));
    let coins = table.view(Viewer::Spectator)["coins"].clone();
    assert_eq!((coins.as_object().unwrap().len(), coins.get("5,3")), (2, None));
}

#[test]
fn ten_coins_win() {
    let mut table =
        table([4, 3], [0, 0], &[[5, 3], [9, 8]]).edited(|state| state["players"]["0"]["coins"] = json!(9));
    table.play(0, json!("east"));
    table.now = table.game.wake_at().unwrap();
    ended(&table.accept(Event::Woke), &[1, 2], "coins");
}

#[test]
fn coins_decide_when_the_time_is_over() {
    let mut table = Table::new("arena@1", 3, &defaults()).edited(|state| {
        state["players"]["1"]["coins"] = json!(3);
        state["ticks_left"] = json!(1);
    });
    table.now = table.game.wake_at().unwrap();
    ended(&table.accept(Event::Woke), &[2, 1, 2], "coins");
}

#[test]
fn last_player_wins() {
    ended(&table([4, 3], [0, 0], &[]).accept(gone(0)), &[2, 1], "coins");
}

#[test]
fn arena_sleeps_after_five_seconds_without_movement_and_a_move_wakes_it() {
    let mut table = table([4, 3], [0, 0], &[[9, 9], [9, 8]]);
    table.play(0, json!("north"));
    // Three squares up to the wall, and five seconds.
    tick(&mut table, 3);
    let stopped = table.now;
    tick(&mut table, 50);
    assert_eq!((table.now, table.game.wake_at()), (stopped + Duration::from_secs(5), None));
    table.wait(Duration::from_hours(1));
    table.play(0, json!("south"));
    assert_eq!(table.game.wake_at(), Some(table.now + Duration::from_millis(100)));
    tick(&mut table, 1);
    assert_eq!(player(&table, 0)["y"], json!(1));
}
