//! Tests the meter of the region: the capacity that the store bills, against the rules of its size.

use crate::world::World;
use anyhow::{Context, Result};
use serde_json::Value;

/// Returns the usage so far, without the request that reads it.
async fn usage(world: &World) -> Result<Value> {
    Ok(world.get("/health", "").await?.body["usage"].clone())
}

fn grown(before: &Value, after: &Value, name: &str) -> Result<f64> {
    let of = |usage: &Value| usage[name].as_f64().context("a number");
    Ok(of(after)? - of(before)?)
}

#[tokio::test]
async fn health_has_the_capacity_that_requests_consume() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let before = usage(&world).await?;
    world.get("/v1/profiles/me", &ana.access).await?;
    let after = usage(&world).await?;
    // A read of the own profile is strong: one unit for each row of at most 4 KB. The request before is the other.
    assert!(grown(&before, &after, "read_units")? >= 1.0, "{before} {after}");
    assert!(grown(&before, &after, "write_units")?.abs() < 0.01, "{before} {after}");
    assert!((grown(&before, &after, "requests")? - 2.0).abs() < 0.01, "{before} {after}");
    assert!(grown(&before, &after, "logged_bytes")? > 400.0, "{before} {after}");
    world.guest("Bo").await?;
    let written = usage(&world).await?;
    // A new player is a transaction, which costs two units for each row.
    assert!(grown(&after, &written, "write_units")? >= 2.0, "{after} {written}");
    assert!(grown(&after, &written, "billed_ms")? >= 1.0, "{after} {written}");
    Ok(())
}
