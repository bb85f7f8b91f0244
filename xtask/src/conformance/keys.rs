//! Checks of keys, which make commands safe to repeat.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::must;
use crate::wire::{RoomEvent, num};
use crate::{events, is_event};

checks! {
    "W-110" "a key repeated on one socket gives the first result, and no second event" => same_socket;
    "W-111" "a key repeated on a later socket gives the first result" => later_socket;
    "W-112" "a key belongs to its player: the same key of another player is another command" => another_player;
    "W-113" "a set repeated by key is not compared again" => set_again;
    "W-114" "the same key twice in one frame is one command" => same_frame;
    "W-115" "a refused command may be repeated with its key" => refused_again;
    "W-116" "a repeated command with ack durable is answered when the first is on disk" => durable_again;
}

fn keyed(key: &str, body: impl Into<Value>) -> Value {
    json!({"op": "say", "key": key, "body": body.into()})
}

async fn same_socket(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = pair.a.ok(keyed("k", 1)).await?;
    let again = pair.a.ok(keyed("k", 2)).await?;
    ensure!(first == again, "{first}, then {again}");
    pair.a.settle().await?;
    let rest = pair.b.settle().await?;
    ensure!(events!(rest, RoomEvent::Said).len() == 1, "{rest:?}");
    Ok(())
}

async fn later_socket(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = pair.a.ok(keyed("k", 1)).await?;
    let (_, mut socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    let again = socket.ok(keyed("k", 1)).await?;
    ensure!(first == again, "{first}, then {again}");
    Ok(())
}

async fn another_player(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let mine = pair.a.ok(keyed("k", 1)).await?;
    let theirs = pair.b.ok(keyed("k", 1)).await?;
    ensure!(num(&mine, "/at") < num(&theirs, "/at"), "{mine} {theirs}");
    Ok(())
}

async fn set_again(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = num(&pair.a.ok(json!({"op": "set", "body": {"keys": {"a": 1}}})).await?, "/at");
    let message = json!({"op": "set", "key": "k", "body": {"keys": {"a": 2}, "if_at": first}});
    let ok = pair.a.ok(message.clone()).await?;
    let again = pair.a.ok(message).await?;
    ensure!(ok == again, "{ok}, then {again}");
    Ok(())
}

async fn same_frame(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let one = |id| json!({"id": id, "op": "say", "key": "k", "body": 1});
    pair.a.send(&json!([one("x"), one("y")])).await?;
    let first = pair.a.reply(&json!("x")).await?;
    let second = pair.a.reply(&json!("y")).await?;
    ensure!(first.get("ok") == second.get("ok"), "{first} {second}");
    let rest = pair.b.settle().await?;
    ensure!(events!(rest, RoomEvent::Said).len() == 1, "{rest:?}");
    Ok(())
}

async fn refused_again(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "signal", "key": "k", "to": "p_nobody", "body": 1});
    pair.a.err(message, "not_found").await?;
    pair.a.ok(keyed("k", 1)).await.map(drop)
}

async fn durable_again(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let first = pair.a.ok(keyed("k", 1)).await?;
    let mut message = keyed("k", 1);
    if let Some(fields) = message.as_object_mut() {
        fields.insert("ack".into(), "durable".into());
    }
    let again = pair.a.ok(message).await?;
    ensure!(first == again, "{first}, then {again}");
    let rest = pair.a.take_received();
    let position = num(&first, "/at");
    let durable = rest.iter().any(|one| is_event!(one, RoomEvent::Durable) && num(one, "/to") >= position);
    must(durable, "durable came before", &json!(rest))
}
