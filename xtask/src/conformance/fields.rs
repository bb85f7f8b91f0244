//! What a message may carry: each field that is faulty is named.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Table;
use super::table::{field, must, named};
use crate::wire::{Socket, text};

checks! {
    "W-050" "unknown fields are ignored" => unknown_fields;
    "W-051" "an unknown op is unknown_op, never a close" => unknown_op;
    "W-052" "a message without op is bad_message" => no_op;
    "W-053" "an op that is no string is bad_field" => op_type;
    "W-054" "an id that is neither number nor short string is bad_field" => bad_id;
    "W-055" "a key that is no string of 1 to 64 bytes is bad_field" => bad_key;
    "W-056" "an ack other than durable is bad_field" => bad_ack;
    "W-057" "a to that is no player's id is bad_field" => bad_to;
    "W-058" "text comes back as it was: every plane of Unicode, escapes, zero" => unicode;
    "W-059" "numbers come back as they were: whole ones to 2^53, fractions" => numbers;
}

async fn alone(table: &Table) -> Result<Socket> {
    Ok(table.alone(json!({})).await?.2)
}

/// Each of these is refused with this code for this field, and the socket goes on.
async fn refused(table: &Table, messages: Vec<Value>, code: &str, name: &str) -> Result<()> {
    let mut socket = alone(table).await?;
    for message in messages {
        let fault = socket.err(message.clone(), code).await?;
        ensure!(field(&fault) == name, "{message} was answered {fault}");
        let retry = fault.get("retry") == Some(&Value::Bool(false));
        must(retry, "retry is false", &fault)?;
    }
    Ok(())
}

async fn unknown_fields(table: Table) -> Result<()> {
    let mut socket = alone(&table).await?;
    let message = json!({"op": "say", "body": 1, "colour": "red", "ev": "said", "at": 7});
    socket.ok(message).await.map(drop)
}

async fn unknown_op(table: Table) -> Result<()> {
    let messages = ["dance", "", "SAY", "welcome"].map(|op| json!({ "op": op }));
    refused(&table, messages.to_vec(), "unknown_op", "op").await
}

async fn no_op(table: Table) -> Result<()> {
    refused(&table, vec![json!({})], "bad_message", "op").await
}

async fn op_type(table: Table) -> Result<()> {
    let messages = [json!(7), json!(null), json!("o".repeat(65))].map(|op| json!({ "op": op }));
    refused(&table, messages.to_vec(), "bad_field", "op").await
}

async fn bad_id(table: Table) -> Result<()> {
    let mut socket = alone(&table).await?;
    for id in [json!([]), json!({}), json!(true), json!("i".repeat(65))] {
        socket.send(&json!({"id": id, "op": "say"})).await?;
        let reply = socket.wait("an error", |one| one.get("err").is_some()).await?;
        must(reply.get("id").is_none(), "no id to answer to", &reply)?;
        must(text(&reply, "/err/field") == "id", "names id", &reply)?;
        socket.ok(json!({"op": "say"})).await?;
    }
    Ok(())
}

async fn bad_key(table: Table) -> Result<()> {
    let keys = [json!(""), json!("k".repeat(65)), json!(7)];
    let messages = keys.map(|key| json!({"op": "say", "key": key}));
    refused(&table, messages.to_vec(), "bad_field", "key").await
}

async fn bad_ack(table: Table) -> Result<()> {
    let messages = [json!("soon"), json!(true)].map(|ack| json!({"op": "say", "ack": ack}));
    refused(&table, messages.to_vec(), "bad_field", "ack").await
}

async fn bad_to(table: Table) -> Result<()> {
    let mut messages = Vec::new();
    for op in ["hint", "signal", "kick"] {
        for to in [json!("bob"), json!(7), json!("p_a/b"), json!("")] {
            messages.push(json!({"op": op, "to": to}));
        }
    }
    refused(&table, messages, "bad_field", "to").await
}

async fn comes_back(table: &Table, body: Value) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.a.ok(json!({"op": "say", "body": body})).await?;
    let event = pair.b.event("said").await?;
    ensure!(event.get("body") == Some(&body), "{body} came as {event}");
    Ok(())
}

async fn unicode(table: Table) -> Result<()> {
    let body = json!({
        "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈", "zero": "a\u{0}b", "rtl": "\u{202e}שלום", "last": "\u{10ffff}",
        "escapes": "\"\\/\u{8}\u{c}\n\r\t", "": "an empty key", "lines": "\u{2028}\u{2029}",
    });
    comes_back(&table, body).await
}

async fn numbers(table: Table) -> Result<()> {
    let body = json!([0, -1, 9_007_199_254_740_991_u64, -9_007_199_254_740_991_i64, 0.1, 1e-9, 1e21]);
    comes_back(&table, body).await?;
    let mut pair = table.pair(json!({})).await?;
    pair.a.raw(r#"{"op":"say","body":1.0}"#).await?;
    let rest = pair.a.settle().await?;
    let said = named(&rest, "said");
    ensure!(said.len() == 1, "{rest:?}");
    Ok(())
}
