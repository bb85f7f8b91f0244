//! Tests bans: their effect, their history, appeals, and concurrent decisions.

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn banned_player_can_only_read_the_ban_and_appeal() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ana = world.guest("Ana").await?;
    let path = format!("/v1/bans/{}", ana.player);
    let ban = json!({"reason": "rude", "until": "2024-12-01T20:53:20Z"});
    let set = world.request_as(&mo, "PUT", &path, ban.clone()).await?;
    set.has_status(201);
    assert_eq!((&set.body["by"], &set.body["active"]), (&json!(mo.player), &json!(true)));
    world.request_as(&mo, "PUT", &path, ban).await?.has_status(200);

    world.refresh(&ana.refresh).await?.is_problem(403, "banned");
    world.get("/v1/sessions", &ana.access).await?.is_problem(403, "banned");
    let standing = format!("/internal/v1/players/{}", ana.player);
    let standing = world.signed("GET", &standing, String::new()).await?;
    assert_eq!(standing.body["banned"], json!(true));
    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.body["account"]["banned_until"], "2024-12-01T20:53:20Z");
    assert_eq!(own.header("etag"), Some(ana.own_tag(2).as_str()));

    let appeal = |text: &str| world.request_as(&ana, "POST", "/v1/bans/me/appeal", json!({"text": text}));
    let shown = world.get("/v1/bans/me", &ana.access).await?;
    assert_eq!((shown.status, &shown.body["reason"]), (200, &json!("rude")));
    assert!(shown.body.get("by").is_none(), "{}", shown.body);
    appeal(" ").await?.is_problem(400, "bad_text");
    appeal("It was not me.").await?.has_status(201);
    appeal("It was not me.").await?.has_status(200);
    appeal("Really.").await?.is_problem(409, "already_appealed");
    let read = world.get(&path, &mo.access).await?;
    assert_eq!(read.body["bans"][0]["appeal"]["text"], "It was not me.");

    // The ban expires.
    world.advance(Duration::from_hours(24));
    let late = world.refresh(&ana.refresh).await?;
    late.is_problem(401, "session_expired");
    Ok(())
}

#[tokio::test]
async fn every_ban_is_kept_in_the_history() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ana = world.guest("Ana").await?;
    let path = format!("/v1/bans/{}", ana.player);
    world.request_as(&mo, "DELETE", &path, Value::Null).await?.has_status(204);
    world.request_as(&mo, "PUT", &path, json!({"reason": "rude"})).await?.has_status(201);
    world.request_as(&mo, "PUT", &path, json!({"reason": "very rude"})).await?.has_status(201);
    world.request_as(&mo, "DELETE", &path, Value::Null).await?.has_status(204);
    world.refresh(&ana.refresh).await?.has_status(200);
    world
        .request_as(&ana, "POST", "/v1/bans/me/appeal", json!({"text": "x"}))
        .await?
        .is_problem(404, "not_banned");

    let all = world.get(&path, &mo.access).await?;
    let bans = all.body["bans"].as_array().context("a list")?;
    let short =
        |ban: &Value| (ban["reason"].to_string(), ban["active"].to_string(), ban["ended_by"].to_string());
    let mo_did = format!("\"{}\"", mo.player);
    let expected =
        ["\"very rude\"", "\"rude\""].map(|why| (why.to_owned(), "false".to_owned(), mo_did.clone()));
    assert_eq!(bans.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!(bans[0]["until"], Value::Null);

    world
        .request_as(&mo, "PUT", &path, json!({"reason": "x", "until": "2020-01-01T00:00:00Z"}))
        .await?
        .is_problem(400, "bad_body");
    world.request_as(&ana, "PUT", &path, json!({"reason": "x"})).await?.is_problem(403, "not_moderator");
    let own = format!("/v1/bans/{}", mo.player);
    world.request_as(&mo, "PUT", &own, json!({"reason": "x"})).await?.is_problem(400, "bad_id");
    world
        .request_as(&mo, "PUT", "/v1/bans/p_nobody", json!({"reason": "x"}))
        .await?
        .is_problem(404, "player_not_found");
    Ok(())
}

#[tokio::test]
async fn concurrent_bans_leave_one_active_ban() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    for round in 0..5 {
        let ana = world.guest("Ana").await?;
        let path = format!("/v1/bans/{}", ana.player);
        let (path, mo, world) = (&path, &mo, &world);
        let many = (0..6).map(|n| async move {
            let reason = json!({"reason": format!("reason {n}")});
            world.request_as(mo, "PUT", path, reason).await
        });
        let answers = futures_util::future::try_join_all(many).await?;
        assert!(answers.iter().all(|one| [201, 503].contains(&one.status)), "round {round}");
        let made = answers.iter().filter(|one| one.status == 201).count();
        let all = world.get(path, &mo.access).await?;
        let bans = all.body["bans"].as_array().context("a list")?;
        let active = bans.iter().filter(|ban| ban["active"] == json!(true)).count();
        assert_eq!((bans.len(), active), (made, 1), "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn refresh_concurrent_with_a_ban_is_the_last_one() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    for round in 0..10 {
        let ana = world.guest("Ana").await?;
        let path = format!("/v1/bans/{}", ana.player);
        let (ban, refresh) = tokio::try_join!(
            world.request_as(&mo, "PUT", &path, json!({"reason": "rude"})),
            world.refresh(&ana.refresh),
        )?;
        ban.has_status(201);
        let token = match refresh.status {
            200 => Guest::of(&refresh.body)?.refresh,
            403 => ana.refresh.clone(),
            other => anyhow::bail!("round {round}: {other} {}", refresh.body),
        };
        world.refresh(&token).await?.is_problem(403, "banned");
    }
    Ok(())
}
