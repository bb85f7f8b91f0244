//! Checks of connection rules that rooms, lobbies and me sockets share: fields of ops, empty frames, newer
//! tokens.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};
use shared::wire::ops::{Field, Op, Ops};
use shared::wire::{lobby, me, room};
use tokio::time::{Duration, sleep};

use super::Fixture;
use super::fixture::{field, must};
use crate::wire::{Opening, Player, Socket};

checks! {
    "W-072" "a field that an op does not take, or lacks, is bad_field with the field, in every object" => fields;
    "W-073" "empty arrays count for the rate limit in every object: 2,000 of them close 4101" => empty_arrays;
    "W-164" "auth in a lobby and on a me socket is ok, and another player's token is bad_token" => auth;
    "W-165" "a lobby and a me socket outlive their first token by auth; without it a command closes 4300" => outlives;
}

/// Requests for the sockets of each object, with the object's ops.
async fn openings(fixture: &Fixture, player: &Player) -> Result<[(Ops, Opening); 3]> {
    let server = fixture.server();
    let room = server.open_room(player, &json!({})).await?;
    let pool = fixture.pool().await?;
    Ok([
        (room::OPS, server.room(&room, player)),
        (lobby::OPS, server.lobby(&pool, player)),
        (me::OPS, server.me(player)),
    ])
}

async fn open(opening: &Opening) -> Result<Socket> {
    let mut socket = opening.connect().await?;
    socket.welcome().await?;
    Ok(socket)
}

/// Messages of this op that must be refused, each with the field that the refusal names.
fn refused(op: &Op, player: &Player) -> Vec<(Value, &'static str)> {
    let value = |name: &str| match name {
        "to" => json!(player.id),
        "ack" => json!("durable"),
        "if_at" => json!(7),
        _ => json!("k"),
    };
    let mut message: Map<String, Value> = Map::from_iter([("op".to_owned(), json!(op.name))]);
    for (name, taken) in op.fields() {
        if taken == Field::Required {
            message.insert(name.to_owned(), value(name));
        }
    }
    let altered = op.fields().into_iter().filter_map(|(name, taken)| {
        let mut message = message.clone();
        match taken {
            Field::Required => message.remove(name),
            Field::Refused => message.insert(name.to_owned(), value(name)),
            Field::Optional => return None,
        };
        Some((Value::Object(message), name))
    });
    altered.collect()
}

async fn fields(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    for (ops, opening) in openings(&fixture, &guest).await? {
        let mut socket = open(&opening).await?;
        for (message, name) in ops.ops.iter().flat_map(|op| refused(op, &guest)) {
            let fault = socket.err(message.clone(), "bad_field").await?;
            ensure!(field(&fault) == name, "{}: {message} was answered {fault}", ops.object);
        }
        socket.settle().await?;
    }
    Ok(())
}

async fn empty_arrays(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    for (ops, opening) in openings(&fixture, &guest).await? {
        let mut socket = open(&opening).await?;
        for _ in 0..2000 {
            if socket.raw("[]").await.is_err() {
                break;
            }
        }
        let close = socket.closed().await?;
        ensure!(close.code == 4101, "{}: {close:?}", ops.object);
    }
    Ok(())
}

fn newer(token: &str) -> Value {
    json!({"op": "auth", "body": {"token": token}})
}

async fn auth(fixture: Fixture) -> Result<()> {
    let [guest, other] = match <[Player; 2]>::try_from(fixture.guests(2).await?) {
        Ok(guests) => guests,
        Err(guests) => bail!("{} guests instead of two", guests.len()),
    };
    for (_, opening) in openings(&fixture, &guest).await? {
        let mut socket = open(&opening).await?;
        socket.ok(newer(&guest.token)).await?;
        socket.err(newer(&other.token), "bad_token").await?;
        let fault = socket.err(json!({"op": "auth"}), "bad_field").await?;
        must(field(&fault) == "body.token", "names body.token", &fault)?;
        socket.settle().await?;
    }
    Ok(())
}

async fn outlives(fixture: Fixture) -> Result<()> {
    let player = fixture.guest().await?;
    let old = fixture.expiring(&player)?;
    let pool = fixture.pool().await?;
    let server = fixture.server();
    let mut pairs = Vec::new();
    for opening in [server.lobby(&pool, &old), server.me(&old)] {
        let (mut renewed, expiring) = (open(&opening).await?, open(&opening).await?);
        renewed.ok(newer(&player.token)).await?;
        pairs.push((renewed, expiring));
    }
    for (mut renewed, mut expiring) in pairs {
        // The expiry is noticed at a command, and by some objects also at an alarm.
        while expiring.settle().await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
        expiring.closed_with(4300).await?;
        renewed.settle().await?;
    }
    Ok(())
}
