//! Tests notices of the operator's own backend to a player: kept over `kill -9`, and seen until they are read.

use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::stack;
use xtask::is_event;
use xtask::wire::{MeEvent, Player, Socket, text};

use super::chat::server;
use super::service_backend::{ACTOR, Backend};

/// Sends a notice with this key, and returns the status and the answer.
async fn notify(backend: &Backend<'_>, to: &str, key: &str, body: Value) -> Result<(StatusCode, Value)> {
    let request = backend.request(Method::POST, &format!("/v1/players/{to}/notices"));
    backend.send(request.header("idempotency-key", key).json(&body)).await
}

async fn me(backend: &Backend<'_>, player: &Player) -> Result<Socket> {
    let mut socket = backend.server.me(player).connect().await?;
    socket.welcome().await?;
    Ok(socket)
}

/// Waits for a notice of a kind, and returns its body.
async fn notice(socket: &mut Socket, kind: &str) -> Result<Value> {
    let event = socket
        .wait(kind, |event| is_event!(event, MeEvent::Notice) && text(event, "/body/kind") == kind)
        .await?;
    Ok(event["body"].clone())
}

#[tokio::test]
async fn notice_is_kept_over_a_kill_until_the_player_has_read_it() -> Result<()> {
    let stack = stack::start().await?;
    let ana = server(&stack)?.guest("Ana").await?;
    let backend = Backend::of(&stack)?;
    let sent = json!({ "body": { "text": "Your prize is on its way." } });
    let (status, kept) = notify(&backend, &ana.id, "prize", sent.clone()).await?;
    ensure!(status == 201 && kept["connected"] == false, "{status}: {kept}");
    let (status, again) = notify(&backend, &ana.id, "prize", sent).await?;
    ensure!(status == 200 && again["notice"] == kept["notice"], "{status}: {again}");
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    let mut first = me(&backend, &ana).await?;
    let seen = notice(&mut first, "message").await?;
    ensure!(seen["by"] == ACTOR && text(&seen, "/body/text").starts_with("Your prize"), "{seen}");
    let (status, kept) = notify(&backend, &ana.id, "second", json!({ "body": 2, "ttl_s": 60 })).await?;
    ensure!(status == 201 && kept["connected"] == true, "{status}: {kept}");
    ensure!(notice(&mut first, "message").await?["id"] == kept["notice"], "the second one comes at once");
    let mut second = me(&backend, &ana).await?;
    ensure!(notice(&mut second, "message").await? == seen, "it comes on each socket");
    first.ok(json!({ "op": "read", "body": { "ids": [seen["id"]] } })).await?;
    ensure!(notice(&mut second, "read").await?["ids"] == json!([seen["id"]]));
    let (_, player) = backend.get(&format!("/v1/players/{}/inspection", ana.id)).await?;
    ensure!(player["unread_notices"] == 1, "{player}");
    let actions = backend.actions("player", &ana.id, 2).await?;
    let bodies = actions.iter().any(|one| one.to_string().contains("prize"));
    ensure!(!bodies && actions.iter().all(|one| one["action"] == "players.notify"), "{actions:?}");
    stack.stop().await;
    Ok(())
}

#[tokio::test]
async fn notices_beyond_their_limits_are_refused() -> Result<()> {
    let stack = stack::shared().await?;
    let backend = Backend::of(stack)?;
    let ana = backend.server.guest("Ana").await?;
    let refused = async |to: &str, body: Value| {
        let (status, problem) = notify(&backend, to, "limits", body).await?;
        Ok::<_, anyhow::Error>((status.as_u16(), text(&problem, "/code").to_owned()))
    };
    let long = "x".repeat(1_024);
    for (body, code) in [
        (json!({ "body": long }), (413, "too_long")),
        (json!({ "body": 1, "ttl_s": 0 }), (400, "bad_field")),
        (json!({ "body": 1, "ttl_s": 2_592_001 }), (400, "bad_field")),
        (json!({ "text": 1 }), (400, "bad_field")),
    ] {
        let (status, found) = refused(&ana.id, body).await?;
        ensure!((status, found.as_str()) == code, "{status} {found}");
    }
    let unknown = refused("p_nobody-at-all", json!({ "body": 1 })).await?;
    ensure!(unknown == (404, "player_not_found".to_owned()), "{unknown:?}");
    for nth in 0..16 {
        let (status, body) = notify(&backend, &ana.id, &format!("n{nth}"), json!({ "body": nth })).await?;
        ensure!(status == 201, "{status}: {body}");
    }
    let full = refused(&ana.id, json!({ "body": 1 })).await?;
    ensure!(full == (409, "full".to_owned()), "{full:?}");
    Ok(())
}
