//! Tests reports: idempotency, evidence from the edge, resolution, the list of moderators, the daily limit.

use crate::world::{Answer, Guest, World};
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn report(world: &World, by: &Guest, key: &str, body: Value) -> Result<Answer> {
    let bearer = format!("Bearer {}", by.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    world.request("POST", "/v1/reports", &headers, body.to_string()).await
}

#[tokio::test]
async fn repeated_report_is_stored_once() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let body = || json!({"player": ben.player, "room": "m_1", "reason": "spam", "text": "ads"});
    let answers = try_join_all((0..8).map(|_| report(&world, &ana, "k1", body()))).await?;
    assert!(answers.iter().all(|one| [201, 409].contains(&one.status)));
    let first = report(&world, &ana, "k1", body()).await?;
    first.has_status(201);
    assert_eq!(first.header("idempotency-replayed"), Some("true"));
    let other = report(&world, &ana, "k1", json!({"player": ben.player, "reason": "hate"})).await?;
    other.is_problem(422, "key_reused");
    // Keys are scoped by player.
    let again = report(&world, &ben, "k1", json!({"player": ana.player, "reason": "hate"})).await?;
    again.has_status(201);
    assert_ne!(again.body["report"], first.body["report"]);
    let list = world.get("/v1/reports?state=open", &mo.access).await?;
    assert_eq!(list.body["reports"].as_array().context("a list")?.len(), 2);
    assert_eq!(list.body["reports"][0]["evidence"], json!([]));
    report(&world, &ana, "", body()).await?.is_problem(400, "bad_key");
    let gone = json!({"player": "p_nobody", "reason": "spam"});
    report(&world, &ana, "k2", gone.clone()).await?.is_problem(404, "player_not_found");
    report(&world, &ana, "k2", gone).await?.is_problem(404, "player_not_found");
    Ok(())
}

#[tokio::test]
async fn only_the_edge_can_send_evidence() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let forged = json!({"player": ben.player, "reason": "spam", "evidence": [{"ev": "said"}]});
    report(&world, &ana, "k", forged).await?.is_problem(400, "bad_body");

    let mut sent = json!({
        "id": "r_1", "by": ana.player, "player": ben.player, "room": "m_1", "reason": "harassment",
        "text": "", "evidence": [{"at": 7, "ev": "said", "by": ben.player, "body": "rude words"}],
    });
    let path = "/internal/v1/reports";
    world.request_as(&ana, "POST", path, sent.clone()).await?.is_problem(401, "unsigned");
    for expected in [201, 200, 200] {
        world.signed("POST", path, sent.to_string()).await?.has_status(expected);
    }
    sent["text"] = json!("else");
    world.signed("POST", path, sent.to_string()).await?.is_problem(409, "report_differs");
    let shown = world.get("/v1/reports/r_1", &mo.access).await?;
    assert_eq!(shown.body["evidence"][0]["body"], "rude words");
    world.get("/v1/reports/r_1", &ana.access).await?.is_problem(403, "not_moderator");
    Ok(())
}

#[tokio::test]
async fn moderator_resolves_a_report_with_a_ban() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let made = report(&world, &ana, "k", json!({"player": ben.player, "reason": "cheating"})).await?;
    let id = made.body["report"].as_str().context("an id")?;
    let path = format!("/v1/reports/{id}/resolve");
    let ban = json!({"action": "ban", "reason": "cheating", "until": "2025-01-01T00:00:00Z"});
    world.request_as(&mo, "POST", &path, json!({"action": "ban"})).await?.is_problem(400, "bad_text");
    world.request_as(&ana, "POST", &path, ban.clone()).await?.is_problem(403, "not_moderator");
    let done = world.request_as(&mo, "POST", &path, ban.clone()).await?;
    done.has_status(200);
    assert_eq!((&done.body["state"], &done.body["resolved"]["action"]), (&json!("resolved"), &json!("ban")));
    world.request_as(&mo, "POST", &path, ban).await?.has_status(200);
    world.request_as(&mo, "POST", &path, json!({"action": "none"})).await?.is_problem(409, "report_resolved");
    world.refresh(&ben.refresh).await?.is_problem(403, "banned");
    let bans = world.get(&format!("/v1/bans/{}", ben.player), &mo.access).await?;
    assert_eq!(bans.body["bans"].as_array().context("a list")?.len(), 1);
    let list = world.get("/v1/reports", &mo.access).await?;
    assert_eq!(list.body["reports"], json!([]));
    world
        .request_as(&mo, "POST", "/v1/reports/r_none/resolve", json!({"action": "none"}))
        .await?
        .is_problem(404, "report_not_found");
    Ok(())
}

#[tokio::test]
async fn reports_are_listed_oldest_first_page_by_page() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ben = world.guest("Ben").await?;
    let mut made = Vec::new();
    for number in 0..11 {
        let ana = world.guest("Ana").await?;
        let body = json!({"player": ben.player, "reason": "other", "text": format!("{number}")});
        let answer = report(&world, &ana, "k", body).await?;
        made.push(answer.body["report"].to_string());
        world.advance(Duration::from_millis(1));
    }
    let (reports, _) = world.pages(&mo, "/v1/reports?limit=4", "reports").await?;
    let seen: Vec<_> = reports.iter().map(|one| one["report"].to_string()).collect();
    assert_eq!(seen, made);
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), 11);
    Ok(())
}

#[tokio::test]
async fn reports_are_limited_per_day() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let body = || json!({"player": ben.player, "reason": "spam"});
    for number in 0..20 {
        report(&world, &ana, &format!("k{number}"), body()).await?.has_status(201);
    }
    report(&world, &ana, "k20", body()).await?.is_problem(429, "too_many_failures");
    // A retry does not count.
    report(&world, &ana, "k7", body()).await?.has_status(201);
    Ok(())
}

/// Sends a report as a room does: a report that was not stored for lack of time is sent again.
async fn room_report(world: &World, by: &Guest, about: &Guest, id: &str) -> Result<Answer> {
    let body = json!({"id": id, "by": by.player, "player": about.player, "room": "m_1", "reason": "spam", "text": ""});
    loop {
        let answer = world.signed("POST", "/internal/v1/reports", body.to_string()).await?;
        if answer.status != 503 {
            return Ok(answer);
        }
    }
}

#[tokio::test]
async fn reports_through_rooms_and_by_request_share_one_limit() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for number in 0..5 {
        let body = json!({"player": ben.player, "reason": "spam"});
        report(&world, &ana, &format!("k{number}"), body).await?.has_status(201);
    }
    let ids: Vec<String> = (0..40).map(|number| format!("r_{number}")).collect();
    let answers = try_join_all(ids.iter().map(|id| room_report(&world, &ana, &ben, id))).await?;
    let stored: Vec<&String> = ids
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| [200, 201].contains(&answer.status))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(stored.len(), 15);
    // The edge repeats 429 and gives up at 409: what waits for a day must not be repeated.
    for answer in answers.iter().filter(|answer| ![200, 201].contains(&answer.status)) {
        answer.is_problem(409, "full");
        assert_eq!(answer.body["limit"], 20);
    }
    // A repetition of a stored report is confirmed, and does not count.
    for id in &stored {
        room_report(&world, &ana, &ben, id).await?.has_status(200);
    }
    let again = json!({"player": ben.player, "reason": "spam"});
    report(&world, &ana, "k20", again).await?.is_problem(429, "too_many_failures");
    // Others are not affected, and a day later the player may report again.
    room_report(&world, &ben, &ana, "r_ben").await?.has_status(201);
    world.advance(Duration::from_hours(24));
    room_report(&world, &ana, &ben, "r_late").await?.has_status(201);
    Ok(())
}
