//! Tests the rate limits of players and addresses.

use crate::world::World;
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;

#[tokio::test]
async fn players_and_addresses_have_separate_rate_limits() -> Result<()> {
    let world = World::with_config(&[("RATE_PER_S", "10"), ("RATE_BURST", "20")]).await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for _ in 0..20 {
        world.get("/v1/profiles/me", &ana.access).await?.has_status(200);
    }
    let refused = world.get("/v1/profiles/me", &ana.access).await?;
    refused.is_problem(429, "too_fast");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    world.get("/v1/profiles/me", &ben.access).await?.has_status(200);
    world.advance(Duration::from_millis(100));
    world.get("/v1/profiles/me", &ana.access).await?.has_status(200);
    world.get("/v1/profiles/me", &ana.access).await?.is_problem(429, "too_fast");

    // Without a valid token the address counts: it made two guests, and its bucket gained one token since.
    let path = format!("/v1/profiles/{}/ratings", ana.player);
    for _ in 0..19 {
        world.request("GET", &path, &[], String::new()).await?.has_status(200);
    }
    world.request("GET", &path, &[], String::new()).await?.is_problem(429, "too_fast");
    world.get(&path, "x.y.z").await?.is_problem(429, "too_fast");
    // Public reads are no way around it.
    let public = [format!("/v1/profiles/{}", ana.player), format!("/v1/profiles?ids={}", ana.player)];
    for public in public.iter().map(String::as_str).chain(["/v1/leaderboards/ranked"]) {
        world.request("GET", public, &[], String::new()).await?.is_problem(429, "too_fast");
        let signed = world.signed("GET", public, String::new()).await?;
        assert_ne!(signed.status, 429, "{public}");
    }
    // The edge has no limit: it reads for many players.
    world.signed("GET", &path, String::new()).await?.has_status(200);
    let internal = format!("/internal/v1/players/{}", ana.player);
    world.signed("GET", &internal, String::new()).await?.has_status(200);
    world.request_as(&ben, "GET", "/health", Value::Null).await?.has_status(200);
    Ok(())
}
