//! Checks of pool rules in the configuration, divided queues, blocks, and queue statistics.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::fixture::must;
use super::lobby::{enter, open};
use super::{Fixture, Skipped};
use crate::wire::{LobbyEvent, Player, Socket, num, text, unique};
use crate::{events, is_event};

checks! {
    "W-320" "GET /v1/config has the seats, teams, party, propose_s and parts of each pool" => rules;
    "W-335" "players who block each other are never matched, and why names the rule blocked" => blocked;
    "W-336" "in a divided queue, a player of another shard is closed 4201, and gets a ticket on entering again" => moved;
    "W-337" "lobby events have waiting, like_you, estimate_ms and estimate_p90_ms" => lobby_fields;
    "W-338" "why has all its fields: blocks, rules, next_rule, estimates; everywhere in a divided queue" => why_fields;
}

/// Returns a pool of the edge whose rules fit.
pub(super) async fn pool(
    fixture: &Fixture,
    what: &'static str,
    fits: impl Fn(&Value) -> bool,
) -> Result<String> {
    let config: Value = fixture.server().get("/v1/config").await?.json().await?;
    let rules = config.get("rules").and_then(Value::as_object);
    let mut found = rules.into_iter().flatten();
    match found.find(|(_, rules)| fits(rules)) {
        Some((name, _)) => Ok(name.clone()),
        None => bail!(Skipped(what)),
    }
}

pub(super) async fn come(fixture: &Fixture, pool: &str, player: &Player) -> Result<Socket> {
    let mut socket = fixture.server().lobby(pool, player).connect().await?;
    socket.welcome().await?;
    Ok(socket)
}

/// Connects `count` players to one queue.
pub(super) async fn several(fixture: &Fixture, pool: &str, count: usize) -> Result<Vec<(Player, Socket)>> {
    let mut all = Vec::new();
    for guest in fixture.guests(count).await? {
        let socket = come(fixture, pool, &guest).await?;
        all.push((guest, socket));
    }
    Ok(all)
}

pub(super) async fn two(fixture: &Fixture, pool: &str) -> Result<[(Player, Socket); 2]> {
    match several(fixture, pool, 2).await?.try_into() {
        Ok(two) => Ok(two),
        Err(others) => bail!("{} instead of two", others.len()),
    }
}

async fn divided(fixture: &Fixture) -> Result<String> {
    let fits = |rules: &Value| num(rules, "/parts").is_some_and(|parts| parts > 1);
    pool(fixture, "the edge has no divided pool", fits).await
}

async fn rules(fixture: Fixture) -> Result<()> {
    let config: Value = fixture.server().get("/v1/config").await?.json().await?;
    for pool in config.get("pools").and_then(Value::as_array).into_iter().flatten() {
        let name = pool.as_str().unwrap_or_default();
        let Some(rules) = config.pointer(&format!("/rules/{name}")) else {
            bail!("{config} has no rules of {name}");
        };
        for key in ["/seats", "/party", "/parts"] {
            must(num(rules, key) >= Some(1), key, rules)?;
        }
        for key in ["teams", "propose_s"] {
            must(rules.get(key).is_some(), key, rules)?;
        }
    }
    Ok(())
}

async fn blocked(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let path = format!("/v1/blocks/{}", bo.id);
    fixture.server().region_put(ana, &path, &json!({})).await?;
    let mark = unique();
    let (_, mut a) = open(&fixture, ana).await?;
    let (_, mut b) = open(&fixture, bo).await?;
    for socket in [&mut a, &mut b] {
        socket.ok(enter(&mark)).await?;
    }
    for socket in [&mut a, &mut b] {
        let why = socket.ok(json!({"op": "why"})).await?;
        must(num(&why, "/fit_now") == Some(0), "no ticket fits", &why)?;
        let rules = why.get("rules").and_then(Value::as_array);
        let says = rules.is_some_and(|all| all.iter().any(|rule| text(rule, "/rule") == "blocked"));
        must(!says, "a block is not revealed", &why)?;
        let rest = socket.settle().await?;
        ensure!(events!(rest, LobbyEvent::Matched).is_empty(), "{rest:?}");
    }
    for socket in [&mut a, &mut b] {
        socket.ok(json!({"op": "leave"})).await?;
    }
    Ok(())
}

async fn moved(fixture: Fixture) -> Result<()> {
    let pool = divided(&fixture).await?;
    // The first shard is random, and mostly not the player's own.
    for _ in 0..12 {
        let guest = fixture.guest().await?;
        let mut socket = come(&fixture, &pool, &guest).await?;
        let message = enter(&unique());
        if let Ok(ok) = socket.ok(message.clone()).await {
            must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
            socket.ok(json!({"op": "leave"})).await?;
            continue;
        }
        socket.closed_with(4201).await?;
        let mut socket = come(&fixture, &pool, &guest).await?;
        let ok = socket.ok(message).await?;
        must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
        return socket.ok(json!({"op": "leave"})).await.map(drop);
    }
    bail!(Skipped("every player reached their own shard"));
}

async fn lobby_fields(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut socket) = open(&fixture, &guest).await?;
    socket.ok(enter(&unique())).await?;
    let event = socket
        .wait("a lobby event with like_you", |one| {
            is_event!(one, LobbyEvent::Lobby) && num(one, "/body/like_you").is_some()
        })
        .await?;
    must(num(&event, "/body/waiting") >= Some(1), "waiting", &event)?;
    must(num(&event, "/body/like_you") >= Some(1), "like_you", &event)?;
    for name in ["/body/estimate_ms", "/body/estimate_p90_ms"] {
        must(event.pointer(name).is_some(), name, &event)?;
    }
    socket.ok(json!({"op": "leave"})).await.map(drop)
}

async fn why_fields(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut socket) = open(&fixture, &guest).await?;
    socket.ok(enter(&unique())).await?;
    let why = socket.ok(json!({"op": "why"})).await?;
    for name in ["blocks", "next_in_ms", "next_rule", "estimate_ms", "estimate_p90_ms"] {
        must(why.get(name).is_some(), name, &why)?;
    }
    for rule in why.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let fine = !text(rule, "/rule").is_empty() && num(rule, "/removes") >= Some(1);
        must(fine, "rule and removes", &why)?;
    }
    socket.ok(json!({"op": "leave"})).await?;
    let pool = divided(&fixture).await?;
    let guest = fixture.guest().await?;
    let message = enter(&unique());
    let mut socket = come(&fixture, &pool, &guest).await?;
    if socket.ok(message.clone()).await.is_err() {
        socket = come(&fixture, &pool, &guest).await?;
        socket.ok(message).await?;
    }
    let why = socket.ok(json!({"op": "why"})).await?;
    let everywhere = why.get("everywhere").is_some_and(Value::is_boolean);
    must(everywhere, "everywhere", &why)?;
    socket.ok(json!({"op": "leave"})).await.map(drop)
}
