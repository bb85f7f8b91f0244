//! Tests that players who share an object have sockets, rows and alarms of their own.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::player::object_name;
use std::collections::BTreeMap;
use tests::stack::{self, WebSockets};
use xtask::is_event;
use xtask::wire::{MeEvent, Player, Server, Socket, text};

use super::chat::server;
use super::region_client::{notify, now};

/// Makes guests until two of them share an object.
async fn two_of_one_object(server: &Server) -> Result<(Player, Player, String)> {
    let mut known: BTreeMap<String, Player> = BTreeMap::new();
    loop {
        let guest = server.guest("Guest").await?;
        let object = object_name(&guest.id.parse()?);
        if let Some(other) = known.remove(&object) {
            return Ok((other, guest, object));
        }
        known.insert(object, guest);
    }
}

async fn me_socket(server: &Server, player: &Player) -> Result<Socket> {
    let mut socket = server.me(player).connect().await?;
    socket.welcome().await?;
    Ok(socket)
}

async fn reports(socket: &mut Socket, of: &Player, state: &str) -> Result<()> {
    let what = format!("{state} of {}", of.id);
    let is = |event: &serde_json::Value| {
        is_event!(event, MeEvent::Presence)
            && text(event, "/body/player") == of.id
            && text(event, "/body/state") == state
    };
    socket.wait(&what, is).await.map(drop)
}

#[tokio::test]
async fn players_of_one_object_have_alarms_of_their_own() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (bo, cyn, object) = two_of_one_object(&server).await?;
    let ana = server.guest("Ana").await?;
    for one in [&bo, &cyn] {
        server.befriend(&ana, one).await?;
    }
    let mut a = me_socket(&server, &ana).await?;
    let b = me_socket(&server, &bo).await?;
    let c = me_socket(&server, &cyn).await?;
    reports(&mut a, &bo, "online").await?;
    reports(&mut a, &cyn, "online").await?;
    // Each goes offline by an alarm, five seconds after the last socket closed; the later one must not replace the
    // earlier one, nor be forgotten when that rings. Between them the object loses its memory.
    b.close().await?;
    reports(&mut a, &bo, "reconnecting").await?;
    c.close().await?;
    reports(&mut a, &cyn, "reconnecting").await?;
    stack.evict("PlayerObject", &object, WebSockets::Hibernate).await?;
    reports(&mut a, &bo, "offline").await?;
    reports(&mut a, &cyn, "offline").await
}

#[tokio::test]
async fn notice_about_a_player_leaves_others_of_the_object_alone() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (bo, cyn, object) = two_of_one_object(&server).await?;
    let mut b = me_socket(&server, &bo).await?;
    let mut c = me_socket(&server, &cyn).await?;
    // Both have a socket with the same number, which only the tag tells apart after an eviction.
    stack.evict("PlayerObject", &object, WebSockets::Hibernate).await?;
    let devices = c.ok(json!({"op": "devices"})).await?;
    let count = devices["devices"].as_array().context("a list")?.len();
    ensure!(count == 1, "{devices}");
    notify(&stack, json!([{"player": bo.id, "at": now()?, "kind": "revoked", "ep": 1}])).await?;
    b.closed_with(4302).await?;
    c.ok(json!({"op": "active", "body": {"active": false}})).await?;
    // The rows are apart as well, also after the loss of the process.
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    server.me(&bo).connect().await?.closed_with(4302).await?;
    let room = server.open_room(&cyn, &json!({})).await?;
    let mut c = server.room(&room, &cyn).connect().await?;
    c.welcome().await.map(drop)
}
