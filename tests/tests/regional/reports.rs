//! Does a report reach moderators once, with evidence that nobody can make up?

use crate::world::{Answer, Guest, World};
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn moderated() -> Result<(World, Guest)> {
    let world = World::new().await?;
    let mo = world.guest("Mo").await?;
    let world = world.again(&[("MODERATORS", &mo.player)]).await?;
    Ok((world, mo))
}

async fn report(world: &World, by: &Guest, key: &str, body: Value) -> Result<Answer> {
    let bearer = format!("Bearer {}", by.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    world.ask("POST", "/v1/reports", &headers, body.to_string()).await
}

#[tokio::test]
async fn a_repeated_report_is_one() -> Result<()> {
    let (world, mo) = moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let body = || json!({"player": ben.player, "room": "m_1", "reason": "spam", "text": "ads"});
    let answers = try_join_all((0..8).map(|_| report(&world, &ana, "k1", body()))).await?;
    assert!(answers.iter().all(|one| [201, 409].contains(&one.status)));
    let first = report(&world, &ana, "k1", body()).await?;
    first.done(201);
    assert_eq!(first.header("idempotency-replayed"), Some("true"));
    let other = report(&world, &ana, "k1", json!({"player": ben.player, "reason": "hate"})).await?;
    other.is(422, "key_reused");
    // Another's key is another key, and so is the same one a day later.
    let again = report(&world, &ben, "k1", json!({"player": ana.player, "reason": "hate"})).await?;
    again.done(201);
    assert_ne!(again.body["report"], first.body["report"]);
    let list = world.get("/v1/reports?state=open", &mo.access).await?;
    assert_eq!(list.body["reports"].as_array().context("a list")?.len(), 2);
    assert_eq!(list.body["reports"][0]["evidence"], json!([]));
    report(&world, &ana, "", body()).await?.is(400, "bad_key");
    let gone = json!({"player": "p_nobody", "reason": "spam"});
    report(&world, &ana, "k2", gone.clone()).await?.is(404, "player_not_found");
    report(&world, &ana, "k2", gone).await?.is(404, "player_not_found");
    Ok(())
}

#[tokio::test]
async fn evidence_comes_from_the_edge_alone() -> Result<()> {
    let (world, mo) = moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let forged = json!({"player": ben.player, "reason": "spam", "evidence": [{"ev": "said"}]});
    report(&world, &ana, "k", forged).await?.is(400, "bad_body");

    let mut told = json!({
        "id": "r_1", "by": ana.player, "player": ben.player, "room": "m_1", "reason": "harassment",
        "text": "", "evidence": [{"at": 7, "ev": "said", "by": ben.player, "body": "rude words"}],
    });
    let path = "/internal/v1/reports";
    world.act(&ana, "POST", path, told.clone()).await?.is(401, "unsigned");
    for expected in [201, 200, 200] {
        world.signed("POST", path, told.to_string()).await?.done(expected);
    }
    told["text"] = json!("else");
    world.signed("POST", path, told.to_string()).await?.is(409, "report_differs");
    let shown = world.get("/v1/reports/r_1", &mo.access).await?;
    assert_eq!(shown.body["evidence"][0]["body"], "rude words");
    world.get("/v1/reports/r_1", &ana.access).await?.is(403, "not_moderator");
    Ok(())
}

#[tokio::test]
async fn a_moderator_resolves_and_bans_in_one_step() -> Result<()> {
    let (world, mo) = moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let made = report(&world, &ana, "k", json!({"player": ben.player, "reason": "cheating"})).await?;
    let id = made.body["report"].as_str().context("an id")?;
    let path = format!("/v1/reports/{id}/resolve");
    let ban = json!({"action": "ban", "reason": "cheating", "until": "2025-01-01T00:00:00Z"});
    world.act(&mo, "POST", &path, json!({"action": "ban"})).await?.is(400, "bad_text");
    world.act(&ana, "POST", &path, ban.clone()).await?.is(403, "not_moderator");
    let done = world.act(&mo, "POST", &path, ban.clone()).await?;
    done.done(200);
    assert_eq!((&done.body["state"], &done.body["resolved"]["action"]), (&json!("resolved"), &json!("ban")));
    world.act(&mo, "POST", &path, ban).await?.done(200);
    world.act(&mo, "POST", &path, json!({"action": "none"})).await?.is(409, "report_resolved");
    world.refresh(&ben.refresh).await?.is(403, "banned");
    let bans = world.get(&format!("/v1/bans/{}", ben.player), &mo.access).await?;
    assert_eq!(bans.body["bans"].as_array().context("a list")?.len(), 1);
    let list = world.get("/v1/reports", &mo.access).await?;
    assert_eq!(list.body["reports"], json!([]));
    world
        .act(&mo, "POST", "/v1/reports/r_none/resolve", json!({"action": "none"}))
        .await?
        .is(404, "report_not_found");
    Ok(())
}

#[tokio::test]
async fn the_queue_is_read_oldest_first_page_by_page() -> Result<()> {
    let (world, mo) = moderated().await?;
    let ben = world.guest("Ben").await?;
    let mut made = Vec::new();
    for number in 0..11 {
        let ana = world.guest("Ana").await?;
        let body = json!({"player": ben.player, "reason": "other", "text": format!("{number}")});
        let answer = report(&world, &ana, "k", body).await?;
        made.push(answer.body["report"].to_string());
        world.pass(Duration::from_millis(1));
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/reports?limit=4{cursor}"), &mo.access).await?;
        let reports = page.body["reports"].as_array().context("a list")?;
        seen.extend(reports.iter().map(|one| one["report"].to_string()));
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 11);
    Ok(())
}

#[tokio::test]
async fn one_reports_so_often_a_day() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let body = || json!({"player": ben.player, "reason": "spam"});
    for number in 0..20 {
        report(&world, &ana, &format!("k{number}"), body()).await?.done(201);
    }
    report(&world, &ana, "k20", body()).await?.is(429, "too_many_failures");
    // A repetition is none more.
    report(&world, &ana, "k7", body()).await?.done(201);
    Ok(())
}
