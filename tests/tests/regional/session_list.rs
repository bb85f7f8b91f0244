//! Tests the list of sessions, sign-out of one, the other and all sessions, and expiry.

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;

async fn login(world: &World, agent: &str, label: &str) -> Result<Guest> {
    let body = json!({"guest": {"name": "Ana"}, "label": label}).to_string();
    let answer = world.request("POST", "/v1/sessions", &[("user-agent", agent)], body).await?;
    answer.has_status(201);
    Guest::of(&answer.body)
}

fn sid(guest: &Guest) -> &str {
    guest.refresh.split('.').next().unwrap_or_default()
}

#[tokio::test]
async fn session_is_listed_until_it_is_ended() -> Result<()> {
    let world = World::new().await?;
    let ana = login(&world, "Fox/1", " Phone ").await?;
    world.advance(Duration::from_mins(1));
    let ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    let list = world.get("/v1/sessions", &ana.access).await?;
    let expected = json!({"sessions": [{
        "sid": sid(&ana), "created": "2024-11-30T20:53:20Z", "used": "2024-11-30T20:54:20Z",
        "expires": "2024-12-01T20:54:20Z", "agent": "Fox/1", "label": "Phone", "current": true,
    }]});
    assert_eq!((list.status, list.body), (200, expected));

    let ben = login(&world, "Fox/2", "").await?;
    let path = format!("/v1/sessions/{}", sid(&ana));
    world.request_as(&ben, "DELETE", &path, Value::Null).await?.is_problem(404, "session_not_found");
    world.request_as(&ana, "DELETE", &path, Value::Null).await?.has_status(204);
    world.get("/v1/sessions", &ana.access).await?.is_problem(401, "session_revoked");
    world.refresh(&ana.refresh).await?.is_problem(401, "session_revoked");
    world.get("/v1/sessions", &ben.access).await?.has_status(200);
    Ok(())
}

#[tokio::test]
async fn all_sessions_or_all_others_can_be_ended() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(world.login_again(&ana).await?);
    }
    let list = world.get("/v1/sessions", &ana.access).await?;
    assert_eq!(list.body["sessions"].as_array().context("a list")?.len(), 6);

    world.request_as(&ana, "DELETE", "/v1/sessions?except=current", Value::Null).await?.has_status(204);
    for other in &others {
        world.refresh(&other.refresh).await?.is_problem(401, "session_revoked");
        world.get("/v1/sessions", &other.access).await?.is_problem(401, "session_revoked");
    }
    let list = world.get("/v1/sessions", &ana.access).await?;
    assert_eq!(list.body["sessions"].as_array().context("a list")?.len(), 1);

    let other = world.login_again(&ana).await?;
    world.request_as(&ana, "DELETE", "/v1/sessions", Value::Null).await?.has_status(204);
    for gone in [&ana, &other] {
        world.refresh(&gone.refresh).await?.is_problem(401, "session_revoked");
        world.get("/v1/sessions", &gone.access).await?.is_problem(401, "session_revoked");
    }
    // The matchmaking profile has the new epoch too.
    let path = format!("/internal/v1/players/{}", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    assert_eq!(standing.body["ep"], 1);
    let fresh = world.login_again(&ana).await?;
    world.get("/v1/sessions", &fresh.access).await?.has_status(200);
    world.refresh(&fresh.refresh).await?.has_status(200);
    Ok(())
}

#[tokio::test]
async fn session_expires_when_idle_or_old() -> Result<()> {
    let short = [("SESSION_IDLE_S", "100"), ("SESSION_AGE_S", "250")];
    let world = World::with_config(&short).await?;
    let mut ana = world.guest("Ana").await?;
    let idle = world.guest("Idle").await?;
    for _ in 0..2 {
        world.advance(Duration::from_secs(99));
        ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    }
    world.refresh(&idle.refresh).await?.is_problem(401, "session_expired");
    world.advance(Duration::from_secs(51));
    ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    world.advance(Duration::from_secs(1));
    world.refresh(&ana.refresh).await?.is_problem(401, "session_expired");
    Ok(())
}
