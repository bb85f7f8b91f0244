//! Checks of spectators.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{must, say};
use crate::wire::{RoomEvent, Socket, num, text};
use crate::{events, next_event};

checks! {
    "W-143" "where the rules allow spectators they get every event, have no seat, and no event names them" => watches;
    "W-144" "a spectator's messages are forbidden" => silent;
    "W-145" "where the rules do not allow spectators, watching closes 4005" => not_allowed;
    "W-146" "a spectator resumes like a member" => resumes;
    "W-147" "where the rules allow spectators, a player without a free seat is one" => overflow;
}

async fn watcher(fixture: &Fixture, room: &str) -> Result<(Value, Socket)> {
    let guest = fixture.guest().await?;
    let opening = fixture.server().room(room, &guest).watch();
    let mut socket = opening.connect().await?;
    Ok((socket.welcome().await?, socket))
}

async fn watches(fixture: Fixture) -> Result<()> {
    let (room, ana, mut a) = fixture.alone(json!({"spectators": true})).await?;
    let (welcome, mut socket) = watcher(&fixture, &room).await?;
    let members = welcome.get("members").and_then(Value::as_array);
    must(members.map(Vec::len) == Some(1), "one member", &welcome)?;
    a.ok(say("look")).await?;
    let event = next_event!(socket, RoomEvent::Said).await?;
    must(text(&event, "/by") == ana.id, "by", &event)?;
    let rest = a.settle().await?;
    ensure!(events!(rest, RoomEvent::Joined).is_empty(), "{rest:?}");
    Ok(())
}

async fn silent(fixture: Fixture) -> Result<()> {
    let (room, ana, _a) = fixture.alone(json!({"spectators": true})).await?;
    let (_, mut socket) = watcher(&fixture, &room).await?;
    for message in [
        say("psst"),
        json!({"op": "set", "body": {"keys": {"a": 1}}}),
        json!({"op": "hint", "body": 1}),
        json!({"op": "signal", "to": ana.id}),
        json!({"op": "end"}),
        json!({"op": "leave"}),
        json!({"op": "kick", "to": ana.id}),
    ] {
        socket.err(message, "forbidden").await?;
    }
    socket.ok(json!({"op": "seen", "body": {"at": 1}})).await?;
    Ok(())
}

async fn not_allowed(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let guest = fixture.guest().await?;
    let opening = fixture.server().room(&pair.room, &guest).watch();
    opening.connect().await?.closed_with(4005).await.map(drop)
}

async fn resumes(fixture: Fixture) -> Result<()> {
    let (room, _, mut a) = fixture.alone(json!({"spectators": true})).await?;
    let guest = fixture.guest().await?;
    let opening = fixture.server().room(&room, &guest).watch();
    let mut socket = opening.connect().await?;
    let welcome = socket.welcome().await?;
    socket.cut();
    a.ok(say("meanwhile")).await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let opening = opening.resume(text(&welcome, "/epoch"), head);
    let mut socket = opening.connect().await?;
    let welcome = socket.welcome().await?;
    must(num(&welcome, "/replayed") == Some(1), "one event", &welcome)?;
    let event = next_event!(socket, RoomEvent::Said).await?;
    must(text(&event, "/body") == "meanwhile", "body", &event)
}

async fn overflow(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({"spectators": true})).await?;
    let guest = fixture.guest().await?;
    let mut socket = fixture.server().room(&pair.room, &guest).connect().await?;
    socket.welcome().await?;
    socket.err(say("psst"), "forbidden").await.map(drop)
}
