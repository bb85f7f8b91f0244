//! Call negotiation: to one member, numbered for all, held for who is away.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::table::{field, must, say};
use crate::wire::{at, ev, num, text};

checks! {
    "W-080" "a signal comes to the one it is for, with a position" => to_one;
    "W-081" "for everybody else its number is skipped" => skipped;
    "W-082" "a signal to a member who is away is held and comes when they are back" => held;
    "W-083" "a signal without to is bad_field" => no_to;
    "W-084" "a signal to somebody who is not here is not_found" => nobody;
    "W-085" "a replay skips what was for another" => replay_skips;
    "W-086" "a snapshot skips what was for another" => snapshot_skips;
}

fn signal(to: &str) -> Value {
    json!({"op": "signal", "to": to, "body": {"sdp": "secret"}})
}

async fn to_one(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let ok = pair.a.ok(signal(&pair.bo.id)).await?;
    let event = pair.b.event("signal").await?;
    must(at(&event) == num(&ok, "/at"), "the position", &event)?;
    must(text(&event, "/by") == pair.ana.id, "by", &event)?;
    must(text(&event, "/body/sdp") == "secret", "body", &event)
}

async fn skipped(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let ok = pair.a.ok(signal(&pair.bo.id)).await?;
    let event = pair.a.numbered().await?;
    must(ev(&event) == "skip", "skip", &event)?;
    must(at(&event) == num(&ok, "/at"), "the position", &event)?;
    must(event.get("body").is_none(), "nothing else", &event)
}

async fn held(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (welcome, socket) = pair.again(&table, &pair.bo, None).await?;
    pair.b.closed_with(4006).await?;
    socket.cut();
    pair.a.event("away").await?;
    pair.a.ok(signal(&pair.bo.id)).await?;
    let from = (text(&welcome, "/epoch"), num(&welcome, "/at").unwrap_or(0));
    let (_, mut socket) = pair.again(&table, &pair.bo, Some(from)).await?;
    let event = socket.event("signal").await?;
    must(text(&event, "/body/sdp") == "secret", "body", &event)
}

async fn no_to(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let fault = pair.a.err(json!({"op": "signal"}), "bad_field").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn nobody(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let fault = pair.a.err(signal("p_nobody"), "not_found").await?;
    must(field(&fault) == "to", "names to", &fault)
}

async fn replay_skips(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (welcome, socket) = pair.again(&table, &pair.ana, None).await?;
    pair.a = socket;
    pair.b.ok(say("before")).await?;
    pair.b.ok(signal(&pair.ana.id)).await?;
    pair.a.event("signal").await?;
    let head = num(&welcome, "/at").unwrap_or(0);
    let from = (text(&welcome, "/epoch"), head);
    // The one it was from is no more its recipient than anybody else.
    let (_, mut b) = pair.again(&table, &pair.bo, Some(from)).await?;
    let events = [b.numbered().await?, b.numbered().await?];
    let names: Vec<&str> = events.iter().map(ev).collect();
    ensure!(names == ["said", "skip"], "{events:?}");
    Ok(())
}

async fn snapshot_skips(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.a.ok(signal(&pair.bo.id)).await?;
    let (welcome, _socket) = pair.again(&table, &pair.ana, None).await?;
    ensure!(!welcome.to_string().contains("secret"), "{welcome}");
    ensure!(welcome.to_string().contains("skip"), "{welcome}");
    Ok(())
}
