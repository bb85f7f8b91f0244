//! Tests that mutual followers see each other's presence, and that other players do not.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::player::object_name;
use tests::stack::{self, Stack, WebSockets};
use xtask::wire::{MeEvent, Player, Server, Socket, num, text};
use xtask::{is_event, next_event};

use super::chat::server;
use super::region_client::{notify, now};

const POOL: &str = "speed-dating";

/// Two guests who follow each other.
async fn friends(server: &Server) -> Result<(Player, Player)> {
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    server.befriend(&ana, &bo).await?;
    Ok((ana, bo))
}

async fn me_socket(server: &Server, player: &Player) -> Result<Socket> {
    let mut socket = server.me(player).connect().await?;
    let welcome = socket.welcome().await?;
    ensure!(text(&welcome, "/you") == player.id, "{welcome}");
    Ok(socket)
}

/// Waits until the socket reports `state` for `of`. Returns the time of it.
async fn reports(socket: &mut Socket, of: &Player, state: &str) -> Result<u64> {
    let what = format!("{state} of {}", of.id);
    let event = socket
        .wait(&what, |event| {
            is_event!(event, MeEvent::Presence)
                && text(event, "/body/player") == of.id
                && text(event, "/body/state") == state
        })
        .await?;
    Ok(num(&event, "/body/as_of").unwrap_or_default())
}

async fn sees(server: &Server, who: &Player, of: &Player) -> Result<String> {
    let seen = server.presence(who, &[of]).await?;
    ensure!(num(&seen, "/max_staleness_ms") == Some(105_000), "the answer states its maximum age: {seen}");
    Ok(text(&seen, "/players/0/state").to_owned())
}

async fn announce_visibility(stack: &Stack, people: &[&Player]) -> Result<()> {
    let at = now()?;
    let notice = |one: &&Player| json!({"player": one.id, "at": at, "kind": "circle"});
    notify(stack, people.iter().map(notice).collect::<Value>()).await
}

#[tokio::test]
async fn mutual_followers_see_each_other_come_and_go() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (ana, bo) = friends(&server).await?;
    let mut a = me_socket(&server, &ana).await?;
    let mut b = me_socket(&server, &bo).await?;
    let came = reports(&mut a, &bo, "online").await?;
    reports(&mut b, &ana, "online").await?;
    ensure!(sees(&server, &ana, &bo).await? == "online");

    b.ok(json!({"op": "active", "body": {"active": false}})).await?;
    ensure!(reports(&mut a, &bo, "away").await? > came);
    let mut q = server.lobby(POOL, &bo).connect().await?;
    q.welcome().await?;
    reports(&mut a, &bo, "online").await?;
    let devices = b.ok(json!({"op": "devices"})).await?;
    ensure!(text(&devices, "/devices/0/at") == "me", "{devices}");
    ensure!(text(&devices, "/devices/1/at") == format!("lobby:{POOL}"), "{devices}");

    q.close().await?;
    let lost = Instant::now();
    b.cut();
    reports(&mut a, &bo, "reconnecting").await?;
    reports(&mut a, &bo, "offline").await?;
    ensure!(lost.elapsed() >= Duration::from_secs(5), "the state was reported too early");
    ensure!(sees(&server, &ana, &bo).await? == "offline");
    Ok(())
}

#[tokio::test]
async fn immediate_reconnect_is_not_reported_as_offline() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (ana, bo) = friends(&server).await?;
    let mut a = me_socket(&server, &ana).await?;
    let mut b = me_socket(&server, &bo).await?;
    reports(&mut a, &bo, "online").await?;
    for _ in 0..10 {
        b.cut();
        b = me_socket(&server, &bo).await?;
    }
    b.ok(json!({"op": "active", "body": {"active": false}})).await?;
    reports(&mut a, &bo, "away").await?;
    let received = a.take_received();
    let offline = received.iter().filter(|one| text(one, "/body/state") == "offline");
    ensure!(offline.count() == 0, "{received:?}");
    Ok(())
}

#[tokio::test]
async fn strangers_hidden_and_blocked_players_appear_offline() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (ana, bo) = friends(&server).await?;
    let stranger = server.guest("Cy").await?;
    let mut a = me_socket(&server, &ana).await?;
    let _b = me_socket(&server, &bo).await?;
    let mut c = me_socket(&server, &stranger).await?;
    reports(&mut a, &bo, "online").await?;
    ensure!(sees(&server, &stranger, &bo).await? == "offline");

    server.region_put(&bo, "/v1/presence/me", &json!({"hidden": true})).await?;
    announce_visibility(stack, &[&bo]).await?;
    reports(&mut a, &bo, "offline").await?;
    ensure!(sees(&server, &ana, &bo).await? == "offline");
    server.region_put(&bo, "/v1/presence/me", &json!({"hidden": false})).await?;
    announce_visibility(stack, &[&bo]).await?;
    reports(&mut a, &bo, "online").await?;

    server.region_put(&bo, &format!("/v1/blocks/{}", ana.id), &json!({})).await?;
    announce_visibility(stack, &[&bo, &ana]).await?;
    reports(&mut a, &bo, "offline").await?;
    ensure!(sees(&server, &ana, &bo).await? == "offline");
    let heard = c.settle().await?;
    ensure!(heard.is_empty(), "a stranger received {heard:?}");
    Ok(())
}

#[tokio::test]
async fn subscriber_is_notified_after_both_objects_were_evicted() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (ana, bo) = friends(&server).await?;
    let mut a = me_socket(&server, &ana).await?;
    let mut b = me_socket(&server, &bo).await?;
    reports(&mut a, &bo, "online").await?;
    reports(&mut b, &ana, "online").await?;
    for one in [&ana, &bo] {
        let object = object_name(&one.id.parse()?);
        stack.evict("PlayerObject", &object, WebSockets::Hibernate).await?;
    }
    b.ok(json!({"op": "active", "body": {"active": false}})).await?;
    reports(&mut a, &bo, "away").await.map(drop)
}

#[tokio::test]
async fn me_sockets_close_on_revocation_and_ban() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let mut a = me_socket(&server, &ana).await?;
    let revoked = json!([{"player": ana.id, "at": now()?, "kind": "revoked", "ep": 1}]);
    notify(stack, revoked).await?;
    let notice = next_event!(a, MeEvent::Notice).await?;
    ensure!(text(&notice, "/body/kind") == "signed_out", "{notice}");
    a.closed_with(4302).await?;
    let mut again = server.me(&ana).connect().await?;
    again.closed_with(4302).await?;
    let url = format!("{}/v1/presence?players={}", stack.edge_url(), ana.id);
    let answer = server.http().get(url).bearer_auth(&ana.token);
    let answer = answer.send().await?;
    ensure!(answer.status().as_u16() == 401);
    let body: Value = answer.json().await?;
    ensure!(text(&body, "/code") == "session_revoked", "{body}");

    let bo = server.guest("Bo").await?;
    let mut b = me_socket(&server, &bo).await?;
    let at = now()?;
    let until = at + Duration::from_mins(10);
    let banned = json!([{"player": bo.id, "at": at, "kind": "banned", "until": until}]);
    notify(stack, banned).await?;
    let notice = next_event!(b, MeEvent::Notice).await?;
    ensure!(text(&notice, "/body/kind") == "banned", "{notice}");
    b.closed_with(4001).await?;
    let mut again = server.me(&bo).connect().await?;
    again.closed_with(4001).await.map(drop)
}

#[tokio::test]
async fn newest_two_me_sockets_are_kept() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let mut first = me_socket(&server, &ana).await?;
    let mut second = me_socket(&server, &ana).await?;
    let mut third = me_socket(&server, &ana).await?;
    first.closed_with(4008).await?;
    for one in [&mut second, &mut third] {
        one.ok(json!({"op": "devices"})).await?;
        one.err(json!({"op": "say"}), "unknown_op").await?;
        one.ok(json!({"op": "auth", "body": {"token": ana.token}})).await?;
        one.err(json!({"op": "auth", "body": {"token": "x"}}), "bad_token").await?;
        one.err(json!({"op": "active", "body": {}}), "bad_field").await?;
    }
    Ok(())
}
