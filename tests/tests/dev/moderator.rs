//! Tests that `cargo dev --moderator` makes the named player, or the first one who signs in, a moderator.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tests::stack;

use super::start;

/// Posts to the region of a stack, and returns the answer to a success.
async fn post(line: &Value, path: &str, body: Value) -> Result<Value> {
    let region = line["region"].as_str().context("no region")?;
    let answer = Client::new().post(format!("{region}{path}")).json(&body).send().await?;
    ensure!(answer.status().is_success(), "{path}: {}", answer.text().await?);
    Ok(answer.json().await?)
}

async fn guest(line: &Value, name: &str) -> Result<Value> {
    post(line, "/v1/sessions", json!({ "guest": { "name": name } })).await
}

async fn refreshed(line: &Value, session: &Value) -> Result<Value> {
    post(line, "/v1/sessions/refresh", json!({ "refresh_token": session["refresh_token"] })).await
}

/// Reads the reports of players, which only moderators may.
async fn read_reports(line: &Value, session: &Value) -> Result<StatusCode> {
    let region = line["region"].as_str().context("no region")?;
    let token = session["access_token"].as_str().context("no access token")?;
    Ok(Client::new().get(format!("{region}/v1/reports")).bearer_auth(token).send().await?.status())
}

#[tokio::test]
async fn first_player_who_signs_in_moderates_also_after_a_restart() -> Result<()> {
    stack::built().await?;
    let data = stack::data()?;
    let dev = start(&data, &["--moderator", "first"]).await?;
    assert_eq!(dev.line["moderator"], "first");
    let ana = guest(&dev.line, "Ana").await?;
    let bo = guest(&dev.line, "Bo").await?;
    assert_eq!(read_reports(&dev.line, &ana).await?, StatusCode::OK);
    assert_eq!(read_reports(&dev.line, &bo).await?, StatusCode::FORBIDDEN);
    dev.stop().await?;

    let dev = start(&data, &["--moderator", "first"]).await?;
    assert_eq!(dev.line["moderator"], ana["player"]);
    let (bo, ana) = (refreshed(&dev.line, &bo).await?, refreshed(&dev.line, &ana).await?);
    assert_eq!(read_reports(&dev.line, &ana).await?, StatusCode::OK);
    assert_eq!(read_reports(&dev.line, &bo).await?, StatusCode::FORBIDDEN);
    dev.stop().await?;

    let player = bo["player"].as_str().context("no player")?;
    let dev = start(&data, &["--moderator", player]).await?;
    assert_eq!(dev.line["moderator"], player);
    let (ana, bo) = (refreshed(&dev.line, &ana).await?, refreshed(&dev.line, &bo).await?);
    assert_eq!(read_reports(&dev.line, &ana).await?, StatusCode::FORBIDDEN, "the option is not given");
    assert_eq!(read_reports(&dev.line, &bo).await?, StatusCode::OK);
    dev.stop().await
}
