//! A line of one's own, and who sees whom.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::table::{field, must};
use crate::wire::{Player, Socket, num, text};

checks! {
    "W-300" "the welcome of a line of one's own names the connections one has" => welcome;
    "W-301" "devices names every connection of one's own, and which of them this is" => devices;
    "W-302" "active takes a boolean, and anything else is bad_field" => active;
    "W-303" "of lines the newest two are kept: an older one closes 4008" => newest;
    "W-304" "those who follow each other hear of each other: player, state, as_of" => friends;
    "W-305" "who is on lines alone that nobody looks at is away" => away;
    "W-306" "to strangers everybody is offline, also who does not exist" => strangers;
    "W-307" "GET /v1/presence answers in the order asked for, and says how old it may be" => order;
    "W-308" "GET /v1/presence without a token is 401, of nobody or of too many 400" => refused;
}

async fn line(table: &Table, player: &Player) -> Result<(Value, Socket)> {
    let mut socket = table.server().me(player).connect().await?;
    let welcome = socket.welcome().await?;
    Ok((welcome, socket))
}

async fn friends_of(table: &Table) -> Result<(Player, Player)> {
    let (ana, bo) = (table.guest().await?, table.guest().await?);
    table.server().befriend(&ana, &bo).await?;
    Ok((ana, bo))
}

async fn hears(socket: &mut Socket, of: &Player, state: &str) -> Result<Value> {
    let what = format!("{state} of {}", of.id);
    socket
        .wait(&what, |event| {
            text(event, "/ev") == "presence"
                && text(event, "/body/player") == of.id
                && text(event, "/body/state") == state
        })
        .await
}

async fn welcome(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let (welcome, _socket) = line(&table, &guest).await?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    must(welcome.get("heartbeat").is_some(), "heartbeat", &welcome)?;
    must(text(&welcome, "/devices/0/at") == "me", "devices", &welcome)
}

async fn devices(table: Table) -> Result<()> {
    let (room, guest, _in_room) = table.alone(json!({})).await?;
    let (_, mut socket) = line(&table, &guest).await?;
    let all = socket.ok(json!({"op": "devices"})).await?;
    let this = all.pointer("/devices/0/this");
    must(this == Some(&json!(true)), "this", &all)?;
    let at = text(&all, "/devices/1/at");
    must(at == format!("room:{room}"), "the room", &all)?;
    must(num(&all, "/devices/1/since").is_some(), "since", &all)
}

async fn active(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let (_, mut socket) = line(&table, &guest).await?;
    for active in [false, true] {
        let message = json!({"op": "active", "body": {"active": active}});
        socket.ok(message).await?;
        let all = socket.ok(json!({"op": "devices"})).await?;
        let kept = all.pointer("/devices/0/active");
        must(kept == Some(&json!(active)), "it is kept", &all)?;
    }
    let message = json!({"op": "active", "body": {"active": "yes"}});
    let fault = socket.err(message, "bad_field").await?;
    must(field(&fault) == "body.active", "names the field", &fault)
}

async fn newest(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let (_, mut first) = line(&table, &guest).await?;
    let (_, mut second) = line(&table, &guest).await?;
    let (_, mut third) = line(&table, &guest).await?;
    first.closed_with(4008).await?;
    second.ok(json!({"op": "devices"})).await?;
    third.ok(json!({"op": "devices"})).await.map(drop)
}

async fn friends(table: Table) -> Result<()> {
    let (ana, bo) = friends_of(&table).await?;
    let (_, mut a) = line(&table, &ana).await?;
    let (_, mut b) = line(&table, &bo).await?;
    let event = hears(&mut a, &bo, "online").await?;
    let as_of = num(&event, "/body/as_of");
    must(as_of.is_some() && event.get("at").is_none(), "as_of", &event)?;
    hears(&mut b, &ana, "online").await.map(drop)
}

async fn away(table: Table) -> Result<()> {
    let (ana, bo) = friends_of(&table).await?;
    let (_, mut a) = line(&table, &ana).await?;
    let (_, mut b) = line(&table, &bo).await?;
    let online = hears(&mut a, &bo, "online").await?;
    b.ok(json!({"op": "active", "body": {"active": false}})).await?;
    let away = hears(&mut a, &bo, "away").await?;
    let later = num(&away, "/body/as_of") > num(&online, "/body/as_of");
    must(later, "the later one has the later as_of", &away)
}

async fn strangers(table: Table) -> Result<()> {
    let (ana, bo) = (table.guest().await?, table.guest().await?);
    let (_, _here) = line(&table, &bo).await?;
    let nobody = Player { id: "p_nobody-at-all".to_owned(), ..ana.clone() };
    let seen = table.server().presence(&ana, &[&bo, &nobody]).await?;
    for state in ["/players/0/state", "/players/1/state"] {
        must(text(&seen, state) == "offline", "offline", &seen)?;
    }
    Ok(())
}

async fn order(table: Table) -> Result<()> {
    let (ana, bo) = friends_of(&table).await?;
    let (_, _here) = line(&table, &bo).await?;
    let cy = table.guest().await?;
    let seen = table.server().presence(&ana, &[&cy, &bo]).await?;
    must(text(&seen, "/players/0/player") == cy.id, "order", &seen)?;
    must(text(&seen, "/players/1/player") == bo.id, "order", &seen)?;
    must(text(&seen, "/players/1/state") == "online", "state", &seen)?;
    must(num(&seen, "/players/1/as_of").is_some(), "as_of", &seen)?;
    must(num(&seen, "/max_staleness_ms").is_some(), "bound", &seen)
}

async fn refused(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let server = table.server();
    let answer = server.get("/v1/presence?players=p_1").await?;
    ensure!(answer.status().as_u16() == 401, "{}", answer.status());
    let many: Vec<String> = (0..101).map(|n| format!("p_{n}")).collect();
    for players in ["", "nobody", "p_1,", &many.join(",")] {
        let url = format!("{}/v1/presence?players={players}", server.edge());
        let answer = server.http().get(url).bearer_auth(&guest.token);
        let answer = answer.send().await?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await?;
        ensure!(status == 400, "{players:?} was answered {status} {body}");
        must(text(&body, "/code") == "bad_field", "bad_field", &body)?;
    }
    Ok(())
}
