//! Checks of a room's members: joining, leaving, reconnecting, being kicked.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must, say};
use crate::wire::{Player, RoomEvent, Socket, num, text};
use crate::{events, next_event};

checks! {
    "W-027" "members of an open room carry their names, in joined and in the welcome" => named;
    "W-130" "every member gets joined for a new member" => joined;
    "W-131" "a member without a socket is away to the others, and keeps the seat" => away;
    "W-132" "a member who reconnects is back" => back;
    "W-133" "a newer socket of the same player takes the seat over: the older closes 4006, and no away event is sent" => taken_over;
    "W-134" "late frames of a replaced socket are ignored" => late_frames;
    "W-135" "a member's leave sends left to the others and closes 4000" => leave;
    "W-136" "a member who left may not return: 4005" => left_for_good;
    "W-137" "the seat of a player who stays away is vacated after grace_s" => stayed_away;
    "W-138" "the owner kicks a member: left with kicked, close 4002, and no return" => kick;
    "W-139" "a kick by another member is forbidden" => kick_forbidden;
    "W-140" "a kick of a player who is not a member is not_found; without to it is bad_field" => kick_unknown;
    "W-141" "a player without a free seat is closed 4005" => no_seat;
    "W-166" "an opening with yield=1 closes 4006 while a newer socket has the seat, and opens when that one is gone" => yields;
    "W-142" "when all members have left the room is over: abandoned" => abandoned;
}

/// Two players who opened one room, the second after the first.
struct Joins {
    second: Player,
    /// The first player's own `joined`, and that of the second, as the first received them.
    events: [Value; 2],
    /// The second player's welcome.
    welcome: Value,
    /// Both sockets, which stay open while a check looks at the rest.
    _sockets: [Socket; 2],
}

async fn join_in_turn(fixture: &Fixture) -> Result<Joins> {
    let (first, second) = (fixture.guest().await?, fixture.guest().await?);
    let room = fixture.server().open_room(&first, &json!({})).await?;
    let mut a = fixture.server().room(&room, &first).connect().await?;
    a.welcome().await?;
    let own = next_event!(a, RoomEvent::Joined).await?;
    let mut b = fixture.server().room(&room, &second).connect().await?;
    let welcome = b.welcome().await?;
    let other = next_event!(a, RoomEvent::Joined).await?;
    Ok(Joins { second, events: [own, other], welcome, _sockets: [a, b] })
}

async fn joined(fixture: Fixture) -> Result<()> {
    let Joins { second, events: [_, event], .. } = join_in_turn(&fixture).await?;
    must(text(&event, "/by") == second.id, "by", &event)
}

async fn named(fixture: Fixture) -> Result<()> {
    let Joins { events, welcome, .. } = join_in_turn(&fixture).await?;
    for event in &events {
        must(!text(event, "/body/name").is_empty(), "the name", event)?;
    }
    must(text(&welcome, "/members/0/name") == text(&events[0], "/body/name"), "the name", &welcome)
}

async fn yields(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let opening = fixture.server().room(&pair.room, &pair.bo).yields();
    opening.connect().await?.closed_with(4006).await?;
    pair.b.ok(say("still here")).await?;
    pair.b.close().await?;
    next_event!(pair.a, RoomEvent::Away).await?;
    let mut again = opening.connect().await?;
    again.welcome().await?;
    next_event!(pair.a, RoomEvent::Back).await.map(drop)
}

async fn away(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.b.cut();
    let event = next_event!(pair.a, RoomEvent::Away).await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    let path = format!("/v1/rooms/{}", pair.room);
    let summary: serde_json::Value = fixture.server().get(&path).await?.json().await?;
    must(summary.to_string().contains("away"), "away", &summary)
}

async fn back(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.b.cut();
    next_event!(pair.a, RoomEvent::Away).await?;
    let mut again = fixture.server().room(&pair.room, &pair.bo).connect().await?;
    again.welcome().await?;
    let event = next_event!(pair.a, RoomEvent::Back).await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)
}

async fn taken_over(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (_, mut newer) = pair.reconnect(&fixture, &pair.bo, None).await?;
    pair.b.closed_with(4006).await?;
    newer.ok(say("me")).await?;
    let rest = pair.a.settle().await?;
    let moved = events!(rest, RoomEvent::Away).len() + events!(rest, RoomEvent::Back).len();
    ensure!(moved == 0, "{rest:?}");
    Ok(())
}

async fn late_frames(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (_, mut newer) = pair.reconnect(&fixture, &pair.bo, None).await?;
    // The socket does not know yet that it is replaced.
    let _ = pair.b.send(&say("late")).await;
    pair.b.closed_with(4006).await?;
    newer.ok(say("new")).await?;
    let rest = pair.a.settle().await?;
    let said = events!(rest, RoomEvent::Said);
    let only = said.iter().all(|event| text(event, "/body") == "new");
    ensure!(only && said.len() == 1, "{rest:?}");
    Ok(())
}

async fn leave(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.b.ok(json!({"op": "leave"})).await?;
    must(num(&ok, "/at").is_some(), "at", &ok)?;
    pair.b.closed_with(4000).await?;
    let event = next_event!(pair.a, RoomEvent::Left).await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    must(text(&event, "/body/reason") == "left", "reason", &event)
}

async fn left_for_good(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.b.ok(json!({"op": "leave"})).await?;
    pair.b.closed_with(4000).await?;
    let mut socket = fixture.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4005).await.map(drop)
}

async fn stayed_away(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"grace_s": 1})).await?;
    pair.b.cut();
    next_event!(pair.a, RoomEvent::Away).await?;
    let event = next_event!(pair.a, RoomEvent::Left).await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    let reason = text(&event, "/body/reason") == "stayed_away";
    must(reason, "reason", &event)
}

async fn kick(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(json!({"op": "kick", "to": pair.bo.id})).await?;
    pair.b.closed_with(4002).await?;
    let event = next_event!(pair.a, RoomEvent::Left).await?;
    must(text(&event, "/by") == pair.bo.id, "by", &event)?;
    must(text(&event, "/body/reason") == "kicked", "reason", &event)?;
    let mut socket = fixture.server().room(&pair.room, &pair.bo).connect().await?;
    socket.closed_with(4002).await.map(drop)
}

async fn kick_forbidden(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "kick", "to": pair.ana.id});
    pair.b.err(message, "forbidden").await?;
    pair.a.ok(say("still here")).await.map(drop)
}

async fn kick_unknown(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "kick", "to": "p_nobody"});
    let fault = pair.a.err(message, "not_found").await?;
    must(field(&fault) == "to", "names to", &fault)?;
    let fault = pair.a.err(json!({"op": "kick"}), "bad_field").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn no_seat(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let third = fixture.guest().await?;
    let mut socket = fixture.server().room(&pair.room, &third).connect().await?;
    socket.closed_with(4005).await.map(drop)
}

async fn abandoned(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.b.ok(json!({"op": "leave"})).await?;
    pair.b.closed_with(4000).await?;
    pair.a.ok(json!({"op": "leave"})).await?;
    pair.a.closed_with(4000).await?;
    let path = format!("/v1/rooms/{}", pair.room);
    let summary: serde_json::Value = fixture.server().get(&path).await?.json().await?;
    must(text(&summary, "/phase") == "over", "it is over", &summary)
}
