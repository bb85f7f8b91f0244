//! Tests that each request writes one record, with its metrics and without personal data.

use crate::world::{Guest, World, function_env};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::faults::{Fault, FaultyStore};
use tests::runtime_api::{self, Function};

/// Requests while the store fails.
const ROUNDS: usize = 40;

/// Returns the next record of the log, and its line.
async fn record(function: &mut Function) -> Result<(Value, String)> {
    loop {
        let line = function.line().await?;
        let read = serde_json::from_str::<Value>(&line).unwrap_or_default();
        if read.get("_aws").is_some() {
            return Ok((read, line));
        }
    }
}

fn event(path: &str, token: &str) -> Result<Value> {
    let text = include_str!("../../../regional/events/profile.json");
    let text = text.replace("ACCESS_TOKEN", token);
    Ok(serde_json::from_str(&text.replace("/v1/profiles/me", path))?)
}

#[tokio::test]
async fn every_request_writes_one_record() -> Result<()> {
    let world = World::new().await?;
    let store = FaultyStore::before(world.store.endpoint(), 7).await?;
    let mut env = function_env(&store.endpoint);
    env.extend([
        ("METRICS", "on".into()),
        ("RATE_PER_S", "1000000".into()),
        ("RATE_BURST", "1000000".into()),
        ("AWS_NEW_RETRIES_2026", "true".into()),
    ]);
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut function = Function::start(runtime_api::build("lambda").await?, &env).await?;

    let guest: Value = serde_json::from_str(include_str!("../../../regional/events/guest.json"))?;
    let answer = function.invoke(&guest).await?;
    let ana = Guest::of(&serde_json::from_str(answer["body"].as_str().context("a body")?)?)?;
    let (first, _) = record(&mut function).await?;
    assert_eq!(
        (&first["route"], &first["status"], &first["cold"]),
        (&json!("POST /v1/sessions"), &json!(201), &json!(1))
    );
    assert!(first["latency_ms"].as_f64() >= first["store_ms"].as_f64());
    assert!(first["calls"].as_u64() > Some(0));

    for (path, route, status) in [
        ("/v1/profiles/me", "GET /v1/profiles/me", 200),
        (&format!("/v1/profiles/{}", ana.player), "GET /v1/profiles/{player}", 200),
        ("/v1/p_nothing", "GET none", 404),
    ] {
        function.invoke(&event(path, &ana.access)?).await?;
        let (record, line) = record(&mut function).await?;
        assert_eq!(
            (&record["route"], &record["status"], &record["cold"]),
            (&json!(route), &json!(status), &json!(0))
        );
        for secret in [ana.player.as_str(), ana.access.as_str(), "p_nothing"] {
            assert!(!line.contains(secret), "{line}");
        }
    }

    store.set_rate(60);
    let (mut conflicts, mut throttles) = (0, 0);
    for _ in 0..ROUNDS {
        let answer = function.invoke(&guest).await?;
        let (record, _) = record(&mut function).await?;
        assert_eq!(record["status"], answer["statusCode"]);
        let failed = record["status"].as_u64() >= Some(500);
        assert_eq!(record["failed"], u8::from(failed));
        conflicts += record["conflicts"].as_u64().context("conflicts")?;
        throttles += record["throttles"].as_u64().context("throttles")?;
    }
    let met = |fault| u64::from(store.met().get(&fault).copied().unwrap_or_default());
    assert_eq!(conflicts, met(Fault::Conflict));
    assert_eq!(throttles, met(Fault::Throttled) + met(Fault::Cancelled));
    assert!(conflicts > 0 && throttles > 0, "{:?}", store.met());
    Ok(())
}
