//! Tests that a ticket is on disk while it waits, and no longer.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stack;
use xtask::next_event;
use xtask::wire::{LobbyEvent, Player, Server, num, text, unique};

use super::chat::server;

pub const POOL: &str = "speed-dating";

pub fn enter(mark: &str) -> Value {
    json!({"op": "enter", "key": mark, "body": {
        "attrs": {"mark": mark}, "wants": [{"attr": "mark", "is": mark}],
    }})
}

/// Makes two guests and matches them. Returns their room.
pub async fn matched(server: &Server) -> Result<(String, Player, Player)> {
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let mark = unique();
    let mut sockets = Vec::new();
    for player in [&ana, &bo] {
        let mut socket = server.lobby(POOL, player).connect().await?;
        socket.welcome().await?;
        socket.ok(enter(&mark)).await?;
        sockets.push(socket);
    }
    let mut room = None;
    for socket in &mut sockets {
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        room = Some(text(&event, "/body/room").to_owned());
    }
    Ok((room.context("a room")?, ana, bo))
}

#[tokio::test]
async fn ticket_survives_a_kill() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let mark = unique();
    let mut a = server.lobby(POOL, &ana).connect().await?;
    a.welcome().await?;
    let ticket = a.ok(enter(&mark)).await?;

    stack.kill_workerd().await?;
    ensure!(a.closed().await?.code == 1006);
    stack.restart_edge().await?;

    let mut a = server.lobby(POOL, &ana).connect().await?;
    let welcome = a.welcome().await?;
    ensure!(welcome["recovered"] == true, "{welcome}");
    let queued = next_event!(a, LobbyEvent::Queued).await?;
    ensure!(
        text(&queued, "/body/ticket") == text(&ticket, "/ticket")
            && num(&queued, "/body/since") == num(&ticket, "/since"),
        "{ticket} became {queued}"
    );
    let mut b = server.lobby(POOL, &bo).connect().await?;
    b.welcome().await?;
    b.ok(enter(&mark)).await?;
    let (mine, theirs) =
        (next_event!(a, LobbyEvent::Matched).await?, next_event!(b, LobbyEvent::Matched).await?);
    ensure!(text(&mine, "/body/room") == text(&theirs, "/body/room"), "{mine} {theirs}");
    Ok(())
}

/// Proved by a store that ignored deletions: the lobby then counted a ticket that had left the queue.
#[tokio::test]
async fn finished_tickets_and_parties_are_gone_after_a_kill() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (_room, ana, bo) = matched(&server).await?;
    let (cyn, dan, eve) =
        (server.guest("Cyn").await?, server.guest("Dan").await?, server.guest("Eve").await?);
    let mut left = server.lobby(POOL, &cyn).connect().await?;
    left.welcome().await?;
    left.ok(enter(&unique())).await?;
    left.ok(json!({"op": "leave"})).await?;
    let mut parted = server.lobby("doubles", &dan).connect().await?;
    parted.welcome().await?;
    let party = parted.ok(json!({"op": "party"})).await?;
    parted.ok(json!({"op": "leave"})).await?;

    stack.kill_workerd().await?;
    ensure!(left.closed().await?.code == 1006);
    stack.restart_edge().await?;

    for player in [&ana, &bo, &cyn] {
        let welcome = server.lobby(POOL, player).connect().await?.welcome().await?;
        ensure!(welcome["recovered"] == false && welcome["waiting"] == 0, "{welcome}");
    }
    let mut late = server.lobby("doubles", &eve).connect().await?;
    late.welcome().await?;
    late.err(json!({"op": "join", "body": {"party": text(&party, "/party")}}), "no_party").await?;
    Ok(())
}
