//! Checks of resuming: a complete replay or a snapshot, never a part.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{Pair, must, say};
use crate::is_event;
use crate::wire::{RoomEvent, Socket, at, num, text};

checks! {
    "W-120" "a resume replays exactly the events since, then continues live" => exact;
    "W-121" "a resume at the head replays nothing" => at_head;
    "W-122" "another epoch is not recovered, and brings a snapshot" => wrong_epoch;
    "W-123" "a position beyond the head is not recovered, and brings a snapshot" => beyond_head;
    "W-124" "a position outside of the log is not recovered, and brings a snapshot: never a partial replay" => outside;
    "W-125" "a position without epoch, or an epoch without position, is a new connection" => half;
    "W-126" "an invalid position is a new connection" => no_position;
    "W-127" "a snapshot's events end at its position, and live events follow it" => snapshot_whole;
    "W-128" "a recovered welcome has no snapshot" => no_snapshot;
    "W-129" "a resume from position 0 replays every event of a young room" => from_zero;
}

/// Returns the epoch and head of the room, from a new socket of `b`.
async fn standing(fixture: &Fixture, pair: &mut Pair) -> Result<(String, u64)> {
    let (welcome, socket) = pair.reconnect(fixture, &pair.bo, None).await?;
    pair.b = socket;
    let epoch = text(&welcome, "/epoch").to_owned();
    Ok((epoch, num(&welcome, "/at").unwrap_or(0)))
}

fn recovered(welcome: &Value, replayed: u64) -> Result<()> {
    let is = welcome.get("recovered") == Some(&Value::Bool(true));
    must(is, "it is recovered", welcome)?;
    let count = num(welcome, "/replayed") == Some(replayed);
    must(count, &format!("{replayed} replayed"), welcome)
}

fn fresh(welcome: &Value) -> Result<()> {
    let is = welcome.get("recovered") == Some(&Value::Bool(false));
    must(is, "it is not recovered", welcome)?;
    must(num(welcome, "/replayed") == Some(0), "no replay", welcome)?;
    let snapshot = welcome.get("snapshot").is_some_and(Value::is_object);
    must(snapshot, "a snapshot", welcome)
}

async fn exact(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (epoch, head) = standing(&fixture, &mut pair).await?;
    for n in 0..7 {
        pair.a.ok(say(n)).await?;
    }
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, Some((&epoch, head))).await?;
    recovered(&welcome, 7)?;
    for n in 0..7 {
        let event = socket.numbered().await?;
        must(at(&event) == Some(head + 1 + n), "in order", &event)?;
        must(num(&event, "/body") == Some(n), "what was said", &event)?;
    }
    pair.a.ok(say("live")).await?;
    let event = socket.numbered().await?;
    must(text(&event, "/body") == "live", "then live", &event)
}

async fn at_head(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (epoch, head) = standing(&fixture, &mut pair).await?;
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, Some((&epoch, head))).await?;
    recovered(&welcome, 0)?;
    pair.a.ok(say("live")).await?;
    let event = socket.numbered().await?;
    must(at(&event) == Some(head + 1), "goes on", &event)
}

async fn opens_fresh(fixture: &Fixture, alter: impl Fn(&str, u64) -> (String, u64)) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (epoch, head) = standing(fixture, &mut pair).await?;
    let (epoch, head) = alter(&epoch, head);
    let (welcome, _socket) = pair.reconnect(fixture, &pair.bo, Some((&epoch, head))).await?;
    fresh(&welcome)
}

async fn wrong_epoch(fixture: Fixture) -> Result<()> {
    opens_fresh(&fixture, |_, head| ("e999".into(), head)).await
}

async fn beyond_head(fixture: Fixture) -> Result<()> {
    opens_fresh(&fixture, |epoch, head| (epoch.into(), head + 1)).await
}

async fn outside(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(8).await?;
    let wish = json!({ "seats": 8 });
    let (room, mut sockets) = fixture.server().open_room_with(&wish, &guests).await?;
    let burst: Vec<Value> = (0..40).map(say).collect();
    for socket in &mut sockets {
        socket.send(&Value::Array(burst.clone())).await?;
    }
    let mut last = 0;
    for socket in &mut sockets {
        last = last.max(num(&socket.ok(say("last")).await.unwrap_or_default(), "/at").unwrap_or(0));
    }
    let Some(guest) = guests.first() else {
        return Ok(());
    };
    let opening = fixture.server().room(&room, guest);
    let mut socket = opening.clone().connect().await?;
    let welcome = socket.welcome().await?;
    let (epoch, head) = (text(&welcome, "/epoch"), num(&welcome, "/at").unwrap_or(0));
    ensure!(head > 320, "only {head} events");
    let mut socket = opening.clone().resume(epoch, 1).connect().await?;
    fresh(&socket.welcome().await?)?;
    let mut socket = opening.resume(epoch, head - 100).connect().await?;
    recovered(&socket.welcome().await?, 100)
}

async fn queried(fixture: &Fixture, names: &[(&str, &str)]) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let mut opening = fixture.server().room(&pair.room, &pair.bo);
    for (name, value) in names {
        opening = opening.query(name, value);
    }
    let mut socket: Socket = opening.connect().await?;
    fresh(&socket.welcome().await?)
}

async fn half(fixture: Fixture) -> Result<()> {
    queried(&fixture, &[("at", "1")]).await?;
    queried(&fixture, &[("epoch", "e1")]).await
}

async fn no_position(fixture: Fixture) -> Result<()> {
    for at in ["-1", "abc", "1.5", "99999999999999999999999"] {
        queried(&fixture, &[("epoch", "e1"), ("at", at)]).await?;
    }
    Ok(())
}

async fn snapshot_whole(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    for n in 0..5 {
        pair.a.ok(say(n)).await?;
    }
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    let events = welcome.pointer("/snapshot/events").and_then(Value::as_array);
    let events = events.cloned().unwrap_or_default();
    let mut last = num(&welcome, "/snapshot/at").map_or(0, |at| at - events.len() as u64);
    for event in &events {
        must(at(event) == Some(last + 1), "contiguous", event)?;
        last += 1;
    }
    pair.a.ok(say("live")).await?;
    let event = socket.numbered().await?;
    must(at(&event) == Some(last + 1), "live follows", &event)
}

async fn no_snapshot(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (epoch, head) = standing(&fixture, &mut pair).await?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.bo, Some((&epoch, head))).await?;
    must(welcome.get("snapshot").is_none(), "no snapshot", &welcome)
}

async fn from_zero(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (epoch, head) = standing(&fixture, &mut pair).await?;
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, Some((&epoch, 0))).await?;
    recovered(&welcome, head)?;
    let event = socket.numbered().await?;
    must(at(&event) == Some(1) && is_event!(&event, RoomEvent::Joined), "the first", &event)
}
