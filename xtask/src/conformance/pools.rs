//! What a pool says of itself, and how a queue is told of: divided among objects, or kept apart by blocks.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::lobby::{enter, open};
use super::table::{must, named};
use super::{PassedOver, Table};
use crate::wire::{Player, Socket, ev, num, text, unique};

checks! {
    "W-320" "GET /v1/config says of each pool its seats, teams, party, propose_s and parts" => rules;
    "W-335" "those who block each other are never matched, and why says blocked" => blocked;
    "W-336" "in a divided queue, who belongs to another part is closed 4201, and has a ticket when they enter again" => moved;
    "W-337" "lobby events say waiting, like_you, estimate_ms and estimate_p90_ms" => lobby_fields;
    "W-338" "why says what it says whole: blocks, rules, next_rule, estimates; everywhere in a divided queue" => why_fields;
}

/// A pool of which this holds, out of those of the edge.
pub(super) async fn pool(table: &Table, what: &'static str, fits: impl Fn(&Value) -> bool) -> Result<String> {
    let config: Value = table.server().get("/v1/config").await?.json().await?;
    let rules = config.get("rules").and_then(Value::as_object);
    let mut found = rules.into_iter().flatten();
    match found.find(|(_, rules)| fits(rules)) {
        Some((name, _)) => Ok(name.clone()),
        None => bail!(PassedOver(what)),
    }
}

pub(super) async fn come(table: &Table, pool: &str, player: &Player) -> Result<Socket> {
    let mut socket = table.server().lobby(pool, player).connect().await?;
    socket.welcome().await?;
    Ok(socket)
}

/// Several people in one queue, each with a socket.
pub(super) async fn several(table: &Table, pool: &str, count: usize) -> Result<Vec<(Player, Socket)>> {
    let mut all = Vec::new();
    for guest in table.guests(count).await? {
        let socket = come(table, pool, &guest).await?;
        all.push((guest, socket));
    }
    Ok(all)
}

pub(super) async fn two(table: &Table, pool: &str) -> Result<[(Player, Socket); 2]> {
    match several(table, pool, 2).await?.try_into() {
        Ok(two) => Ok(two),
        Err(others) => bail!("{} in place of two", others.len()),
    }
}

async fn divided(table: &Table) -> Result<String> {
    let fits = |rules: &Value| num(rules, "/parts").is_some_and(|parts| parts > 1);
    pool(table, "the edge has no divided pool", fits).await
}

async fn rules(table: Table) -> Result<()> {
    let config: Value = table.server().get("/v1/config").await?.json().await?;
    for pool in config.get("pools").and_then(Value::as_array).into_iter().flatten() {
        let name = pool.as_str().unwrap_or_default();
        let Some(rules) = config.pointer(&format!("/rules/{name}")) else {
            bail!("no rules of {name}: {config}");
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

async fn blocked(table: Table) -> Result<()> {
    let guests = table.guests(2).await?;
    let (Some(ana), Some(bo)) = (guests.first(), guests.last()) else {
        return Ok(());
    };
    let path = format!("/v1/blocks/{}", bo.id);
    table.server().region_put(ana, &path, &json!({})).await?;
    let mark = unique();
    let (_, mut a) = open(&table, ana).await?;
    let (_, mut b) = open(&table, bo).await?;
    for socket in [&mut a, &mut b] {
        socket.ok(enter(&mark)).await?;
    }
    for socket in [&mut a, &mut b] {
        let why = socket.ok(json!({"op": "why"})).await?;
        must(num(&why, "/fit_now") == Some(0), "nobody fits", &why)?;
        let rules = why.get("rules").and_then(Value::as_array);
        let says = rules.is_some_and(|all| all.iter().any(|rule| text(rule, "/rule") == "blocked"));
        must(says, "blocked", &why)?;
        let rest = socket.settle().await?;
        ensure!(named(&rest, "matched").is_empty(), "{rest:?}");
    }
    for socket in [&mut a, &mut b] {
        socket.ok(json!({"op": "leave"})).await?;
    }
    Ok(())
}

async fn moved(table: Table) -> Result<()> {
    let pool = divided(&table).await?;
    // Where somebody comes in first is by chance, and mostly not where they belong.
    for _ in 0..12 {
        let guest = table.guest().await?;
        let mut socket = come(&table, &pool, &guest).await?;
        let message = enter(&unique());
        if let Ok(ok) = socket.ok(message.clone()).await {
            must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
            socket.ok(json!({"op": "leave"})).await?;
            continue;
        }
        socket.closed_with(4201).await?;
        let mut socket = come(&table, &pool, &guest).await?;
        let ok = socket.ok(message).await?;
        must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
        return socket.ok(json!({"op": "leave"})).await.map(drop);
    }
    bail!(PassedOver("everybody came where they belong"));
}

async fn lobby_fields(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let (_, mut socket) = open(&table, &guest).await?;
    socket.ok(enter(&unique())).await?;
    let event = socket
        .wait("a lobby event of one's own kind", |one| {
            ev(one) == "lobby" && num(one, "/body/like_you").is_some()
        })
        .await?;
    must(num(&event, "/body/waiting") >= Some(1), "waiting", &event)?;
    must(num(&event, "/body/like_you") >= Some(1), "like_you", &event)?;
    for name in ["/body/estimate_ms", "/body/estimate_p90_ms"] {
        must(event.pointer(name).is_some(), name, &event)?;
    }
    socket.ok(json!({"op": "leave"})).await.map(drop)
}

async fn why_fields(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let (_, mut socket) = open(&table, &guest).await?;
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
    let pool = divided(&table).await?;
    let guest = table.guest().await?;
    let message = enter(&unique());
    let mut socket = come(&table, &pool, &guest).await?;
    if socket.ok(message.clone()).await.is_err() {
        socket = come(&table, &pool, &guest).await?;
        socket.ok(message).await?;
    }
    let why = socket.ok(json!({"op": "why"})).await?;
    let everywhere = why.get("everywhere").is_some_and(Value::is_boolean);
    must(everywhere, "everywhere", &why)?;
    socket.ok(json!({"op": "leave"})).await.map(drop)
}
