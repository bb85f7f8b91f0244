//! Profiles as the edge gives them out.

use anyhow::{Result, ensure};
use reqwest::Response;
use serde_json::Value;

use super::Table;
use super::http::is_problem;
use super::table::must;
use crate::wire::text;

checks! {
    "W-270" "GET /v1/profiles/{player} is the public view, the second time from a copy" => one;
    "W-271" "who is not there is 404, what is no player 400" => nobody;
    "W-272" "GET /v1/profiles?ids= keeps the order and leaves out who is not there" => list;
    "W-273" "a list that is none, or too long, is 400" => bad_list;
    "W-274" "nobody gets the private part here, not even its owner" => public;
    "W-275" "If-None-Match with the etag is 304" => known;
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn one(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let path = format!("/v1/profiles/{}", guest.id);
    let first = table.server().get(&path).await?;
    ensure!(first.status().as_u16() == 200, "{}", first.status());
    let body: Value = first.json().await?;
    must(text(&body, "/player") == guest.id, "player", &body)?;
    must(!text(&body, "/name").is_empty(), "name", &body)?;
    let second = table.server().get(&path).await?;
    let cache = header(&second, "x-cache").to_owned();
    ensure!(cache == "hit", "x-cache: {cache:?}");
    let age = header(&second, "age").parse::<u64>();
    ensure!(age.is_ok(), "no age");
    let again: Value = second.json().await?;
    ensure!(again == body, "{again} after {body}");
    Ok(())
}

async fn nobody(table: Table) -> Result<()> {
    let answer = table.server().get("/v1/profiles/p_nosuchplayer").await?;
    is_problem(answer, 404, "player_not_found").await?;
    for name in ["me", "m_1", "p_", "p_%2e%2e"] {
        let answer = table.server().get(&format!("/v1/profiles/{name}")).await?;
        is_problem(answer, 400, "bad_id").await?;
    }
    Ok(())
}

async fn list(table: Table) -> Result<()> {
    let guests = table.guests(2).await?;
    let ids: Vec<&str> = guests.iter().map(|guest| guest.id.as_str()).collect();
    let [one, two] = ids.as_slice() else {
        return Ok(());
    };
    let path = format!("/v1/profiles?ids={two},p_nosuchplayer,{one},{two}");
    let body: Value = table.server().get(&path).await?.json().await?;
    let profiles = body.get("profiles").and_then(Value::as_array);
    let found: Vec<&str> = profiles.into_iter().flatten().map(|one| text(one, "/player")).collect();
    must(found == [*two, *one], "order", &body)
}

async fn bad_list(table: Table) -> Result<()> {
    let many: Vec<String> = (0..=shared::caps::PROFILES).map(|n| format!("p_{n}")).collect();
    for (query, code) in [
        (String::new(), "bad_query"),
        ("?players=p_1".to_owned(), "bad_query"),
        ("?ids=p_1&more=1".to_owned(), "bad_query"),
        ("?ids=".to_owned(), "bad_id"),
        ("?ids=p_1,,p_2".to_owned(), "bad_id"),
        (format!("?ids={}", many.join(",")), "too_many"),
    ] {
        let answer = table.server().get(&format!("/v1/profiles{query}")).await?;
        is_problem(answer, 400, code).await?;
    }
    Ok(())
}

async fn public(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let url = format!("{}/v1/profiles/{}", table.server().edge(), guest.id);
    for token in [Some(&guest.token), None] {
        let mut request = table.server().http().get(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body: Value = request.send().await?.json().await?;
        must(text(&body, "/player") == guest.id, "player", &body)?;
        must(body.get("private").is_none(), "nothing private", &body)?;
    }
    Ok(())
}

async fn known(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    for path in [format!("/v1/profiles/{}", guest.id), format!("/v1/profiles?ids={}", guest.id)] {
        let tag = header(&table.server().get(&path).await?, "etag").to_owned();
        ensure!(tag.starts_with('"'), "{path}: etag {tag:?}");
        let url = format!("{}{path}", table.server().edge());
        let ask = |tag: &str| table.server().http().get(&url).header("if-none-match", tag);
        let answer = ask(&tag).send().await?;
        ensure!(answer.status().as_u16() == 304, "{}", answer.status());
        ensure!(answer.text().await?.is_empty(), "a body with 304");
        let answer = ask("\"another\"").send().await?;
        ensure!(answer.status().as_u16() == 200, "{}", answer.status());
    }
    Ok(())
}
