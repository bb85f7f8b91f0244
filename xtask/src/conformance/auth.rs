//! A newer token on the same socket.

use anyhow::Result;
use serde_json::{Value, json};

use super::Table;
use super::table::{field, must, say};

checks! {
    "W-160" "auth with a good token of the same player is ok, and the socket goes on" => good;
    "W-161" "auth with a token that is none is bad_token, and the socket goes on" => garbage;
    "W-162" "auth with another player's token is bad_token" => anothers;
    "W-163" "auth without a token is bad_field" => missing;
}

fn auth(token: &str) -> Value {
    json!({"op": "auth", "body": {"token": token}})
}

async fn good(table: Table) -> Result<()> {
    let (_, guest, mut socket) = table.alone(json!({})).await?;
    socket.ok(auth(&guest.token)).await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn garbage(table: Table) -> Result<()> {
    let (_, _, mut socket) = table.alone(json!({})).await?;
    socket.err(auth("garbage"), "bad_token").await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn anothers(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    pair.a.err(auth(&pair.bo.token), "bad_token").await?;
    pair.a.ok(say("goes on")).await.map(drop)
}

async fn missing(table: Table) -> Result<()> {
    let (_, _, mut socket) = table.alone(json!({})).await?;
    let message = json!({"op": "auth", "body": {}});
    let fault = socket.err(message, "bad_field").await?;
    must(field(&fault) == "body.token", "names body.token", &fault)
}
