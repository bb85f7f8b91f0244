//! Checks of `signal`: sent to one member, with a position, held while the member is away.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must, say};
use crate::wire::{RoomEvent, at, num, text};
use crate::{is_event, next_event};

checks! {
    "W-080" "a signal is sent to its recipient, with a position" => to_one;
    "W-081" "every other member gets skip at its position" => skipped;
    "W-082" "a signal to a member who is away is sent when they are back" => held;
    "W-083" "a signal without to is bad_field" => no_to;
    "W-084" "a signal to a player who is not a member is not_found" => to_unknown;
    "W-085" "a replay has skip for another member's signal" => replay_skips;
    "W-086" "a snapshot has skip for another member's signal" => snapshot_skips;
}

fn signal(to: &str) -> Value {
    json!({"op": "signal", "to": to, "body": {"sdp": "secret"}})
}

async fn to_one(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.a.ok(signal(&pair.bo.id)).await?;
    let event = next_event!(pair.b, RoomEvent::Signal).await?;
    must(at(&event) == num(&ok, "/at"), "the position", &event)?;
    must(text(&event, "/by") == pair.ana.id, "by", &event)?;
    must(text(&event, "/body/sdp") == "secret", "body", &event)
}

async fn skipped(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let ok = pair.a.ok(signal(&pair.bo.id)).await?;
    let event = pair.a.numbered().await?;
    must(is_event!(&event, RoomEvent::Skip), "skip", &event)?;
    must(at(&event) == num(&ok, "/at"), "the position", &event)?;
    must(event.get("body").is_none(), "nothing else", &event)
}

async fn held(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (welcome, socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    pair.b.closed_with(4006).await?;
    socket.cut();
    next_event!(pair.a, RoomEvent::Away).await?;
    pair.a.ok(signal(&pair.bo.id)).await?;
    let from = (text(&welcome, "/epoch"), num(&welcome, "/at").unwrap_or(0));
    let (_, mut socket) = pair.reconnect(&fixture, &pair.bo, Some(from)).await?;
    let event = next_event!(socket, RoomEvent::Signal).await?;
    must(text(&event, "/body/sdp") == "secret", "body", &event)
}

async fn no_to(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let fault = pair.a.err(json!({"op": "signal"}), "bad_field").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn to_unknown(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let fault = pair.a.err(signal("p_nobody"), "not_found").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn replay_skips(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (welcome, socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    pair.a = socket;
    pair.b.ok(say("before")).await?;
    pair.b.ok(signal(&pair.ana.id)).await?;
    next_event!(pair.a, RoomEvent::Signal).await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let from = (text(&welcome, "/epoch"), head);
    // The sender is not a recipient of the signal.
    let (_, mut b) = pair.reconnect(&fixture, &pair.bo, Some(from)).await?;
    let (said, skip) = (b.numbered().await?, b.numbered().await?);
    let is_skipped = is_event!(&said, RoomEvent::Said) && is_event!(&skip, RoomEvent::Skip);
    ensure!(is_skipped, "{said}, then {skip}");
    Ok(())
}

async fn snapshot_skips(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(signal(&pair.bo.id)).await?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    ensure!(!welcome.to_string().contains("secret"), "{welcome}");
    ensure!(welcome.to_string().contains("skip"), "{welcome}");
    Ok(())
}
