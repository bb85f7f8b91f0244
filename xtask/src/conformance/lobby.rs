//! Waiting: a ticket is its player's, whatever happens to sockets.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::table::{field, must, named};
use crate::wire::{Player, Socket, num, text, unique};

checks! {
    "W-170" "a lobby's welcome has the pool, how many wait, and the estimate" => welcome;
    "W-171" "enter is answered with the ticket, and queued tells it" => enter_ok;
    "W-172" "enter again by the same key is the same ticket" => enter_again;
    "W-173" "a player has one ticket, whatever the key" => one_ticket;
    "W-174" "why says who waits, who fits, and when the next one does" => why;
    "W-175" "leave withdraws the ticket; then why is no_ticket" => leave;
    "W-176" "leave without a ticket is no_ticket" => no_ticket;
    "W-177" "a ticket survives a lost socket with the time it began" => survives;
    "W-178" "attrs that are no short plain values are bad_field" => bad_attrs;
    "W-179" "wants that are none are bad_field" => bad_wants;
    "W-180" "an op that a lobby does not know is unknown_op" => unknown_op;
    "W-181" "changes of the queue are told in lobby events" => lobby_event;
    "W-182" "each socket of a player hears of the ticket" => both_sockets;
    "W-183" "a faulty frame is refused as in a room; three in a row close 4003" => faults;
    "W-184" "a frame over frame_bytes closes 4009" => too_big;
}

pub(super) async fn open(table: &Table, player: &Player) -> Result<(Value, Socket)> {
    let pool = table.pool().await?;
    let mut socket = table.server().lobby(&pool, player).connect().await?;
    Ok((socket.welcome().await?, socket))
}

async fn fresh(table: &Table) -> Result<(Player, Value, Socket)> {
    let guest = table.guest().await?;
    let (welcome, socket) = open(table, &guest).await?;
    Ok((guest, welcome, socket))
}

/// Nobody else wants, or has, what this one wants.
pub(super) fn enter(mark: &str) -> Value {
    json!({"op": "enter", "key": unique(), "body": {
        "attrs": {"mark": mark}, "wants": [{"attr": "mark", "is": mark}],
    }})
}

async fn welcome(table: Table) -> Result<()> {
    let (guest, welcome, _socket) = fresh(&table).await?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    let pool = table.pool().await?;
    must(text(&welcome, "/pool") == pool, "pool", &welcome)?;
    must(num(&welcome, "/waiting").is_some(), "waiting", &welcome)?;
    let estimate = welcome.get("estimate_ms").is_some();
    must(estimate, "estimate_ms", &welcome)
}

async fn enter_ok(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    let ok = socket.ok(enter(&unique())).await?;
    must(text(&ok, "/ticket").starts_with("t_"), "ticket", &ok)?;
    must(num(&ok, "/since").is_some(), "since", &ok)?;
    let event = socket.event("queued").await?;
    let same = text(&event, "/body/ticket") == text(&ok, "/ticket");
    must(same, "the same ticket", &event)
}

async fn enter_again(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    let message = enter(&unique());
    let first = socket.ok(message.clone()).await?;
    let again = socket.ok(message).await?;
    ensure!(first == again, "{first}, then {again}");
    Ok(())
}

async fn one_ticket(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    let mark = unique();
    let first = socket.ok(enter(&mark)).await?;
    let again = socket.ok(enter(&mark)).await?;
    ensure!(first == again, "{first}, then {again}");
    Ok(())
}

async fn why(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    socket.ok(enter(&unique())).await?;
    let ok = socket.ok(json!({"op": "why"})).await?;
    for name in ["/waiting", "/fit_now", "/fit_later"] {
        must(num(&ok, name).is_some(), name, &ok)?;
    }
    must(num(&ok, "/fit_now") == Some(0), "nobody fits", &ok)?;
    must(ok.get("next_in_ms").is_some(), "next_in_ms", &ok)
}

async fn leave(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    socket.ok(enter(&unique())).await?;
    socket.ok(json!({"op": "leave"})).await?;
    let why = json!({"op": "why"});
    socket.err(why, "no_ticket").await.map(drop)
}

async fn no_ticket(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    let leave = json!({"op": "leave"});
    socket.err(leave, "no_ticket").await.map(drop)
}

async fn survives(table: Table) -> Result<()> {
    let (guest, _, mut socket) = fresh(&table).await?;
    let ok = socket.ok(enter(&unique())).await?;
    socket.cut();
    let (welcome, mut socket) = open(&table, &guest).await?;
    let recovered = welcome.get("recovered") == Some(&Value::Bool(true));
    must(recovered, "recovered", &welcome)?;
    let event = socket.event("queued").await?;
    let same = num(&event, "/body/since") == num(&ok, "/since")
        && text(&event, "/body/ticket") == text(&ok, "/ticket");
    must(same, &format!("the ticket {ok}"), &event)
}

async fn refused(table: &Table, bodies: Vec<Value>, name: &str) -> Result<()> {
    let (_, _, mut socket) = fresh(table).await?;
    for body in bodies {
        let message = json!({"op": "enter", "body": body});
        let fault = socket.err(message.clone(), "bad_field").await?;
        let names = field(&fault).starts_with(name);
        ensure!(names, "{message} was answered {fault}");
    }
    Ok(())
}

async fn bad_attrs(table: Table) -> Result<()> {
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
    refused(&table, bodies.to_vec(), "body.attrs").await
}

async fn bad_wants(table: Table) -> Result<()> {
    let many: Vec<Value> = (0..17).map(|_| json!({"attr": "a", "is": 1})).collect();
    let wants = [json!(7), json!([7]), json!([{"attr": "a"}]), json!([{"is": 1}]), Value::Array(many)];
    let bodies = wants.map(|wants| json!({ "wants": wants }));
    refused(&table, bodies.to_vec(), "body.wants").await
}

async fn unknown_op(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    let say = json!({"op": "say", "body": 1});
    let fault = socket.err(say, "unknown_op").await?;
    must(field(&fault) == "op", "names op", &fault)
}

async fn lobby_event(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    socket.ok(enter(&unique())).await?;
    let event = socket.event("lobby").await?;
    must(event.get("at").is_none(), "no position", &event)?;
    must(num(&event, "/body/waiting").is_some(), "waiting", &event)
}

async fn both_sockets(table: Table) -> Result<()> {
    let (guest, _, mut socket) = fresh(&table).await?;
    let (_, mut other) = open(&table, &guest).await?;
    socket.ok(enter(&unique())).await?;
    let (mine, theirs) = (socket.event("queued").await?, other.event("queued").await?);
    ensure!(mine == theirs, "{mine} {theirs}");
    let rest = socket.settle().await?;
    ensure!(named(&rest, "queued").is_empty(), "{rest:?}");
    Ok(())
}

async fn faults(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
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

async fn too_big(table: Table) -> Result<()> {
    let (_, _, mut socket) = fresh(&table).await?;
    socket.raw(" ".repeat(shared::caps::FRAME_BYTES + 1)).await?;
    socket.closed_with(4009).await.map(drop)
}
