//! Coming, going, coming back, and being put out.

use anyhow::{Result, ensure};
use serde_json::json;

use super::Table;
use super::table::{field, must, named, say};
use crate::wire::{num, text};

checks! {
    "W-130" "who comes is joined to everybody" => joined;
    "W-131" "who loses the socket is away to the others, and keeps the seat" => away;
    "W-132" "who returns is back" => back;
    "W-133" "a newer socket of the same player takes the seat over: the older closes 4006, and nobody is away" => taken_over;
    "W-134" "late frames of a replaced socket are ignored" => late_frames;
    "W-135" "who leaves is left to the others and closes 4000" => leave;
    "W-136" "who left may not return: 4005" => left_for_good;
    "W-137" "a seat whose player stays away is given up after grace_s" => stayed_away;
    "W-138" "the owner puts a member out: left with kicked, close 4002, and no return" => kick;
    "W-139" "who is not the owner puts nobody out: forbidden" => kick_forbidden;
    "W-140" "putting out somebody who is not here is not_found; nobody at all is bad_field" => kick_nobody;
    "W-141" "who finds no free seat closes 4005" => no_seat;
    "W-142" "when all have left the room is over: abandoned" => abandoned;
}

async fn joined(table: Table) -> Result<()> {
    let guests = table.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let room = table.server().open_room(ana, &json!({})).await?;
    let mut a = table.server().room(&room, ana).connect().await?;
    a.welcome().await?;
    a.event("joined").await?;
    let mut b = table.server().room(&room, bo).connect().await?;
    b.welcome().await?;
    let event = a.event("joined").await?;
    must(text(&event, "/by") == bo.id, "by", &event)
}

async fn away(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.b.cut();
    let event = pair.a.event("away").await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    let path = format!("/v1/rooms/{}", pair.room);
    let summary: serde_json::Value = table.server().get(&path).await?.json().await?;
    must(summary.to_string().contains("away"), "away", &summary)
}

async fn back(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.b.cut();
    pair.a.event("away").await?;
    let mut again = table.server().room(&pair.room, &pair.bo).connect().await?;
    again.welcome().await?;
    let event = pair.a.event("back").await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)
}

async fn taken_over(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (_, mut newer) = pair.again(&table, &pair.bo, None).await?;
    pair.b.closed_with(4006).await?;
    newer.ok(say("me")).await?;
    let rest = pair.a.settle().await?;
    let moved = named(&rest, "away").len() + named(&rest, "back").len();
    ensure!(moved == 0, "{rest:?}");
    Ok(())
}

async fn late_frames(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (_, mut newer) = pair.again(&table, &pair.bo, None).await?;
    // It has not yet read that it is replaced.
    let _ = pair.b.send(&say("late")).await;
    pair.b.closed_with(4006).await?;
    newer.ok(say("new")).await?;
    let rest = pair.a.settle().await?;
    let said = named(&rest, "said");
    let only = said.iter().all(|event| text(event, "/body") == "new");
    ensure!(only && said.len() == 1, "{rest:?}");
    Ok(())
}

async fn leave(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let ok = pair.b.ok(json!({"op": "leave"})).await?;
    must(num(&ok, "/at").is_some(), "at", &ok)?;
    pair.b.closed_with(4000).await?;
    let event = pair.a.event("left").await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    must(text(&event, "/body/reason") == "left", "reason", &event)
}

async fn left_for_good(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.b.ok(json!({"op": "leave"})).await?;
    pair.b.closed_with(4000).await?;
    let mut socket = table.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4005).await.map(drop)
}

async fn stayed_away(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({"grace_s": 1})).await?;
    pair.b.cut();
    pair.a.event("away").await?;
    let event = pair.a.event("left").await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    let reason = text(&event, "/body/reason") == "stayed_away";
    must(reason, "reason", &event)
}

async fn kick(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.a.ok(json!({"op": "kick", "to": pair.bo.id})).await?;
    pair.b.closed_with(4002).await?;
    let event = pair.a.event("left").await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    must(text(&event, "/body/reason") == "kicked", "reason", &event)?;
    let mut socket = table.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4002).await.map(drop)
}

async fn kick_forbidden(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let message = json!({"op": "kick", "to": pair.ana.id});
    pair.b.err(message, "forbidden").await?;
    pair.a.ok(say("still here")).await.map(drop)
}

async fn kick_nobody(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let message = json!({"op": "kick", "to": "p_nobody"});
    let fault = pair.a.err(message, "not_found").await?;
    must(field(&fault) == "to", "names to", &fault)?;
    let fault = pair.a.err(json!({"op": "kick"}), "bad_field").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn no_seat(table: Table) -> Result<()> {
    let pair = table.pair(json!({})).await?;
    let third = table.guest().await?;
    let mut socket = table.server().room(&pair.room, &third).connect().await?;
    socket.closed_with(4005).await.map(drop)
}

async fn abandoned(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.b.ok(json!({"op": "leave"})).await?;
    pair.b.closed_with(4000).await?;
    pair.a.ok(json!({"op": "leave"})).await?;
    pair.a.closed_with(4000).await?;
    let path = format!("/v1/rooms/{}", pair.room);
    let summary: serde_json::Value = table.server().get(&path).await?.json().await?;
    must(text(&summary, "/phase") == "over", "it is over", &summary)
}
