//! Who watches.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::table::{must, named, say};
use crate::wire::{Socket, num, text};

checks! {
    "W-143" "where the rules allow it one may watch: every event, no seat, and nobody is told" => watches;
    "W-144" "who watches does not speak: forbidden" => silent;
    "W-145" "where the rules do not allow it, watching closes 4005" => not_allowed;
    "W-146" "who watches resumes like a member" => resumes;
    "W-147" "where the rules allow it, who finds no free seat watches" => overflow;
}

async fn watcher(table: &Table, room: &str) -> Result<(Value, Socket)> {
    let guest = table.guest().await?;
    let opening = table.server().room(room, &guest).watch();
    let mut socket = opening.connect().await?;
    Ok((socket.welcome().await?, socket))
}

async fn watches(table: Table) -> Result<()> {
    let (room, ana, mut a) = table.alone(json!({"spectators": true})).await?;
    let (welcome, mut socket) = watcher(&table, &room).await?;
    let members = welcome.get("members").and_then(Value::as_array);
    must(members.map(Vec::len) == Some(1), "one member", &welcome)?;
    a.ok(say("look")).await?;
    let event = socket.event("said").await?;
    must(text(&event, "/by") == ana.id, "by", &event)?;
    let rest = a.settle().await?;
    ensure!(named(&rest, "joined").is_empty(), "{rest:?}");
    Ok(())
}

async fn silent(table: Table) -> Result<()> {
    let (room, ana, _a) = table.alone(json!({"spectators": true})).await?;
    let (_, mut socket) = watcher(&table, &room).await?;
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

async fn not_allowed(table: Table) -> Result<()> {
    let pair = table.pair(json!({})).await?;
    let guest = table.guest().await?;
    let opening = table.server().room(&pair.room, &guest).watch();
    opening.connect().await?.closed_with(4005).await.map(drop)
}

async fn resumes(table: Table) -> Result<()> {
    let (room, _, mut a) = table.alone(json!({"spectators": true})).await?;
    let guest = table.guest().await?;
    let opening = table.server().room(&room, &guest).watch();
    let mut socket = opening.connect().await?;
    let welcome = socket.welcome().await?;
    socket.cut();
    a.ok(say("meanwhile")).await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let opening = opening.resume(text(&welcome, "/epoch"), head);
    let mut socket = opening.connect().await?;
    let welcome = socket.welcome().await?;
    must(num(&welcome, "/replayed") == Some(1), "one event", &welcome)?;
    let event = socket.event("said").await?;
    must(text(&event, "/body") == "meanwhile", "it", &event)
}

async fn overflow(table: Table) -> Result<()> {
    let pair = table.pair(json!({"spectators": true})).await?;
    let guest = table.guest().await?;
    let mut socket = table.server().room(&pair.room, &guest).connect().await?;
    socket.welcome().await?;
    socket.err(say("psst"), "forbidden").await.map(drop)
}
