//! Being matched.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::lobby::{enter, open};
use super::table::{must, named};
use super::{PassedOver, Table};
use crate::wire::{Player, Socket, num, text, unique};

checks! {
    "W-190" "two who fit are matched: the same room, with each other, then 4000" => matched;
    "W-191" "the room of a match has a seat for each of them, with their names" => seats;
    "W-192" "nobody else has a seat in it: 4005" => no_stranger;
    "W-193" "who is in a match and opens a lobby is told the room, then 4000" => told_again;
    "W-194" "who is in a match and enters another queue is in_match, with the room" => in_match;
    "W-195" "who leaves the match may enter again" => free_again;
    "W-198" "nobody is matched with themselves, however many sockets they have" => not_alone;
    "W-199" "a ticket whose player lost the socket is matched when they are back" => paused;
}

/// Two players, matched: their room, and their sockets before they were told.
async fn two(table: &Table) -> Result<(Vec<Player>, Vec<Value>, Vec<Socket>)> {
    let guests = table.guests(2).await?;
    let mark = unique();
    let (mut told, mut sockets) = (Vec::new(), Vec::new());
    for guest in &guests {
        let (_, mut socket) = open(table, guest).await?;
        socket.ok(enter(&mark)).await?;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        told.push(socket.event("matched").await?);
    }
    Ok((guests, told, sockets))
}

/// Ends the match, so that the players are free for the next check.
pub(super) async fn end(table: &Table, told: &[Value], player: &Player) -> Result<()> {
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    let mut socket = table.server().room(room, player).connect().await?;
    socket.welcome().await?;
    socket.send(&json!({"op": "end"})).await?;
    socket.closed_with(4007).await.map(drop)
}

async fn matched(table: Table) -> Result<()> {
    let (guests, told, mut sockets) = two(&table).await?;
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
    for guest in guests.iter().take(1) {
        end(&table, &told, guest).await?;
    }
    Ok(())
}

async fn seats(table: Table) -> Result<()> {
    let (guests, told, _sockets) = two(&table).await?;
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    for guest in &guests {
        let mut socket = table.server().room(room, guest).connect().await?;
        let welcome = socket.welcome().await?;
        let members = welcome.get("members").and_then(Value::as_array);
        must(members.map(Vec::len) == Some(2), "two", &welcome)?;
        let named = !text(&welcome, "/members/0/name").is_empty();
        must(named, "names", &welcome)?;
        socket.event("joined").await?;
    }
    for guest in guests.iter().take(1) {
        end(&table, &told, guest).await?;
    }
    Ok(())
}

async fn no_stranger(table: Table) -> Result<()> {
    let (guests, told, _sockets) = two(&table).await?;
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    let stranger = table.guest().await?;
    let opening = table.server().room(room, &stranger);
    opening.connect().await?.closed_with(4005).await?;
    for guest in guests.iter().take(1) {
        end(&table, &told, guest).await?;
    }
    Ok(())
}

async fn told_again(table: Table) -> Result<()> {
    let (guests, told, _sockets) = two(&table).await?;
    for guest in &guests {
        let (_, mut socket) = open(&table, guest).await?;
        let event = socket.event("matched").await?;
        let first = told.first().map_or("", |event| text(event, "/body/room"));
        must(text(&event, "/body/room") == first, "the room", &event)?;
        socket.closed_with(4000).await?;
    }
    for guest in guests.iter().take(1) {
        end(&table, &told, guest).await?;
    }
    Ok(())
}

async fn in_match(table: Table) -> Result<()> {
    let config: Value = table.server().get("/v1/config").await?.json().await?;
    let pools = config.get("pools").and_then(Value::as_array);
    let Some(other) = pools.filter(|all| all.len() > 1).and_then(|all| all.first()?.as_str()) else {
        bail!(PassedOver("the edge has one pool only"));
    };
    let guests = table.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let mut elsewhere = table.server().lobby(other, ana).connect().await?;
    elsewhere.welcome().await?;
    let mark = unique();
    let (_, mut a) = open(&table, ana).await?;
    let (_, mut b) = open(&table, bo).await?;
    a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let told = [a.event("matched").await?];
    let fault = elsewhere.err(enter(&unique()), "in_match").await?;
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    must(text(&fault, "/room") == room, "the room", &fault)?;
    end(&table, &told, bo).await
}

async fn free_again(table: Table) -> Result<()> {
    let (guests, told, _sockets) = two(&table).await?;
    let Some(guest) = guests.first() else {
        return Ok(());
    };
    let room = told.first().map_or("", |event| text(event, "/body/room"));
    let mut socket = table.server().room(room, guest).connect().await?;
    socket.welcome().await?;
    socket.ok(json!({"op": "leave"})).await?;
    // The player's object is told right after; a call takes its time.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, mut socket) = open(&table, guest).await?;
        let rest = socket.settle().await.unwrap_or_default();
        if named(&rest, "matched").is_empty() && socket.ok(enter(&unique())).await.is_ok() {
            socket.ok(json!({"op": "leave"})).await?;
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "still in the match: {rest:?}");
    }
}

async fn not_alone(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let mark = unique();
    let (_, mut a) = open(&table, &guest).await?;
    let (_, mut b) = open(&table, &guest).await?;
    a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let why = a.ok(json!({"op": "why"})).await?;
    must(num(&why, "/fit_now") == Some(0), "nobody fits", &why)?;
    for socket in [&mut a, &mut b] {
        let rest = socket.settle().await?;
        ensure!(named(&rest, "matched").is_empty(), "{rest:?}");
    }
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn paused(table: Table) -> Result<()> {
    let guests = table.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let mark = unique();
    let (_, mut a) = open(&table, ana).await?;
    a.ok(enter(&mark)).await?;
    // When the server notices is its own affair: until then the ticket may be matched, after that it waits.
    a.cut();
    let (_, mut b) = open(&table, bo).await?;
    b.ok(enter(&mark)).await?;
    let (_, mut a) = open(&table, ana).await?;
    let told = [a.event("matched").await?];
    b.event("matched").await?;
    end(&table, &told, ana).await
}
