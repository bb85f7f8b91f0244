//! Who is signed out or banned is closed everywhere, and comes in nowhere; who has one device too many is told so.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::sign::{self, SignKeys};
use tests::stack;
use xtask::secrets::Secrets;
use xtask::wire::{text, unique};

use super::talk::{meet, server};
use super::word::{now, tell, token, told};

const POOL: &str = "speed-dating";

#[tokio::test]
async fn all_sockets_of_who_signs_out_everywhere_are_closed() -> Result<()> {
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
    told(stack, revoked.clone()).await?;
    in_room.closed_with(4302).await?;
    in_lobby.closed_with(4302).await?;
    let away = b.event("away").await?;
    ensure!(text(&away, "/by") == ana.id, "{away}");

    // The token is still good by its signature and its time.
    for opening in [server.room(&room, &ana), server.lobby(POOL, &ana)] {
        opening.connect().await?.closed_with(4302).await?;
    }
    let again = token(stack, &ana, "s_again", 1)?;
    let mut back = server.room(&room, &again).connect().await?;
    back.welcome().await?;
    // A notice that comes twice finds nobody.
    told(stack, revoked).await?;
    back.ok(json!({"op": "say", "body": "the seat was kept"})).await.map(drop)
}

#[tokio::test]
async fn a_login_that_ends_takes_its_own_sockets_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, _) = meet(&server).await?;
    let (phone, desk) = (token(stack, &ana, "s_phone", 0)?, token(stack, &ana, "s_desk", 0)?);
    let mut in_room = server.room(&room, &phone).connect().await?;
    in_room.welcome().await?;
    let mut in_lobby = server.lobby(POOL, &desk).connect().await?;
    in_lobby.welcome().await?;
    told(stack, json!([{"player": ana.id, "at": now()?.ms(), "kind": "session_ended", "sid": "s_phone"}]))
        .await?;
    in_room.closed_with(4302).await?;
    in_lobby.err(json!({"op": "why"}), "no_ticket").await?;
    let mut again = server.room(&room, &phone).connect().await?;
    again.closed_with(4302).await?;
    let mut other = server.room(&room, &desk).connect().await?;
    other.welcome().await.map(drop)
}

#[tokio::test]
async fn who_is_banned_loses_the_seat_and_does_not_come_back() -> Result<()> {
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
    told(stack, json!([{"player": ana.id, "at": at, "kind": "banned", "until": until}])).await?;
    a.closed_with(4001).await?;
    in_lobby.closed_with(4001).await?;
    let left = b.event("left").await?;
    ensure!(text(&left, "/body/reason") == "banned", "{left}");
    for opening in [server.room(&room, &ana), server.lobby(POOL, &ana)] {
        opening.connect().await?.closed_with(4001).await?;
    }

    // A word from before the ban changes nothing; one from after it does.
    let unbanned = |at: u64| json!([{"player": ana.id, "at": at, "kind": "unbanned"}]);
    told(stack, unbanned(at.ms() - 1)).await?;
    let mut refused = server.lobby(POOL, &ana).connect().await?;
    refused.closed_with(4001).await?;
    told(stack, unbanned(at.ms() + 1)).await?;
    let mut back = server.lobby(POOL, &ana).connect().await?;
    let welcome = back.welcome().await?;
    ensure!(welcome["recovered"] == false, "the ticket is gone: {welcome}");
    Ok(())
}

#[tokio::test]
async fn what_is_on_its_way_survives_a_kill() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let revoked = json!([{"player": ana.id, "at": now()?.ms(), "kind": "revoked", "ep": 1}]);
    told(&stack, revoked).await?;
    stack.kill_workerd().await?;
    let code = a.closed().await?.code;
    ensure!(matches!(code, 4302 | 1006), "closed with {code}");
    stack.restart_edge().await?;
    let mut again = server.room(&room, &ana).connect().await?;
    again.closed_with(4302).await.map(drop)
}

#[tokio::test]
async fn a_notice_that_the_region_did_not_sign_is_refused() -> Result<()> {
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
    ensure!(status == 401, "signed with the other way's key: {status}");
    let wrong = tell(stack, &json!([{"player": "nobody"}])).await?;
    ensure!(wrong.status().as_u16() == 400, "{}", wrong.status());
    let long = tell(stack, &json!([" ".repeat(70_000)])).await?;
    ensure!(long.status().as_u16() == 413, "{}", long.status());
    let mut socket = server.lobby(POOL, &ana).connect().await?;
    socket.welcome().await.map(drop)
}

#[tokio::test]
async fn where_the_rules_say_so_the_oldest_makes_room() -> Result<()> {
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
    // The first made room for the third; the second is where it was.
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
