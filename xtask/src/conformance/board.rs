//! Checks of the board: `set`, `if_at`, limits and snapshots.

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use shared::limits;

use super::Fixture;
use super::fixture::{field, must};
use crate::wire::{RoomEvent, at, num, text};
use crate::{events, next_event};

checks! {
    "W-100" "set writes keys, and every member gets a set event with them" => written;
    "W-101" "a snapshot has each key with its value and the position that wrote it" => in_snapshot;
    "W-102" "null removes a key" => null_removes;
    "W-103" "an if_at before the key's last write is refused with conflict and the position, and without retry" => conflict;
    "W-104" "an if_at at the key's last write succeeds" => no_conflict;
    "W-105" "if_at is compared with the keys of the command only" => other_keys;
    "W-106" "a board over 16 KiB is board_full" => full;
    "W-107" "keys other than an object of 1 to 256 keys of 1 to 64 bytes are bad_field" => bad_keys;
    "W-108" "an invalid if_at is bad_field" => bad_if_at;
    "W-109" "a refused set is not written and sends no event" => refused_quietly;
    "W-117" "an if_at before the key's removal is refused with conflict and the position" => removed;
}

fn set(keys: &Value) -> Value {
    json!({"op": "set", "body": {"keys": keys}})
}

fn set_if(keys: &Value, if_at: &Value) -> Value {
    json!({"op": "set", "body": {"keys": keys, "if_at": if_at}})
}

async fn written(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.a.ok(set(&json!({"turn": "bo", "n": 3}))).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        let event = next_event!(socket, RoomEvent::Set).await?;
        must(at(&event) == num(&ok, "/at"), "at", &event)?;
        must(text(&event, "/body/keys/turn") == "bo", "keys", &event)?;
        must(num(&event, "/body/keys/n") == Some(3), "keys", &event)?;
    }
    Ok(())
}

async fn board(fixture: &Fixture, pair: &super::fixture::Pair) -> Result<Value> {
    let (mut welcome, _socket) = pair.reconnect(fixture, &pair.bo, None).await?;
    Ok(welcome.pointer_mut("/snapshot/board").map(Value::take).unwrap_or_default())
}

async fn in_snapshot(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.a.ok(set(&json!({"turn": {"of": "bo"}}))).await?;
    let expected = json!({"turn": {"v": {"of": "bo"}, "at": num(&ok, "/at")}});
    let board = board(&fixture, &pair).await?;
    ensure!(board == expected, "{board}, not {expected}");
    Ok(())
}

async fn null_removes(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(set(&json!({"a": 1, "b": 2}))).await?;
    pair.a.ok(set(&json!({"a": null, "never": null}))).await?;
    let board = board(&fixture, &pair).await?;
    ensure!(board.get("a").is_none(), "{board}");
    ensure!(num(&board, "/b/v") == Some(2), "{board}");
    Ok(())
}

async fn conflict(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = num(&pair.a.ok(set(&json!({"a": 1}))).await?, "/at");
    let second = num(&pair.b.ok(set(&json!({"a": 2}))).await?, "/at");
    let message = set_if(&json!({"a": 3}), &json!(first));
    let fault = pair.a.err(message, "conflict").await?;
    must(num(&fault, "/at") == second, "the position", &fault)?;
    must(fault.get("retry") == Some(&Value::Bool(false)), "retry is false", &fault)
}

async fn removed(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = num(&pair.a.ok(set(&json!({"lock": "a"}))).await?, "/at");
    let second = num(&pair.a.ok(set(&json!({"lock": null}))).await?, "/at");
    let stale = set_if(&json!({"lock": "b", "other": 1}), &json!(first));
    let fault = pair.b.err(stale, "conflict").await?;
    must(num(&fault, "/at") == second, "the position of the removal", &fault)?;
    let current = set_if(&json!({"lock": "b"}), &json!(second));
    pair.b.ok(current).await?;
    let board = board(&fixture, &pair).await?;
    must(board.get("other").is_none(), "the refused set wrote nothing", &board)
}

async fn no_conflict(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = num(&pair.a.ok(set(&json!({"a": 1}))).await?, "/at");
    let message = set_if(&json!({"a": 2}), &json!(first));
    pair.b.ok(message).await?;
    let message = set_if(&json!({"new": 2}), &json!(0));
    pair.b.ok(message).await.map(drop)
}

async fn other_keys(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = num(&pair.a.ok(set(&json!({"a": 1}))).await?, "/at");
    pair.a.ok(set(&json!({"b": 1}))).await?;
    let message = set_if(&json!({"a": 2}), &json!(first));
    pair.b.ok(message).await.map(drop)
}

async fn full(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let half = "x".repeat(limits::BOARD_BYTES_MAX / 2 + 10);
    pair.a.ok(set(&json!({"one": half}))).await?;
    let fault = pair.a.err(set(&json!({"two": half})), "board_full").await?;
    must(field(&fault) == "body.keys", "names the keys", &fault)?;
    // There is room for it in place of the first.
    let message = set(&json!({"one": null, "two": half}));
    pair.a.ok(message).await.map(drop)
}

async fn bad_keys(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let many: Map<String, Value> = (0..=limits::BOARD_KEYS_MAX).map(|n| (n.to_string(), json!(1))).collect();
    let mut bodies = vec![json!({}), json!(null), json!(7)];
    for keys in [json!({}), json!([]), json!({"": 1}), json!({ "k".repeat(65): 1 }), Value::Object(many)] {
        bodies.push(json!({ "keys": keys }));
    }
    for body in bodies {
        let message = json!({"op": "set", "body": body});
        let fault = pair.a.err(message, "bad_field").await?;
        must(field(&fault) == "body.keys", "names the keys", &fault)?;
    }
    Ok(())
}

async fn bad_if_at(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    for if_at in [json!(-1), json!("1"), json!(1.5)] {
        let message = set_if(&json!({"a": 1}), &if_at);
        let fault = pair.a.err(message, "bad_field").await?;
        must(field(&fault) == "body.if_at", "names if_at", &fault)?;
    }
    Ok(())
}

async fn refused_quietly(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(set(&json!({"a": 1}))).await?;
    next_event!(pair.b, RoomEvent::Set).await?;
    let message = set_if(&json!({"a": 2, "b": 2}), &json!(0));
    pair.a.err(message, "conflict").await?;
    let rest = pair.b.settle().await?;
    ensure!(events!(rest, RoomEvent::Set).is_empty(), "{rest:?}");
    let board = board(&fixture, &pair).await?;
    ensure!(num(&board, "/a/v") == Some(1), "{board}");
    ensure!(board.get("b").is_none(), "{board}");
    Ok(())
}
