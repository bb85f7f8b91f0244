//! Checks of the edge's cached profile reads.

use anyhow::{Result, ensure};
use reqwest::Response;
use serde_json::Value;

use super::Fixture;
use super::fixture::must;
use super::http::is_problem;
use crate::wire::server::send;
use crate::wire::text;

checks! {
    "W-270" "GET /v1/profiles/{player} is the public view, the second time from a copy" => one;
    "W-271" "an unknown player is 404, an invalid id 400" => unknown;
    "W-272" "GET /v1/profiles?ids= keeps the order and omits unknown players" => list;
    "W-273" "a missing or too long list is 400" => bad_list;
    "W-274" "the private part is not here, not even for its owner" => public;
    "W-275" "If-None-Match with the etag is 304" => known;
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn one(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let path = format!("/v1/profiles/{}", guest.id);
    let first = fixture.server().get(&path).await?;
    ensure!(first.status().as_u16() == 200, "{}", first.status());
    let body: Value = first.json().await?;
    must(text(&body, "/player") == guest.id, "player", &body)?;
    must(!text(&body, "/name").is_empty(), "name", &body)?;
    let second = fixture.server().get(&path).await?;
    let cache = header(&second, "x-cache").to_owned();
    ensure!(cache == "hit", "x-cache: {cache:?}");
    let age = header(&second, "age").parse::<u64>();
    ensure!(age.is_ok(), "no age");
    let again: Value = second.json().await?;
    ensure!(again == body, "{again} after {body}");
    Ok(())
}

async fn unknown(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/v1/profiles/p_nosuchplayer").await?;
    is_problem(answer, 404, "player_not_found").await?;
    for name in ["me", "m_1", "p_", "p_%2e%2e"] {
        let answer = fixture.server().get(&format!("/v1/profiles/{name}")).await?;
        is_problem(answer, 400, "bad_id").await?;
    }
    Ok(())
}

async fn list(fixture: Fixture) -> Result<()> {
    let guests = fixture.guests(2).await?;
    let ids: Vec<&str> = guests.iter().map(|guest| guest.id.as_str()).collect();
    let [one, two] = ids.as_slice() else {
        return Ok(());
    };
    let path = format!("/v1/profiles?ids={two},p_nosuchplayer,{one},{two}");
    let body: Value = fixture.server().get(&path).await?.json().await?;
    let profiles = body.get("profiles").and_then(Value::as_array);
    let found: Vec<&str> = profiles.into_iter().flatten().map(|one| text(one, "/player")).collect();
    must(found == [*two, *one], "order", &body)
}

async fn bad_list(fixture: Fixture) -> Result<()> {
    let many: Vec<String> = (0..=shared::limits::PROFILES_BATCH_MAX).map(|n| format!("p_{n}")).collect();
    for (query, code) in [
        (String::new(), "bad_query"),
        ("?players=p_1".to_owned(), "bad_query"),
        ("?ids=p_1&more=1".to_owned(), "bad_query"),
        ("?ids=".to_owned(), "bad_id"),
        ("?ids=p_1,,p_2".to_owned(), "bad_id"),
        (format!("?ids={}", many.join(",")), "too_many"),
    ] {
        let answer = fixture.server().get(&format!("/v1/profiles{query}")).await?;
        is_problem(answer, 400, code).await?;
    }
    Ok(())
}

async fn public(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let url = format!("{}/v1/profiles/{}", fixture.server().edge(), guest.id);
    for token in [Some(&guest.token), None] {
        let mut request = fixture.server().http().get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body: Value = send(request).await?.json().await?;
        must(text(&body, "/player") == guest.id, "player", &body)?;
        must(body.get("private").is_none(), "nothing private", &body)?;
    }
    Ok(())
}

async fn known(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    for path in [format!("/v1/profiles/{}", guest.id), format!("/v1/profiles?ids={}", guest.id)] {
        let tag = header(&fixture.server().get(&path).await?, "etag").to_owned();
        ensure!(tag.starts_with('"'), "{path}: etag {tag:?}");
        let url = format!("{}{path}", fixture.server().edge());
        let ask = |tag: &str| fixture.server().http().get(&url).header("if-none-match", tag);
        let answer = send(ask(&tag)).await?;
        ensure!(answer.status().as_u16() == 304, "{}", answer.status());
        ensure!(answer.text().await?.is_empty(), "a body with 304");
        let answer = send(ask("\"another\"")).await?;
        ensure!(answer.status().as_u16() == 200, "{}", answer.status());
    }
    Ok(())
}
