//! Is who asks too fast told to wait, and nobody else?

use crate::world::World;
use anyhow::Result;
use serde_json::Value;
use std::time::Duration;

#[tokio::test]
async fn a_player_has_a_pace_and_so_has_an_address() -> Result<()> {
    let world = World::with(&[("RATE_PER_S", "10"), ("RATE_BURST", "20")]).await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for _ in 0..20 {
        world.get("/v1/profiles/me", &ana.access).await?.done(200);
    }
    let refused = world.get("/v1/profiles/me", &ana.access).await?;
    refused.is(429, "too_fast");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    world.get("/v1/profiles/me", &ben.access).await?.done(200);
    world.pass(Duration::from_millis(100));
    world.get("/v1/profiles/me", &ana.access).await?.done(200);
    world.get("/v1/profiles/me", &ana.access).await?.is(429, "too_fast");

    // Without a good token it is the address: two guests came from it, and gained one since.
    let path = format!("/v1/profiles/{}/ratings", ana.player);
    for _ in 0..19 {
        world.ask("GET", &path, &[], String::new()).await?.done(200);
    }
    world.ask("GET", &path, &[], String::new()).await?.is(429, "too_fast");
    world.get(&path, "x.y.z").await?.is(429, "too_fast");
    // The edge reads for a crowd.
    world.signed("GET", &path, String::new()).await?.done(200);
    let internal = format!("/internal/v1/players/{}", ana.player);
    world.signed("GET", &internal, String::new()).await?.done(200);
    world.act(&ben, "GET", "/health", Value::Null).await?.done(200);
    Ok(())
}
