//! Checks of a room's end, and of connections after it.

use anyhow::Result;
use serde_json::{Value, json};
use shared::limits;

use super::Fixture;
use super::fixture::{field, must};
use crate::next_event;
use crate::wire::{RoomEvent, num, text};

checks! {
    "W-150" "end ends the room: every member gets ended with reason, by and result, then 4007" => ends;
    "W-151" "the reply to end comes before the close" => replied;
    "W-152" "where only the owner ends it, others are forbidden" => owner_only;
    "W-153" "where no member may end it, the owner is forbidden too" => owner_forbidden;
    "W-154" "a result over 4 KiB is too_long" => long_result;
    "W-155" "a member who reconnects within linger_s gets the replay with the end, then 4007" => linger;
    "W-156" "a stranger's connection to an ended room closes 4007" => stranger;
    "W-157" "a room whose age_s has passed is over: time_up" => time_up;
    "W-158" "a room that no player joins is over after no_show_s" => no_show;
    "W-159" "an ended room closes 4011 after it has lingered" => gone;
}

async fn ends(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "end", "body": {"winner": "ana"}});
    pair.a.send(&message).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        let event = next_event!(socket, RoomEvent::Ended).await?;
        must(text(&event, "/by") == pair.ana.id, "by", &event)?;
        must(text(&event, "/body/reason") == "ended", "reason", &event)?;
        let winner = text(&event, "/body/result/winner");
        must(winner == "ana", "result", &event)?;
        socket.closed_with(4007).await?;
    }
    Ok(())
}

async fn replied(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.a.ok(json!({"op": "end"})).await?;
    must(num(&ok, "/at").is_some(), "at", &ok)?;
    pair.a.closed_with(4007).await.map(drop)
}

async fn owner_only(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"end": "owner"})).await?;
    pair.b.err(json!({"op": "end"}), "forbidden").await?;
    pair.a.ok(json!({"op": "end"})).await?;
    pair.b.closed_with(4007).await.map(drop)
}

async fn owner_forbidden(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"end": "nobody"})).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        socket.err(json!({"op": "end"}), "forbidden").await?;
    }
    Ok(())
}

async fn long_result(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let body = "x".repeat(limits::RESULT_BYTES_MAX);
    let message = json!({"op": "end", "body": body});
    let fault = pair.a.err(message, "too_long").await?;
    must(field(&fault) == "body", "names the body", &fault)
}

async fn linger(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (welcome, socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    socket.cut();
    next_event!(pair.a, RoomEvent::Away).await?;
    pair.a.ok(json!({"op": "end", "body": 7})).await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let from = (text(&welcome, "/epoch"), head);
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, Some(from)).await?;
    must(text(&welcome, "/phase") == "over", "over", &welcome)?;
    let event = next_event!(socket, RoomEvent::Ended).await?;
    must(num(&event, "/body/result") == Some(7), "result", &event)?;
    socket.closed_with(4007).await.map(drop)
}

async fn stranger(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(json!({"op": "end"})).await?;
    let guest = fixture.guest().await?;
    let mut socket = fixture.server().room(&pair.room, &guest).connect().await?;
    socket.closed_with(4007).await.map(drop)
}

async fn time_up(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"age_s": 3})).await?;
    let event = next_event!(pair.b, RoomEvent::Ended).await?;
    must(text(&event, "/body/reason") == "time_up", "reason", &event)?;
    pair.b.closed_with(4007).await.map(drop)
}

/// Requests the room's summary until it fits.
async fn summary(fixture: &Fixture, room: &str, fits: impl Fn(u16, &Value) -> bool) -> Result<()> {
    loop {
        let answer = fixture.server().get(&format!("/v1/rooms/{room}")).await?;
        let status = answer.status().as_u16();
        if fits(status, &answer.json().await?) {
            return Ok(());
        }
        // No socket receives this event, and the check as a whole has a deadline.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn no_show(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let wish = json!({"rules": {"no_show_s": 1}});
    let room = fixture.server().open_room(&guest, &wish).await?;
    let over = |_, summary: &Value| text(summary, "/phase") == "over";
    summary(&fixture, &room, over).await
}

async fn gone(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"linger_s": 1})).await?;
    pair.a.ok(json!({"op": "end"})).await?;
    summary(&fixture, &pair.room, |status, _| status == 404).await?;
    let mut socket = fixture.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4011).await.map(drop)
}
