//! Tests that a panic in one room affects neither its neighbours nor its own log.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::stack;
use xtask::next_event;
use xtask::wire::{RoomEvent, at, num, text};

use super::chat::{meet, server};

#[tokio::test]
async fn debug_commands_are_refused_by_default() -> Result<()> {
    // As `cargo dev` and a deployment run.
    let stack = stack::start_with(|options| options.debug_commands = false).await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    a.err(json!({"op": "debug", "body": {"do": "panic"}}), "unknown_op").await?;
    a.ok(json!({"op": "say", "body": "goes on"})).await.map(drop)
}

#[tokio::test]
async fn panic_in_one_room_does_not_affect_its_neighbour() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (faulty, ana, bo) = meet(&server).await?;
    let (fine, cyn, dan) = meet(&server).await?;
    let mut a = server.room(&faulty, &ana).connect().await?;
    let epoch = text(&a.welcome().await?, "/epoch").to_owned();
    let mut b = server.room(&faulty, &bo).connect().await?;
    b.welcome().await?;
    let mut c = server.room(&fine, &cyn).connect().await?;
    c.welcome().await?;
    let mut d = server.room(&fine, &dan).connect().await?;
    d.welcome().await?;
    // Only memory holds these two faults: another instance would not know them.
    for _ in 0..2 {
        c.raw("{").await?;
        c.wait("bad_json", |one| text(one, "/err/code") == "bad_json").await?;
    }

    let before = a.ok(json!({"op": "say", "key": "k", "body": 1})).await?;
    for _ in 0..3 {
        b.send(&json!({"op": "debug", "body": {"do": "panic"}})).await?;
    }

    // The neighbour keeps its sockets and its instance.
    d.ok(json!({"op": "say", "body": "undisturbed"})).await?;
    next_event!(c, RoomEvent::Said).await?;
    c.raw("{").await?;
    c.closed_with(4003).await?;
    d.ok(json!({"op": "say", "body": "undisturbed"})).await?;

    // The faulty room keeps its sockets, and no message is lost or doubled.
    let again = a.ok(json!({"op": "say", "key": "k", "body": 1})).await?;
    ensure!(before == again, "{before}, then {again}");
    let ok = b.ok(json!({"op": "say", "body": "goes on"})).await?;
    let fits = |one: &serde_json::Value| text(one, "/body") == "goes on";
    let event = a.wait("the next message", fits).await?;
    ensure!(at(&event) == num(&ok, "/at"), "{event}");
    let from = num(&before, "/at").unwrap_or(0);
    let mut a = server.room(&faulty, &ana).resume(&epoch, from).connect().await?;
    let welcome = a.welcome().await?;
    ensure!(welcome["recovered"] == true, "the epoch changed: {welcome}");
    Ok(())
}
