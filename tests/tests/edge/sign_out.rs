//! Tests that a sign-out at the region closes sockets at the edge, also after both were killed.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack::{self, Stack};
use xtask::next_event;
use xtask::wire::{Player, RoomEvent, text};

use super::chat::{meet, server};
use super::region_client::{notify, now};

/// Ends all sessions of a player at the region.
async fn sign_out(stack: &Stack, player: &Player) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/v1/sessions", stack.region_url());
    let answer = http.delete(url).bearer_auth(&player.token).send().await?;
    ensure!(answer.status().as_u16() == 204, "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn sign_out_at_the_region_closes_sockets_at_the_edge() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    let mut bo_in_lobby = server.lobby("speed-dating", &bo).connect().await?;
    bo_in_lobby.welcome().await?;
    let mut bo_at_home = server.me(&bo).connect().await?;
    bo_at_home.welcome().await?;
    sign_out(stack, &ana).await?;
    ensure!(a.closed().await?.code == 4302);
    // The other player stays connected everywhere.
    next_event!(b, RoomEvent::Away).await?;
    b.ok(json!({"op": "say", "body": "still here"})).await?;
    bo_in_lobby.err(json!({"op": "why"}), "no_ticket").await?;
    bo_at_home.ok(json!({"op": "devices"})).await.map(drop)
}

#[tokio::test]
async fn ended_login_creates_no_room_and_reads_no_presence() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    server.open_room(&ana, &json!({})).await?;
    server.presence(&ana, &[&bo]).await?;
    let ended = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 1}]);
    notify(stack, ended).await?;
    // The token has minutes to live: the notice counts from the moment at which the edge confirmed it.
    let presence = format!("/v1/presence?players={}", bo.id);
    let post = server.post("/v1/rooms", Some(&ana.token), String::new()).await?;
    let url = format!("{}{presence}", server.edge());
    let get = server.http().get(url).bearer_auth(&ana.token).send().await?;
    for answer in [post, get] {
        ensure!(answer.status().as_u16() == 401, "{}", answer.status());
        let body: Value = answer.json().await?;
        ensure!(text(&body, "/code") == "session_revoked", "{body}");
    }
    server.open_room(&bo, &json!({})).await.map(drop)
}

#[tokio::test]
async fn sign_out_survives_a_kill_of_edge_and_region() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    stack.kill_workerd().await?;
    sign_out(&stack, &ana).await?;
    stack.kill_region().await;
    stack.restart_edge().await?;
    stack.start_region().await?;
    // The edge knows of it already, or receives the notice while the socket is open.
    let mut a = server.room(&room, &ana).connect().await?;
    ensure!(a.closed().await?.code == 4302);
    Ok(())
}
