//! Tests that an invalid pool in a deployment affects no other pool.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::stack;
use xtask::manifest::Manifest;
use xtask::root::Root;

use super::chat::server;
use super::tickets::matched;

/// Returns the pools of `wrangler.toml` together with two that a build would refuse.
fn pools() -> Result<Value> {
    let manifest = Manifest::table(&Root::here())?;
    let pools = manifest.get("vars").and_then(|vars| vars.get("POOLS")).context("pools")?;
    let mut pools = serde_json::to_value(pools)?;
    pools["broken"] = json!({"seats": 1});
    pools["misspelt"] = json!({"seats": 2, "parti": 2});
    Ok(pools)
}

#[tokio::test]
async fn invalid_pool_is_misconfigured_and_others_work() -> Result<()> {
    let pools = pools()?;
    let stack = stack::start_with(|options| {
        options.edge_values.extend([("POOLS".to_owned(), pools.to_string())]);
    })
    .await?;
    let server = server(&stack)?;

    let config: Value = server.get("/v1/config").await?.json().await?;
    ensure!(config["misconfigured"] == json!(["broken", "misspelt"]), "{config}");
    let valid: Vec<&str> = pools.as_object().context("pools")?.keys().map(String::as_str).collect();
    let valid: Vec<&str> = valid.into_iter().filter(|name| !["broken", "misspelt"].contains(name)).collect();
    ensure!(config["pools"] == json!(valid), "{config}");
    let rules: Vec<&String> = config["rules"].as_object().context("rules")?.keys().collect();
    ensure!(rules == valid, "{config}");

    let ana = server.guest("Ana").await?;
    for (pool, code) in [("broken", 4012), ("misspelt", 4012), ("nowhere", 4011)] {
        server.lobby(pool, &ana).connect().await?.closed_with(code).await?;
    }
    // Players of a valid pool are matched, and their room opens.
    let (room, cyn, _) = matched(&server).await?;
    server.room(&room, &cyn).connect().await?.welcome().await?;

    let log = std::fs::read_to_string(stack.data().join("edge.log"))?;
    for reason in ["POOLS.broken.seats: must be 2 to 64", "POOLS.misspelt: unknown field `parti`"] {
        ensure!(log.contains(reason), "the log lacks {reason}: {log}");
    }
    Ok(())
}
