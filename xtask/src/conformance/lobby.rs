//! Checks of lobbies: tickets, `enter`, `why`, `leave`, and sockets of a waiting player.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must};
use crate::wire::{LobbyEvent, Player, Socket, num, text, unique};
use crate::{events, next_event};

checks! {
    "W-170" "a lobby's welcome has the pool, how many wait, and the estimate" => welcome;
    "W-171" "enter is answered with the ticket, and a queued event has it" => enter_ok;
    "W-172" "enter again with the same key is the same ticket" => enter_again;
    "W-173" "a player has one ticket, whatever the key" => one_ticket;
    "W-174" "why has the numbers of waiting and fitting tickets, and when the next one fits" => why;
    "W-175" "leave withdraws the ticket; then why is no_ticket" => leave;
    "W-176" "leave without a ticket is no_ticket" => no_ticket;
    "W-177" "a ticket survives a lost socket with its original time" => survives;
    "W-178" "attrs other than short plain values are bad_field" => bad_attrs;
    "W-179" "invalid wants are bad_field" => bad_wants;
    "W-180" "an op that lobbies do not have is unknown_op" => unknown_op;
    "W-181" "changes of the queue are sent as lobby events" => lobby_event;
    "W-182" "each socket of a player gets the ticket's events" => both_sockets;
    "W-183" "an unreadable frame is refused as in a room; three in a row close 4003" => faults;
    "W-184" "a frame over frame_bytes closes 4009" => too_big;
}

pub(super) async fn open(fixture: &Fixture, player: &Player) -> Result<(Value, Socket)> {
    let pool = fixture.pool().await?;
    let mut socket = fixture.server().lobby(&pool, player).connect().await?;
    Ok((socket.welcome().await?, socket))
}

async fn fresh(fixture: &Fixture) -> Result<(Player, Value, Socket)> {
    let guest = fixture.guest().await?;
    let (welcome, socket) = open(fixture, &guest).await?;
    Ok((guest, welcome, socket))
}

/// An `enter` whose wants and attributes match no ticket but those of the same mark.
pub(super) fn enter(mark: &str) -> Value {
    json!({"op": "enter", "key": unique(), "body": {
        "attrs": {"mark": mark}, "wants": [{"attr": "mark", "is": mark}],
    }})
}

async fn welcome(fixture: Fixture) -> Result<()> {
    let (guest, welcome, _socket) = fresh(&fixture).await?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    let pool = fixture.pool().await?;
    must(text(&welcome, "/pool") == pool, "pool", &welcome)?;
    must(num(&welcome, "/waiting").is_some(), "waiting", &welcome)?;
    let estimate = welcome.get("estimate_ms").is_some();
    must(estimate, "estimate_ms", &welcome)
}

async fn enter_ok(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    let ok = socket.ok(enter(&unique())).await?;
    must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
    must(num(&ok, "/since").is_some(), "since", &ok)?;
    let event = next_event!(socket, LobbyEvent::Queued).await?;
    let same = text(&event, "/body/ticket") == text(&ok, "/ticket");
    must(same, "the same ticket", &event)
}

async fn enter_again(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    let message = enter(&unique());
    let first = socket.ok(message.clone()).await?;
    let again = socket.ok(message).await?;
    ensure!(first == again, "{first}, then {again}");
    Ok(())
}

async fn one_ticket(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    let mark = unique();
    let first = socket.ok(enter(&mark)).await?;
    let again = socket.ok(enter(&mark)).await?;
    ensure!(first == again, "{first}, then {again}");
    Ok(())
}

async fn why(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    socket.ok(enter(&unique())).await?;
    let ok = socket.ok(json!({"op": "why"})).await?;
    for name in ["/waiting", "/fit_now", "/fit_later"] {
        must(num(&ok, name).is_some(), name, &ok)?;
    }
    must(num(&ok, "/fit_now") == Some(0), "no ticket fits", &ok)?;
    must(ok.get("next_in_ms").is_some(), "next_in_ms", &ok)
}

async fn leave(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    socket.ok(enter(&unique())).await?;
    socket.ok(json!({"op": "leave"})).await?;
    let why = json!({"op": "why"});
    socket.err(why, "no_ticket").await.map(drop)
}

async fn no_ticket(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    let leave = json!({"op": "leave"});
    socket.err(leave, "no_ticket").await.map(drop)
}

async fn survives(fixture: Fixture) -> Result<()> {
    let (guest, _, mut socket) = fresh(&fixture).await?;
    let ok = socket.ok(enter(&unique())).await?;
    socket.cut();
    let (welcome, mut socket) = open(&fixture, &guest).await?;
    let recovered = welcome.get("recovered") == Some(&Value::Bool(true));
    must(recovered, "recovered", &welcome)?;
    let event = next_event!(socket, LobbyEvent::Queued).await?;
    let same = num(&event, "/body/since") == num(&ok, "/since")
        && text(&event, "/body/ticket") == text(&ok, "/ticket");
    must(same, &format!("the ticket {ok}"), &event)
}

async fn refused(fixture: &Fixture, bodies: Vec<Value>, name: &str) -> Result<()> {
    let (_, _, mut socket) = fresh(fixture).await?;
    for body in bodies {
        let message = json!({"op": "enter", "body": body});
        let fault = socket.err(message.clone(), "bad_field").await?;
        let names = field(&fault).starts_with(name);
        ensure!(names, "{message} was answered {fault}");
    }
    Ok(())
}

async fn bad_attrs(fixture: Fixture) -> Result<()> {
    let many: serde_json::Map<String, Value> = (0..17).map(|n| (n.to_string(), json!(1))).collect();
    let attrs = [
        json!(7),
        Value::Object(many),
        json!({"a": {}}),
        json!({"a": "x".repeat(65)}),
        json!({"a": [1]}),
        json!({ "a".repeat(65): 1 }),
    ];
    let bodies = attrs.map(|attrs| json!({ "attrs": attrs }));
    refused(&fixture, bodies.to_vec(), "body.attrs").await
}

async fn bad_wants(fixture: Fixture) -> Result<()> {
    let many: Vec<Value> = (0..17).map(|_| json!({"attr": "a", "is": 1})).collect();
    let wants = [json!(7), json!([7]), json!([{"attr": "a"}]), json!([{"is": 1}]), Value::Array(many)];
    let bodies = wants.map(|wants| json!({ "wants": wants }));
    refused(&fixture, bodies.to_vec(), "body.wants").await
}

async fn unknown_op(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    let say = json!({"op": "say", "body": 1});
    let fault = socket.err(say, "unknown_op").await?;
    must(field(&fault) == "op", "names op", &fault)
}

async fn lobby_event(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    socket.ok(enter(&unique())).await?;
    let event = next_event!(socket, LobbyEvent::Lobby).await?;
    must(event.get("at").is_none(), "no position", &event)?;
    must(num(&event, "/body/waiting").is_some(), "waiting", &event)
}

async fn both_sockets(fixture: Fixture) -> Result<()> {
    let (guest, _, mut socket) = fresh(&fixture).await?;
    let (_, mut other) = open(&fixture, &guest).await?;
    socket.ok(enter(&unique())).await?;
    let (mine, theirs) =
        (next_event!(socket, LobbyEvent::Queued).await?, next_event!(other, LobbyEvent::Queued).await?);
    ensure!(mine == theirs, "{mine} {theirs}");
    let rest = socket.settle().await?;
    ensure!(events!(rest, LobbyEvent::Queued).is_empty(), "{rest:?}");
    Ok(())
}

async fn faults(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    for code in ["bad_json", "binary", "too_deep"] {
        match code {
            "binary" => socket.binary(vec![1]).await?,
            "too_deep" => socket.raw("[".repeat(33)).await?,
            _ => socket.raw("{").await?,
        }
        socket.wait(code, |one| text(one, "/err/code") == code).await?;
    }
    socket.closed_with(4003).await.map(drop)
}

async fn too_big(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fresh(&fixture).await?;
    socket.raw(" ".repeat(shared::limits::FRAME_BYTES_MAX + 1)).await?;
    socket.closed_with(4009).await.map(drop)
}
