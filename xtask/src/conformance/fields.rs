//! Checks of message fields: each invalid field is named in the error.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must};
use crate::wire::{RoomEvent, Socket, text};
use crate::{events, next_event};

checks! {
    "W-050" "unknown fields are ignored" => unknown_fields;
    "W-051" "an unknown op is unknown_op, never a close" => unknown_op;
    "W-052" "a message without op is bad_message" => no_op;
    "W-053" "an op other than a string is bad_field" => op_type;
    "W-054" "an id other than a number or a short string is bad_field" => bad_id;
    "W-055" "a key other than a string of 1 to 64 bytes is bad_field" => bad_key;
    "W-056" "an ack other than durable is bad_field" => bad_ack;
    "W-057" "a to other than a player's id is bad_field" => bad_to;
    "W-058" "text comes back unchanged: every plane of Unicode, escapes, zero" => unicode;
    "W-059" "numbers come back unchanged: whole ones to 2^53, fractions" => numbers;
}

async fn alone(fixture: &Fixture) -> Result<Socket> {
    Ok(fixture.alone(json!({})).await?.2)
}

/// Each of these messages is refused with this code for this field, and the socket stays open.
async fn refused(fixture: &Fixture, messages: Vec<Value>, code: &str, name: &str) -> Result<()> {
    let mut socket = alone(fixture).await?;
    for message in messages {
        let fault = socket.err(message.clone(), code).await?;
        ensure!(field(&fault) == name, "{message} was answered {fault}");
        let retry = fault.get("retry") == Some(&Value::Bool(false));
        must(retry, "retry is false", &fault)?;
    }
    Ok(())
}

async fn unknown_fields(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    let message = json!({"op": "say", "body": 1, "colour": "red", "ev": "said", "at": 7});
    socket.ok(message).await.map(drop)
}

async fn unknown_op(fixture: Fixture) -> Result<()> {
    let messages = ["dance", "", "SAY", "welcome"].map(|op| json!({ "op": op }));
    refused(&fixture, messages.to_vec(), "unknown_op", "op").await
}

async fn no_op(fixture: Fixture) -> Result<()> {
    refused(&fixture, vec![json!({})], "bad_message", "op").await
}

async fn op_type(fixture: Fixture) -> Result<()> {
    let messages = [json!(7), json!(null), json!("o".repeat(65))].map(|op| json!({ "op": op }));
    refused(&fixture, messages.to_vec(), "bad_field", "op").await
}

async fn bad_id(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    for id in [json!([]), json!({}), json!(true), json!("i".repeat(65))] {
        socket.send(&json!({"id": id, "op": "say"})).await?;
        let reply = socket.wait("an error", |one| one.get("err").is_some()).await?;
        must(reply.get("id").is_none(), "the reply has no id", &reply)?;
        must(text(&reply, "/err/field") == "id", "names id", &reply)?;
        socket.ok(json!({"op": "say"})).await?;
    }
    Ok(())
}

async fn bad_key(fixture: Fixture) -> Result<()> {
    let keys = [json!(""), json!("k".repeat(65)), json!(7)];
    let messages = keys.map(|key| json!({"op": "say", "key": key}));
    refused(&fixture, messages.to_vec(), "bad_field", "key").await
}

async fn bad_ack(fixture: Fixture) -> Result<()> {
    let messages = [json!("soon"), json!(true)].map(|ack| json!({"op": "say", "ack": ack}));
    refused(&fixture, messages.to_vec(), "bad_field", "ack").await
}

async fn bad_to(fixture: Fixture) -> Result<()> {
    let mut messages = Vec::new();
    for op in ["hint", "signal", "kick"] {
        for to in [json!("bob"), json!(7), json!("p_a/b"), json!("")] {
            messages.push(json!({"op": op, "to": to}));
        }
    }
    refused(&fixture, messages, "bad_field", "to").await
}

async fn comes_back(fixture: &Fixture, body: Value) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(json!({"op": "say", "body": body})).await?;
    let event = next_event!(pair.b, RoomEvent::Said).await?;
    ensure!(event.get("body") == Some(&body), "{body} came as {event}");
    Ok(())
}

async fn unicode(fixture: Fixture) -> Result<()> {
    let body = json!({
        "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈", "zero": "a\u{0}b", "rtl": "\u{202e}שלום", "last": "\u{10ffff}",
        "escapes": "\"\\/\u{8}\u{c}\n\r\t", "": "an empty key", "lines": "\u{2028}\u{2029}",
    });
    comes_back(&fixture, body).await
}

async fn numbers(fixture: Fixture) -> Result<()> {
    let body = json!([0, -1, 9_007_199_254_740_991_u64, -9_007_199_254_740_991_i64, 0.1, 1e-9, 1e21]);
    comes_back(&fixture, body).await?;
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.raw(r#"{"op":"say","body":1.0}"#).await?;
    let rest = pair.a.settle().await?;
    let said = events!(rest, RoomEvent::Said);
    ensure!(said.len() == 1, "{rest:?}");
    Ok(())
}
