//! Checks of `say` and `hint`, and of the message rate limit.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::limits;
use tokio::time::{Duration, sleep};

use super::Fixture;
use super::fixture::{field, must, say};
use crate::wire::{RoomEvent, at, num, text};
use crate::{events, next_event};

checks! {
    "W-060" "said is sent to every member, its sender too, with at, ev, by, ts and body" => said;
    "W-061" "a body of say, hint or signal over 8 KiB is too_long" => too_long;
    "W-062" "the reply has the position of the event" => reply_at;
    "W-063" "a hint is sent to every member without a position" => hint;
    "W-064" "a hint with to is sent to that member only" => hint_to;
    "W-065" "a hint to a player who is not a member is not_found" => hint_unknown;
    "W-066" "a hint is not kept: it is in no snapshot and in no replay" => hint_not_kept;
    "W-067" "of several hints at once the newest of a sender is sent, and replaces older ones" => conflation;
    "W-068" "beyond the rate limit a command is too_fast with after_ms, after which it succeeds" => too_fast;
    "W-069" "far beyond the rate limit the socket is closed 4101 with after_ms" => far_too_fast;
    "W-070" "seen is answered ok; an invalid position is bad_field" => seen;
    "W-071" "a seen position beyond the head has no effect" => seen_ahead;
}

async fn said(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(say(json!({"move": "e4"}))).await?;
    let (mine, theirs) =
        (next_event!(pair.a, RoomEvent::Said).await?, next_event!(pair.b, RoomEvent::Said).await?);
    ensure!(mine == theirs, "{mine} is {theirs} for the other member");
    must(text(&mine, "/by") == pair.ana.id, "by", &mine)?;
    must(text(&mine, "/body/move") == "e4", "body", &mine)?;
    must(at(&mine).is_some() && num(&mine, "/ts").is_some(), "at, ts", &mine)
}

async fn too_long(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let long = "x".repeat(limits::BODY_BYTES_MAX);
    for message in [
        json!({"op": "say", "body": long}),
        json!({"op": "hint", "body": long}),
        json!({"op": "signal", "to": pair.bo.id, "body": long}),
    ] {
        let fault = pair.a.err(message, "too_long").await?;
        must(field(&fault) == "body", "names the body", &fault)?;
    }
    let fits = "x".repeat(limits::BODY_BYTES_MAX - 2);
    pair.a.ok(say(fits)).await.map(drop)
}

async fn reply_at(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    let ok = socket.ok(say("here")).await?;
    let event = next_event!(socket, RoomEvent::Said).await?;
    ensure!(num(&ok, "/at") == at(&event), "{ok} and {event}");
    Ok(())
}

async fn hint(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(json!({"op": "hint", "body": "typing"})).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        let event = next_event!(socket, RoomEvent::Hint).await?;
        must(event.get("at").is_none(), "no position", &event)?;
        must(text(&event, "/by") == pair.ana.id, "by", &event)?;
        must(text(&event, "/body") == "typing", "body", &event)?;
    }
    Ok(())
}

async fn hint_to(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "hint", "to": pair.bo.id, "body": "psst"});
    pair.a.ok(message).await?;
    next_event!(pair.b, RoomEvent::Hint).await?;
    let rest = pair.a.settle().await?;
    ensure!(events!(rest, RoomEvent::Hint).is_empty(), "{rest:?}");
    Ok(())
}

async fn hint_unknown(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let message = json!({"op": "hint", "to": "p_nobody", "body": 1});
    let fault = pair.a.err(message, "not_found").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn hint_not_kept(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (before, socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    pair.b = socket;
    pair.a.ok(json!({"op": "hint", "body": "gone"})).await?;
    let head = num(&before, "/at").unwrap_or(0);
    let from = Some((text(&before, "/epoch"), head));
    for from in [None, from] {
        let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, from).await?;
        let rest = socket.settle().await?;
        let all = format!("{welcome}{rest:?}");
        ensure!(!all.contains("gone"), "{all}");
    }
    Ok(())
}

async fn conflation(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let frame: Vec<Value> = (0..30).map(|n| json!({"op": "hint", "body": n})).collect();
    pair.a.send(&Value::Array(frame)).await?;
    pair.a.ok(say("after")).await?;
    next_event!(pair.b, RoomEvent::Said).await?;
    let rest = pair.b.settle().await?;
    let hints = events!(rest, RoomEvent::Hint);
    let last = hints.last().and_then(|hint| num(hint, "/body"));
    ensure!(last == Some(29), "the newest hint is missing: {rest:?}");
    ensure!(hints.len() < 30, "all {} hints came", hints.len());
    Ok(())
}

fn flood(count: usize) -> Value {
    let one = |id| json!({"id": id, "op": "hint", "body": 1});
    Value::Array((0..count).map(one).collect())
}

async fn too_fast(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    socket.send(&flood(60)).await?;
    let reply = socket.wait("too_fast", |one| text(one, "/err/code") == "too_fast").await?;
    must(reply.get("id").is_some(), "an id", &reply)?;
    let retry = reply.pointer("/err/retry") == Some(&Value::Bool(true));
    must(retry, "retry is true", &reply)?;
    let wait = num(&reply, "/err/after_ms").unwrap_or(0);
    must((1..=5_000).contains(&wait), "how long to wait", &reply)?;
    // The server named the time to wait; no event precedes it.
    sleep(Duration::from_millis(wait)).await;
    socket.ok(say("in time")).await.map(drop)
}

async fn far_too_fast(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    for _ in 0..20 {
        if socket.send(&flood(limits::BATCH_MESSAGES_MAX)).await.is_err() {
            break;
        }
    }
    let close = socket.closed_with(4101).await?;
    let reason: Value = serde_json::from_str(&close.reason)?;
    must(num(&reason, "/after_ms").is_some(), "after_ms", &reason)
}

async fn seen(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    socket.ok(json!({"op": "seen", "body": {"at": 1}})).await?;
    for body in [json!({}), json!({"at": -1}), json!({"at": "1"}), json!(7)] {
        let message = json!({"op": "seen", "body": body});
        let fault = socket.err(message, "bad_field").await?;
        must(field(&fault) == "body.at", "names body.at", &fault)?;
    }
    Ok(())
}

async fn seen_ahead(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let body = json!({"at": 9_007_199_254_740_991_u64});
    pair.b.ok(json!({"op": "seen", "body": body})).await?;
    pair.a.ok(say("still")).await?;
    next_event!(pair.b, RoomEvent::Said).await.map(drop)
}
