//! How a room ends, and what it says to who comes later.

use anyhow::Result;
use serde_json::{Value, json};
use shared::caps;

use super::Table;
use super::table::{field, must};
use crate::wire::{num, text};

checks! {
    "W-150" "end ends the room: ended with reason, by and result for everybody, then 4007" => ends;
    "W-151" "the reply to end comes before the close" => replied;
    "W-152" "where only the owner ends it, others are forbidden" => owner_only;
    "W-153" "where nobody ends it, the owner is forbidden too" => nobody;
    "W-154" "a result over 4 KiB is too_long" => long_result;
    "W-155" "who lost the connection hears within linger_s how it ended: the replay, then 4007" => linger;
    "W-156" "a stranger finds the room over: 4007" => stranger;
    "W-157" "a room whose age_s has passed is over: time_up" => time_up;
    "W-158" "a room to which nobody comes is over after no_show_s" => no_show;
    "W-159" "a room that is over and has lingered is gone: 4011" => gone;
}

async fn ends(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let message = json!({"op": "end", "body": {"winner": "ana"}});
    pair.a.send(&message).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        let event = socket.event("ended").await?;
        must(text(&event, "/by") == pair.ana.id, "by", &event)?;
        must(text(&event, "/body/reason") == "ended", "reason", &event)?;
        let winner = text(&event, "/body/result/winner");
        must(winner == "ana", "result", &event)?;
        socket.closed_with(4007).await?;
    }
    Ok(())
}

async fn replied(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let ok = pair.a.ok(json!({"op": "end"})).await?;
    must(num(&ok, "/at").is_some(), "at", &ok)?;
    pair.a.closed_with(4007).await.map(drop)
}

async fn owner_only(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({"end": "owner"})).await?;
    pair.b.err(json!({"op": "end"}), "forbidden").await?;
    pair.a.ok(json!({"op": "end"})).await?;
    pair.b.closed_with(4007).await.map(drop)
}

async fn nobody(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({"end": "nobody"})).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        socket.err(json!({"op": "end"}), "forbidden").await?;
    }
    Ok(())
}

async fn long_result(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let body = "x".repeat(caps::RESULT_BYTES);
    let message = json!({"op": "end", "body": body});
    let fault = pair.a.err(message, "too_long").await?;
    must(field(&fault) == "body", "names the body", &fault)
}

async fn linger(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (welcome, socket) = pair.again(&table, &pair.bo, None).await?;
    socket.cut();
    pair.a.event("away").await?;
    pair.a.ok(json!({"op": "end", "body": 7})).await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let from = (text(&welcome, "/epoch"), head);
    let (welcome, mut socket) = pair.again(&table, &pair.bo, Some(from)).await?;
    must(text(&welcome, "/phase") == "over", "over", &welcome)?;
    let event = socket.event("ended").await?;
    must(num(&event, "/body/result") == Some(7), "result", &event)?;
    socket.closed_with(4007).await.map(drop)
}

async fn stranger(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.a.ok(json!({"op": "end"})).await?;
    let guest = table.guest().await?;
    let mut socket = table.server().room(&pair.room, &guest).connect().await?;
    socket.closed_with(4007).await.map(drop)
}

async fn time_up(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({"age_s": 3})).await?;
    let event = pair.b.event("ended").await?;
    must(text(&event, "/body/reason") == "time_up", "reason", &event)?;
    pair.b.closed_with(4007).await.map(drop)
}

/// The room's summary, asked until it fits.
async fn summary(table: &Table, room: &str, fits: impl Fn(u16, &Value) -> bool) -> Result<()> {
    loop {
        let answer = table.server().get(&format!("/v1/rooms/{room}")).await?;
        let status = answer.status().as_u16();
        if fits(status, &answer.json().await?) {
            return Ok(());
        }
        // There is no socket to hear it on, and the check as a whole has a deadline.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn no_show(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let wish = json!({"rules": {"no_show_s": 1}});
    let room = table.server().open_room(&guest, &wish).await?;
    let over = |_, summary: &Value| text(summary, "/phase") == "over";
    summary(&table, &room, over).await
}

async fn gone(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({"linger_s": 1})).await?;
    pair.a.ok(json!({"op": "end"})).await?;
    summary(&table, &pair.room, |status, _| status == 404).await?;
    let mut socket = table.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4011).await.map(drop)
}
