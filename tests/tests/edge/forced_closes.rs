//! Tests the sockets that the region closes: on revocation, session end and ban; and the limit of devices.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::sign::{self, SignKeys};
use tests::stack;
use xtask::next_event;
use xtask::secrets::Secrets;
use xtask::wire::{RoomEvent, text, unique};

use super::chat::{meet, server};
use super::region_client::{notify, now, send_notices, with_session};

const POOL: &str = "speed-dating";

#[tokio::test]
async fn revocation_closes_all_sockets_of_the_player() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    let mut in_room = server.room(&room, &ana).connect().await?;
    in_room.welcome().await?;
    let mut in_lobby = server.lobby(POOL, &ana).connect().await?;
    in_lobby.welcome().await?;

    let revoked = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 1}]);
    notify(stack, revoked.clone()).await?;
    in_room.closed_with(4302).await?;
    in_lobby.closed_with(4302).await?;
    let away = next_event!(b, RoomEvent::Away).await?;
    ensure!(text(&away, "/by") == ana.id, "{away}");

    // The signature and the expiry of the token are still valid.
    for opening in [server.room(&room, &ana), server.lobby(POOL, &ana)] {
        opening.connect().await?.closed_with(4302).await?;
    }
    let again = with_session(stack, &ana, "s_again", 1)?;
    let mut back = server.room(&room, &again).connect().await?;
    back.welcome().await?;
    // A duplicate notice closes no newer socket.
    notify(stack, revoked).await?;
    back.ok(json!({"op": "say", "body": "the seat was kept"})).await.map(drop)
}

#[tokio::test]
async fn ended_session_closes_only_its_own_sockets() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, _) = meet(&server).await?;
    let (phone, desk) = (with_session(stack, &ana, "s_phone", 0)?, with_session(stack, &ana, "s_desk", 0)?);
    let mut in_room = server.room(&room, &phone).connect().await?;
    in_room.welcome().await?;
    let mut in_lobby = server.lobby(POOL, &desk).connect().await?;
    in_lobby.welcome().await?;
    notify(stack, json!([{"player": ana.id, "at": now()?.ms(), "kind": "session_ended", "sid": "s_phone"}]))
        .await?;
    in_room.closed_with(4302).await?;
    in_lobby.err(json!({"op": "why"}), "no_ticket").await?;
    let mut again = server.room(&room, &phone).connect().await?;
    again.closed_with(4302).await?;
    let mut other = server.room(&room, &desk).connect().await?;
    other.welcome().await.map(drop)
}

#[tokio::test]
async fn banned_player_loses_the_seat_and_cannot_reconnect() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut in_lobby = server.lobby(POOL, &ana).connect().await?;
    in_lobby.welcome().await?;
    in_lobby.ok(json!({"op": "enter", "body": {"attrs": {"mark": unique()}}})).await?;

    let at = now()?;
    let until = at + Duration::from_hours(1);
    notify(stack, json!([{"player": ana.id, "at": at, "kind": "banned", "until": until}])).await?;
    a.closed_with(4001).await?;
    in_lobby.closed_with(4001).await?;
    let left = next_event!(b, RoomEvent::Left).await?;
    ensure!(text(&left, "/body/reason") == "banned", "{left}");
    for opening in [server.room(&room, &ana), server.lobby(POOL, &ana)] {
        opening.connect().await?.closed_with(4001).await?;
    }

    // A notice from before the ban changes nothing; one from after it does.
    let unbanned = |at: u64| json!([{"player": ana.id, "at": at, "kind": "unbanned"}]);
    notify(stack, unbanned(at.ms() - 1)).await?;
    let mut refused = server.lobby(POOL, &ana).connect().await?;
    refused.closed_with(4001).await?;
    notify(stack, unbanned(at.ms() + 1)).await?;
    let mut back = server.lobby(POOL, &ana).connect().await?;
    let welcome = back.welcome().await?;
    ensure!(welcome["recovered"] == false, "the ticket is gone: {welcome}");
    Ok(())
}

#[tokio::test]
async fn notice_in_flight_survives_a_kill() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let revoked = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 1}]);
    notify(&stack, revoked).await?;
    stack.kill_workerd().await?;
    let code = a.closed().await?.code;
    ensure!(matches!(code, 4302 | 1006), "closed with {code}");
    stack.restart_edge().await?;
    let mut again = server.room(&room, &ana).connect().await?;
    again.closed_with(4302).await.map(drop)
}

#[tokio::test]
async fn notice_without_the_signature_of_the_region_is_rejected() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let notices = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 9}]);
    let bare = server.post("/internal/v1/notices", Some(&ana.token), notices.to_string()).await?;
    ensure!(bare.status().as_u16() == 401, "{}", bare.status());
    let keys = Secrets::of(stack.data())?.edge_to_region_keys;
    let keys: SignKeys = keys.parse().ok().context("keys")?;
    let body = notices.to_string();
    let other = keys.sign(now()?, "n", "POST", "/internal/v1/notices", body.as_bytes());
    let url = format!("{}/internal/v1/notices", stack.edge_url());
    let post = server.http().post(url).header(sign::HEADER, other).body(body);
    let status = post.send().await?.status().as_u16();
    ensure!(status == 401, "signed with the key of the other direction: {status}");
    let wrong = send_notices(stack, &json!([{"player": "bob"}])).await?;
    ensure!(wrong.status().as_u16() == 400, "{}", wrong.status());
    let long = send_notices(stack, &json!([" ".repeat(70_000)])).await?;
    ensure!(long.status().as_u16() == 413, "{}", long.status());
    let mut socket = server.lobby(POOL, &ana).connect().await?;
    socket.welcome().await.map(drop)
}

#[tokio::test]
async fn devices_rule_closes_the_oldest_socket_or_takes_over() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let mut rooms = Vec::new();
    for devices in ["reject_new", "reject_new", "kick_oldest", "take_over"] {
        let wish = json!({"seats": 2, "rules": {"devices": devices}});
        rooms.push(server.open_room(&ana, &wish).await?);
    }
    let mut sockets = Vec::new();
    for room in &rooms[..3] {
        let mut socket = server.room(room, &ana).connect().await?;
        socket.welcome().await?;
        sockets.push(socket);
    }
    // The first socket gave way to the third; the second stays open.
    sockets[0].closed_with(4008).await?;
    sockets[1].ok(json!({"op": "say", "body": 1})).await?;
    let mut refused = server.room(&rooms[0], &ana).connect().await?;
    refused.closed_with(4008).await?;
    let mut alone = server.room(&rooms[3], &ana).connect().await?;
    alone.welcome().await?;
    sockets[1].closed_with(4006).await?;
    sockets[2].closed_with(4006).await?;
    alone.ok(json!({"op": "say", "body": 2})).await.map(drop)
}
