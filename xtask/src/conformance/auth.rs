//! Checks of the `auth` command: a newer token on the same socket.

use anyhow::Result;
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::{field, must, say};

checks! {
    "W-160" "auth with a good token of the same player is ok, and the socket stays open" => good;
    "W-161" "auth with an invalid token is bad_token, and the socket stays open" => garbage;
    "W-162" "auth with another player's token is bad_token" => anothers;
    "W-163" "auth without a token is bad_field" => missing;
}

fn auth(token: &str) -> Value {
    json!({"op": "auth", "body": {"token": token}})
}

async fn good(fixture: Fixture) -> Result<()> {
    let (_, guest, mut socket) = fixture.alone(json!({})).await?;
    socket.ok(auth(&guest.token)).await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn garbage(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    socket.err(auth("garbage"), "bad_token").await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn anothers(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.err(auth(&pair.bo.token), "bad_token").await?;
    pair.a.ok(say("goes on")).await.map(drop)
}

async fn missing(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    let message = json!({"op": "auth", "body": {}});
    let fault = socket.err(message, "bad_field").await?;
    must(field(&fault) == "body.token", "names body.token", &fault)
}
