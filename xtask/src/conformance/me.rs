//! Checks of the me socket, and of presence and its visibility.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must};
use crate::is_event;
use crate::wire::server::send;
use crate::wire::{MeEvent, Player, Socket, num, text};

checks! {
    "W-300" "the welcome of a me socket names the player's connections" => welcome;
    "W-301" "devices names every connection of the player, and which of them this is" => devices;
    "W-302" "active takes a boolean, and anything else is bad_field" => active;
    "W-303" "the newest two me sockets are kept: an older one closes 4008" => newest;
    "W-309" "an opening with yield=1 closes 4008 while two me sockets are open, and opens when one is gone" => yields;
    "W-304" "players who follow each other get presence events: player, state, as_of" => friends;
    "W-305" "a player whose only connections are inactive me sockets is away" => away;
    "W-306" "strangers see every player as offline, also unknown ones" => strangers;
    "W-307" "GET /v1/presence answers in the order of the query, and has the age of the data" => order;
    "W-310" "read takes 1 to 16 ids of notices, and anything else is bad_field" => read;
    "W-308" "GET /v1/presence without a token is 401, of no player or too many 400" => refused;
}

async fn line(fixture: &Fixture, player: &Player) -> Result<(Value, Socket)> {
    let mut socket = fixture.server().me(player).connect().await?;
    let welcome = socket.welcome().await?;
    Ok((welcome, socket))
}

async fn friends_of(fixture: &Fixture) -> Result<(Player, Player)> {
    let (ana, bo) = (fixture.guest().await?, fixture.guest().await?);
    fixture.server().befriend(&ana, &bo).await?;
    Ok((ana, bo))
}

async fn hears(socket: &mut Socket, of: &Player, state: &str) -> Result<Value> {
    let what = format!("{state} of {}", of.id);
    socket
        .wait(&what, |event| {
            is_event!(event, MeEvent::Presence)
                && text(event, "/body/player") == of.id
                && text(event, "/body/state") == state
        })
        .await
}

async fn welcome(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (welcome, _socket) = line(&fixture, &guest).await?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    must(welcome.get("heartbeat").is_some(), "heartbeat", &welcome)?;
    must(text(&welcome, "/devices/0/at") == "me", "devices", &welcome)
}

async fn devices(fixture: Fixture) -> Result<()> {
    let (room, guest, _in_room) = fixture.alone(json!({})).await?;
    let (_, mut socket) = line(&fixture, &guest).await?;
    let all = socket.ok(json!({"op": "devices"})).await?;
    let this = all.pointer("/devices/0/this");
    must(this == Some(&json!(true)), "this", &all)?;
    let at = text(&all, "/devices/1/at");
    must(at == format!("room:{room}"), "the room", &all)?;
    must(num(&all, "/devices/1/since").is_some(), "since", &all)
}

async fn active(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut socket) = line(&fixture, &guest).await?;
    for active in [false, true] {
        let message = json!({"op": "active", "body": {"active": active}});
        socket.ok(message).await?;
        let all = socket.ok(json!({"op": "devices"})).await?;
        let kept = all.pointer("/devices/0/active");
        must(kept == Some(&json!(active)), "the value is kept", &all)?;
    }
    let message = json!({"op": "active", "body": {"active": "yes"}});
    let fault = socket.err(message, "bad_field").await?;
    must(field(&fault) == "body.active", "names the field", &fault)
}

async fn read(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut socket) = line(&fixture, &guest).await?;
    socket.ok(json!({"op": "read", "body": {"ids": ["nt_unknown"]}})).await?;
    let many: Vec<String> = (0..17).map(|nth| format!("nt_{nth}")).collect();
    for ids in [json!([]), json!(many), json!("nt_1"), json!(["m_1"])] {
        let fault = socket.err(json!({"op": "read", "body": {"ids": ids}}), "bad_field").await?;
        must(field(&fault) == "body.ids", "names the field", &fault)?;
    }
    Ok(())
}

async fn newest(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut first) = line(&fixture, &guest).await?;
    let (_, mut second) = line(&fixture, &guest).await?;
    let (_, mut third) = line(&fixture, &guest).await?;
    first.closed_with(4008).await?;
    second.ok(json!({"op": "devices"})).await?;
    third.ok(json!({"op": "devices"})).await.map(drop)
}

async fn yields(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let (_, mut first) = line(&fixture, &guest).await?;
    let (_, second) = line(&fixture, &guest).await?;
    let opening = fixture.server().me(&guest).yields();
    opening.connect().await?.closed_with(4008).await?;
    first.ok(json!({"op": "devices"})).await?;
    second.close().await?;
    let mut third = opening.connect().await?;
    third.welcome().await?;
    first.ok(json!({"op": "devices"})).await.map(drop)
}

async fn friends(fixture: Fixture) -> Result<()> {
    let (ana, bo) = friends_of(&fixture).await?;
    let (_, mut a) = line(&fixture, &ana).await?;
    let (_, mut b) = line(&fixture, &bo).await?;
    let event = hears(&mut a, &bo, "online").await?;
    let as_of = num(&event, "/body/as_of");
    must(as_of.is_some() && event.get("at").is_none(), "as_of", &event)?;
    hears(&mut b, &ana, "online").await.map(drop)
}

async fn away(fixture: Fixture) -> Result<()> {
    let (ana, bo) = friends_of(&fixture).await?;
    let (_, mut a) = line(&fixture, &ana).await?;
    let (_, mut b) = line(&fixture, &bo).await?;
    let online = hears(&mut a, &bo, "online").await?;
    b.ok(json!({"op": "active", "body": {"active": false}})).await?;
    let away = hears(&mut a, &bo, "away").await?;
    let later = num(&away, "/body/as_of") > num(&online, "/body/as_of");
    must(later, "the later one has the later as_of", &away)
}

async fn strangers(fixture: Fixture) -> Result<()> {
    let (ana, bo) = (fixture.guest().await?, fixture.guest().await?);
    let (_, _here) = line(&fixture, &bo).await?;
    let nobody = Player { id: "p_nobody-at-all".to_owned(), ..ana.clone() };
    let seen = fixture.server().presence(&ana, &[&bo, &nobody]).await?;
    for state in ["/players/0/state", "/players/1/state"] {
        must(text(&seen, state) == "offline", "offline", &seen)?;
    }
    Ok(())
}

async fn order(fixture: Fixture) -> Result<()> {
    let (ana, bo) = friends_of(&fixture).await?;
    let (_, _here) = line(&fixture, &bo).await?;
    let cy = fixture.guest().await?;
    let seen = fixture.server().presence(&ana, &[&cy, &bo]).await?;
    must(text(&seen, "/players/0/player") == cy.id, "order", &seen)?;
    must(text(&seen, "/players/1/player") == bo.id, "order", &seen)?;
    must(text(&seen, "/players/1/state") == "online", "state", &seen)?;
    must(num(&seen, "/players/1/as_of").is_some(), "as_of", &seen)?;
    must(num(&seen, "/max_staleness_ms").is_some(), "bound", &seen)
}

async fn refused(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let server = fixture.server();
    let answer = server.get("/v1/presence?players=p_1").await?;
    ensure!(answer.status().as_u16() == 401, "{}", answer.status());
    let many: Vec<String> = (0..101).map(|n| format!("p_{n}")).collect();
    for players in ["", "nobody", "p_1,", &many.join(",")] {
        let url = format!("{}/v1/presence?players={players}", server.edge());
        let answer = server.http().get(url).bearer_auth(&guest.token);
        let answer = send(answer).await?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await?;
        ensure!(status == 400, "{players:?} was answered {status} {body}");
        must(text(&body, "/code") == "bad_field", "bad_field", &body)?;
    }
    Ok(())
}
