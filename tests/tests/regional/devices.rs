//! Does one see one's logins, and do they end when one says so?

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;

async fn login(world: &World, agent: &str, label: &str) -> Result<Guest> {
    let body = json!({"guest": {"name": "Ana"}, "label": label}).to_string();
    let answer = world.ask("POST", "/v1/sessions", &[("user-agent", agent)], body).await?;
    answer.done(201);
    Guest::of(&answer.body)
}

fn sid(guest: &Guest) -> &str {
    guest.refresh.split('.').next().unwrap_or_default()
}

#[tokio::test]
async fn a_login_is_listed_until_it_is_ended() -> Result<()> {
    let world = World::new().await?;
    let ana = login(&world, "Fox/1", " Phone ").await?;
    world.pass(Duration::from_mins(1));
    let ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    let list = world.get("/v1/sessions", &ana.access).await?;
    let expected = json!({"sessions": [{
        "sid": sid(&ana), "created": "2024-11-30T20:53:20Z", "used": "2024-11-30T20:54:20Z",
        "expires": "2024-12-01T20:54:20Z", "agent": "Fox/1", "label": "Phone", "current": true,
    }]});
    assert_eq!((list.status, list.body), (200, expected));

    let ben = login(&world, "Fox/2", "").await?;
    let path = format!("/v1/sessions/{}", sid(&ana));
    world.act(&ben, "DELETE", &path, Value::Null).await?.is(404, "session_not_found");
    world.act(&ana, "DELETE", &path, Value::Null).await?.done(204);
    world.get("/v1/sessions", &ana.access).await?.is(401, "session_revoked");
    world.refresh(&ana.refresh).await?.is(401, "session_revoked");
    world.get("/v1/sessions", &ben.access).await?.done(200);
    Ok(())
}

#[tokio::test]
async fn all_logins_end_at_once_or_all_others() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(world.login_again(&ana).await?);
    }
    let list = world.get("/v1/sessions", &ana.access).await?;
    assert_eq!(list.body["sessions"].as_array().context("a list")?.len(), 6);

    world.act(&ana, "DELETE", "/v1/sessions?except=current", Value::Null).await?.done(204);
    for other in &others {
        world.refresh(&other.refresh).await?.is(401, "session_revoked");
        world.get("/v1/sessions", &other.access).await?.is(401, "session_revoked");
    }
    let list = world.get("/v1/sessions", &ana.access).await?;
    assert_eq!(list.body["sessions"].as_array().context("a list")?.len(), 1);

    let other = world.login_again(&ana).await?;
    world.act(&ana, "DELETE", "/v1/sessions", Value::Null).await?.done(204);
    for gone in [&ana, &other] {
        world.refresh(&gone.refresh).await?.is(401, "session_revoked");
        world.get("/v1/sessions", &gone.access).await?.is(401, "session_revoked");
    }
    // The edge hears of a higher epoch with the next standing, too.
    let path = format!("/internal/v1/players/{}", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    assert_eq!(standing.body["ep"], 1);
    let fresh = world.login_again(&ana).await?;
    world.get("/v1/sessions", &fresh.access).await?.done(200);
    world.refresh(&fresh.refresh).await?.done(200);
    Ok(())
}

#[tokio::test]
async fn a_login_ends_unused_and_old() -> Result<()> {
    let short = [("SESSION_IDLE_S", "100"), ("SESSION_AGE_S", "250")];
    let world = World::with(&short).await?;
    let mut ana = world.guest("Ana").await?;
    let idle = world.guest("Idle").await?;
    for _ in 0..2 {
        world.pass(Duration::from_secs(99));
        ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    }
    world.refresh(&idle.refresh).await?.is(401, "session_expired");
    world.pass(Duration::from_secs(51));
    ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    world.pass(Duration::from_secs(1));
    world.refresh(&ana.refresh).await?.is(401, "session_expired");
    Ok(())
}
