//! Checks of matching: the match, its room, and players who are in a match.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::fixture::must;
use super::lobby::{enter, open};
use super::{Fixture, Skipped};
use crate::wire::{LobbyEvent, Player, RoomEvent, Socket, num, text, unique};
use crate::{events, next_event};

checks! {
    "W-190" "two players who fit are matched: the same room, with each other, then 4000" => matched;
    "W-191" "the room of a match has a seat for each player, with their names" => seats;
    "W-192" "other players have no seat in it: 4005" => no_stranger;
    "W-193" "a player in a match who opens a lobby gets the room, then 4000" => told_again;
    "W-194" "enter into another queue by a player in a match is in_match, with the room" => in_match;
    "W-195" "a player who leaves the match may enter again" => free_again;
    "W-198" "a player is never matched with themselves, with any number of sockets" => not_alone;
    "W-199" "the ticket of a disconnected player is matched after they reconnect" => paused;
}

/// Two matched players: their room, and their sockets before the match event.
async fn two(fixture: &Fixture) -> Result<(Vec<Player>, Vec<Value>, Vec<Socket>)> {
    let guests = fixture.guests(2).await?;
    let mark = unique();
    let (mut told, mut sockets) = (Vec::new(), Vec::new());
    for guest in &guests {
        let (_, mut socket) = open(fixture, guest).await?;
        socket.ok(enter(&mark)).await?;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        told.push(next_event!(socket, LobbyEvent::Matched).await?);
    }
    Ok((guests, told, sockets))
}

/// The room of the match that these events announce.
pub(super) fn room_of(told: &[Value]) -> &str {
    told.first().map_or("", |event| text(event, "/body/room"))
}

async fn end_for(fixture: &Fixture, told: &[Value], players: &[Player]) -> Result<()> {
    match players.first() {
        Some(player) => end(fixture, told, player).await,
        None => Ok(()),
    }
}

/// Ends the match, so that the players are free for the next check.
pub(super) async fn end(fixture: &Fixture, told: &[Value], player: &Player) -> Result<()> {
    let room = room_of(told);
    let mut socket = fixture.server().room(room, player).connect().await?;
    socket.welcome().await?;
    socket.send(&json!({"op": "end"})).await?;
    socket.closed_with(4007).await.map(drop)
}

async fn matched(fixture: Fixture) -> Result<()> {
    let (guests, told, mut sockets) = two(&fixture).await?;
    let rooms: Vec<&str> = told.iter().map(|one| text(one, "/body/room")).collect();
    let one = rooms.first() == rooms.last();
    ensure!(one && rooms.iter().all(|room| room.starts_with("m_")), "{told:?}");
    for (event, other) in told.iter().zip(guests.iter().rev()) {
        must(text(event, "/body/with/0") == other.id, "with", event)?;
        let same = text(event, "/body/match") == text(event, "/body/room");
        must(same, "match", event)?;
    }
    for socket in &mut sockets {
        socket.closed_with(4000).await?;
    }
    end_for(&fixture, &told, &guests).await
}

async fn seats(fixture: Fixture) -> Result<()> {
    let (guests, told, _sockets) = two(&fixture).await?;
    let room = room_of(&told);
    for guest in &guests {
        let mut socket = fixture.server().room(room, guest).connect().await?;
        let welcome = socket.welcome().await?;
        let members = welcome.get("members").and_then(Value::as_array);
        must(members.map(Vec::len) == Some(2), "two", &welcome)?;
        let named = !text(&welcome, "/members/0/name").is_empty();
        must(named, "names", &welcome)?;
        next_event!(socket, RoomEvent::Joined).await?;
    }
    end_for(&fixture, &told, &guests).await
}

async fn no_stranger(fixture: Fixture) -> Result<()> {
    let (guests, told, _sockets) = two(&fixture).await?;
    let room = room_of(&told);
    let stranger = fixture.guest().await?;
    let opening = fixture.server().room(room, &stranger);
    opening.connect().await?.closed_with(4005).await?;
    end_for(&fixture, &told, &guests).await
}

async fn told_again(fixture: Fixture) -> Result<()> {
    let (guests, told, _sockets) = two(&fixture).await?;
    for guest in &guests {
        let (_, mut socket) = open(&fixture, guest).await?;
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        let first = room_of(&told);
        must(text(&event, "/body/room") == first, "the room", &event)?;
        socket.closed_with(4000).await?;
    }
    end_for(&fixture, &told, &guests).await
}

async fn in_match(fixture: Fixture) -> Result<()> {
    let config: Value = fixture.server().get("/v1/config").await?.json().await?;
    let pools = config.get("pools").and_then(Value::as_array);
    let Some(other) = pools.filter(|all| all.len() > 1).and_then(|all| all.first()?.as_str()) else {
        bail!(Skipped("the edge has one pool only"));
    };
    let guests = fixture.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let mut elsewhere = fixture.server().lobby(other, ana).connect().await?;
    elsewhere.welcome().await?;
    let mark = unique();
    let (_, mut a) = open(&fixture, ana).await?;
    let (_, mut b) = open(&fixture, bo).await?;
    a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let told = [next_event!(a, LobbyEvent::Matched).await?];
    let fault = elsewhere.err(enter(&unique()), "in_match").await?;
    let room = room_of(&told);
    must(text(&fault, "/room") == room, "the room", &fault)?;
    end(&fixture, &told, bo).await
}

async fn free_again(fixture: Fixture) -> Result<()> {
    let (guests, told, _sockets) = two(&fixture).await?;
    let Some(guest) = guests.first() else {
        return Ok(());
    };
    let room = room_of(&told);
    let mut socket = fixture.server().room(room, guest).connect().await?;
    socket.welcome().await?;
    socket.ok(json!({"op": "leave"})).await?;
    // The room tells the player object afterwards, by a call that takes time.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, mut socket) = open(&fixture, guest).await?;
        let rest = socket.settle().await.unwrap_or_default();
        if events!(rest, LobbyEvent::Matched).is_empty() && socket.ok(enter(&unique())).await.is_ok() {
            socket.ok(json!({"op": "leave"})).await?;
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "still in the match: {rest:?}");
    }
}

async fn not_alone(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let mark = unique();
    let (_, mut a) = open(&fixture, &guest).await?;
    let (_, mut b) = open(&fixture, &guest).await?;
    a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let why = a.ok(json!({"op": "why"})).await?;
    must(num(&why, "/fit_now") == Some(0), "no ticket fits", &why)?;
    for socket in [&mut a, &mut b] {
        let rest = socket.settle().await?;
        ensure!(events!(rest, LobbyEvent::Matched).is_empty(), "{rest:?}");
    }
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn paused(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let mark = unique();
    let (_, mut a) = open(&fixture, ana).await?;
    a.ok(enter(&mark)).await?;
    // The server notices the loss at any time: until then the ticket may be matched, after that it waits.
    a.cut();
    let (_, mut b) = open(&fixture, bo).await?;
    b.ok(enter(&mark)).await?;
    let (_, mut a) = open(&fixture, ana).await?;
    let told = [next_event!(a, LobbyEvent::Matched).await?];
    next_event!(b, LobbyEvent::Matched).await?;
    end(&fixture, &told, ana).await
}
