//! Checks of rooms with a mode: moves, refusals, views and ends.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::limits;
use shared::mode::patch;

use super::Fixture;
use super::fixture::{Pair, field, must};
use crate::wire::{RoomEvent, at, num, text};
use crate::{events, next_event};

checks! {
    "W-340" "the match starts once all players have come: started has the seats, the mode and the whole state" => starts;
    "W-341" "a move is one event at the position of its reply, by its player, and its patch gives the new state" => moves;
    "W-342" "a move out of turn is not_your_turn, one against the rules is illegal, both with why and without a close" => cheats;
    "W-343" "an if_at before the last change of the match is refused with conflict and the position" => conflict;
    "W-344" "a repeated key moves once" => repeated;
    "W-345" "no member may end a room with a mode, nor move in a room without one" => forbidden;
    "W-346" "what a player hides reaches no other socket: no event, replay, snapshot or refusal" => hidden;
    "W-347" "a spectator gets the public state, and may not move" => watches;
    "W-348" "the mode ends the room: ended has reason mode and the ranks of all seats, then 4007" => ends;
    "W-349" "a member who leaves loses, if the mode says so" => leaves;
    "W-350" "an unknown mode, wrong seats or a wrong configuration is bad_field, and names the field" => bad_rooms;
    "W-351" "a resume replays the moves with the patches of the player's own view, and a snapshot has the state" => resumes;
    "W-352" "a move before the start is illegal, and one of more than 1 KiB is too_long" => early_and_long;
    "W-353" "where the end must be agreed, each result is told, and the room ends once all state the same" => agreed;
    "W-354" "a move with ack durable is answered once it is on disk" => durable;
}

const CONNECT_FOUR: &str = "connect-four@1";
const HANDS: &str = "rock-paper-scissors@1";

/// Two players in a match that has just started, and the event of its start.
async fn start(fixture: &Fixture, mode: &str) -> Result<(Pair, Value)> {
    let guests: [_; 2] = fixture.guests(2).await?.try_into().ok().context("two players")?;
    let [ana, bo] = guests;
    let wish = json!({"seats": 2, "mode": mode, "rules": {"spectators": true}});
    let room = fixture.server().open_room(&ana, &wish).await?;
    let mut a = fixture.server().room(&room, &ana).connect().await?;
    let welcome = a.welcome().await?;
    must(text(&welcome, "/mode") == mode, "the mode", &welcome)?;
    must(welcome.pointer("/snapshot/state").is_none(), "no state before the start", &welcome)?;
    let mut b = fixture.server().room(&room, &bo).connect().await?;
    b.welcome().await?;
    let started = next_event!(a, RoomEvent::Started).await?;
    let other = next_event!(b, RoomEvent::Started).await?;
    must(at(&started) == at(&other), "one position", &other)?;
    Ok((Pair { room, ana, bo, a, b }, started))
}

fn drop_disc(column: u64) -> Value {
    json!({"op": "move", "body": {"drop": column}})
}

async fn starts(fixture: Fixture) -> Result<()> {
    let (pair, started) = start(&fixture, CONNECT_FOUR).await?;
    must(text(&started, "/body/mode") == CONNECT_FOUR, "the mode", &started)?;
    must(started.pointer("/body/seats") == Some(&json!([pair.ana.id, pair.bo.id])), "the seats", &started)?;
    must(num(&started, "/state/turn") == Some(0), "the whole state", &started)
}

async fn moves(fixture: Fixture) -> Result<()> {
    let (mut pair, started) = start(&fixture, CONNECT_FOUR).await?;
    let ok = pair.a.ok(drop_disc(3)).await?;
    let mut state = started.get("state").cloned().unwrap_or_default();
    for socket in [&mut pair.a, &mut pair.b] {
        let event = next_event!(socket, RoomEvent::Moved).await?;
        must(at(&event) == num(&ok, "/at"), "at", &event)?;
        must(text(&event, "/by") == pair.ana.id, "by", &event)?;
        must(text(&event, "/body/square") == "d1", "the public part", &event)?;
        patch::apply(&mut state, event.get("state").cloned().unwrap_or_default());
        must(num(&state, "/board/d1") == Some(0) && num(&state, "/turn") == Some(1), "the state", &state)?;
    }
    Ok(())
}

async fn cheats(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    let early = pair.b.err(drop_disc(0), "not_your_turn").await?;
    must(text(&early, "/why") == "not_your_turn", "why", &early)?;
    let outside = pair.a.err(drop_disc(7), "illegal").await?;
    must(text(&outside, "/why") == "no_such_column", "why", &outside)?;
    for (nth, column) in [(0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0)] {
        let socket = if nth == 0 { &mut pair.a } else { &mut pair.b };
        socket.ok(drop_disc(column)).await?;
    }
    for body in [json!({"drop": [0, 1, 2]}), json!({"win": true}), json!("i win"), json!(null)] {
        let fault = pair.a.err(json!({"op": "move", "body": body}), "illegal").await?;
        must(text(&fault, "/why") == "malformed", "why", &fault)?;
    }
    let full = pair.a.err(drop_disc(0), "illegal").await?;
    must(text(&full, "/why") == "column_full", "why", &full)?;
    pair.a.ok(drop_disc(1)).await.map(drop)
}

async fn conflict(fixture: Fixture) -> Result<()> {
    let (mut pair, started) = start(&fixture, CONNECT_FOUR).await?;
    let with = |if_at: Option<u64>| json!({"op": "move", "if_at": if_at, "body": {"drop": 0}});
    let first = num(&pair.a.ok(with(at(&started))).await?, "/at");
    let fault = pair.b.err(with(at(&started)), "conflict").await?;
    must(num(&fault, "/at") == first, "the position", &fault)?;
    pair.b.ok(with(first)).await.map(drop)
}

async fn repeated(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    let keyed = json!({"op": "move", "key": "once", "body": {"drop": 2}});
    let first = pair.a.ok(keyed.clone()).await?;
    let (_, mut again) = pair.reconnect(&fixture, &pair.ana, None).await?;
    let second = again.ok(keyed).await?;
    ensure!(num(&first, "/at") == num(&second, "/at"), "{first} and {second}");
    let all = pair.b.settle().await?;
    ensure!(events!(all, RoomEvent::Moved).len() == 1, "{all:?}");
    Ok(())
}

async fn forbidden(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    pair.a.err(json!({"op": "end", "body": {"winner": pair.ana.id}}), "forbidden").await?;
    let mut plain = fixture.pair(json!({})).await?;
    plain.a.err(drop_disc(0), "forbidden").await.map(drop)
}

async fn hidden(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, HANDS).await?;
    let guest = fixture.guest().await?;
    let mut watcher = fixture.server().room(&pair.room, &guest).watch().connect().await?;
    watcher.welcome().await?;
    pair.a.ok(json!({"op": "move", "body": "scissors"})).await?;
    let own = next_event!(pair.a, RoomEvent::Moved).await?;
    must(text(&own, "/state/yours/0") == "scissors", "the player's own choice", &own)?;
    let fault = pair.a.err(json!({"op": "move", "body": "rock"}), "illegal").await?;
    let (position, before) = (at(&own).unwrap_or(0), at(&own).unwrap_or(1) - 1);
    let (replay, mut b) = pair.reconnect(&fixture, &pair.bo, Some(("e1", before))).await?;
    must(num(&replay, "/replayed") == Some(1), "one event", &replay)?;
    let (fresh, mut b2) = pair.reconnect(&fixture, &pair.bo, None).await?;
    must(num(&fresh, "/at") >= Some(position), "the snapshot", &fresh)?;
    let mut seen = vec![replay, fresh];
    for socket in [&mut b, &mut b2, &mut watcher] {
        seen.extend(socket.take_received());
    }
    seen.push(b2.err(json!({"op": "move", "body": "stone"}), "illegal").await?);
    for message in &seen {
        must(!message.to_string().contains("scissors\""), "nothing hidden", message)?;
    }
    must(text(&fault, "/why") == "already_chosen", "why", &fault)
}

async fn watches(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, HANDS).await?;
    let guest = fixture.guest().await?;
    let mut watcher = fixture.server().room(&pair.room, &guest).watch().connect().await?;
    let welcome = watcher.welcome().await?;
    must(welcome.pointer("/snapshot/state/yours") == Some(&json!({})), "the public state", &welcome)?;
    watcher.err(json!({"op": "move", "body": "rock"}), "forbidden").await?;
    pair.b.ok(json!({"op": "move", "body": "rock"})).await?;
    let event = next_event!(watcher, RoomEvent::Moved).await?;
    must(event.pointer("/state/chosen/1") == Some(&json!(true)), "the public patch", &event)
}

async fn ends(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    pair.a.ok(json!({"op": "move", "body": {"end": "resign"}})).await?;
    for socket in [&mut pair.a, &mut pair.b] {
        let event = next_event!(socket, RoomEvent::Ended).await?;
        must(text(&event, "/body/reason") == "mode", "the reason", &event)?;
        must(event.pointer("/body/outcome/ranks") == Some(&json!([2, 1])), "the ranks", &event)?;
        must(text(&event, "/body/outcome/why") == "resigned", "why", &event)?;
        socket.closed_with(4007).await?;
    }
    Ok(())
}

async fn leaves(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    pair.b.ok(json!({"op": "leave"})).await?;
    let event = next_event!(pair.a, RoomEvent::Ended).await?;
    must(event.pointer("/body/outcome/ranks") == Some(&json!([1, 2])), "the ranks", &event)
}

async fn bad_rooms(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    for (wish, named) in [
        (json!({"mode": "chess@1"}), "mode:"),
        (json!({"mode": "connect-four"}), "mode:"),
        (json!({"mode": CONNECT_FOUR, "seats": 3}), "seats:"),
        (json!({"mode": HANDS, "mode_config": {"best_of": 2}}), "mode_config.best_of:"),
        (json!({"mode_config": {"best_of": 3}}), "mode_config:"),
    ] {
        let response = fixture.server().post("/v1/rooms", Some(&guest.token), wish.to_string()).await?;
        let status = response.status();
        let problem: Value = response.json().await?;
        must(status == 400 && text(&problem, "/code") == "bad_field", "bad_field", &problem)?;
        must(text(&problem, "/detail").starts_with(named), named, &problem)?;
    }
    Ok(())
}

async fn resumes(fixture: Fixture) -> Result<()> {
    let (mut pair, started) = start(&fixture, HANDS).await?;
    pair.a.ok(json!({"op": "move", "body": "paper"})).await?;
    let from = at(&started).unwrap_or_default();
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.ana, Some(("e1", from))).await?;
    must(welcome.get("recovered") == Some(&json!(true)), "recovered", &welcome)?;
    let event = next_event!(socket, RoomEvent::Moved).await?;
    must(text(&event, "/state/yours/0") == "paper", "the player's own patch", &event)?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    must(text(&welcome, "/snapshot/state/yours/0") == "paper", "the player's own state", &welcome)
}

async fn early_and_long(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let room = fixture.server().open_room(&guest, &json!({"mode": CONNECT_FOUR})).await?;
    let mut socket = fixture.server().room(&room, &guest).connect().await?;
    socket.welcome().await?;
    let fault = socket.err(drop_disc(0), "illegal").await?;
    must(text(&fault, "/why") == "not_started", "why", &fault)?;
    let long = "x".repeat(limits::MODE_MOVE_BYTES_MAX);
    let fault = socket.err(json!({"op": "move", "body": long}), "too_long").await?;
    must(field(&fault) == "body", "names the body", &fault)
}

async fn agreed(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({"end": "agreed"})).await?;
    let end = |winner: &str| json!({"op": "end", "body": {"winner": winner}});
    pair.a.ok(end(&pair.ana.id)).await?;
    let event = next_event!(pair.b, RoomEvent::EndProposed).await?;
    must(text(&event, "/body/result/winner") == pair.ana.id, "the result", &event)?;
    must(num(&event, "/body/until").is_some(), "until", &event)?;
    pair.b.ok(end(&pair.bo.id)).await?;
    // They differ until one of them states the other result.
    pair.b.ok(end(&pair.ana.id)).await?;
    let event = next_event!(pair.a, RoomEvent::Ended).await?;
    must(text(&event, "/body/reason") == "agreed", "the reason", &event)?;
    must(text(&event, "/body/result/winner") == pair.ana.id, "the result", &event)?;
    pair.a.closed_with(4007).await.map(drop)
}

async fn durable(fixture: Fixture) -> Result<()> {
    let (mut pair, _) = start(&fixture, CONNECT_FOUR).await?;
    let ok = pair.a.ok(json!({"op": "move", "ack": "durable", "body": {"drop": 6}})).await?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    must(num(&welcome, "/durable") >= num(&ok, "/at"), "on disk", &welcome)
}
