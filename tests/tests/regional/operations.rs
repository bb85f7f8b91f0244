//! Tests health, readiness and keys, and the Lambda binary.

use crate::world::{Guest, World, function_env};
use anyhow::{Context, Result};
use regional::local::{Database, LocalStore};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use tests::runtime_api::{self, Function};
use tests::secrets_manager::{ARN, SecretsManager, VERSION};

#[tokio::test]
async fn health_readiness_and_keys_are_served() -> Result<()> {
    let world = World::new().await?;
    assert_eq!(world.get("/health", "").await?.body["status"], "ok");
    assert_eq!(world.get("/ready", "").await?.body["status"], "ready");
    let keys = world.get("/.well-known/jwks.json", "").await?;
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let ana = world.guest("Ana").await?;
    let keys = shared::token::KeySet::from_jwks(&keys.body.to_string())?;
    let claims =
        shared::token::verify(&ana.access, &keys, "http://region.localhost", "matchpoint", world.time())?;
    assert_eq!(claims.sub.as_str(), ana.player);

    let World { url, now, http, store } = world;
    let dead = store.endpoint();
    drop(store);
    let world = World { url, now, http, store: LocalStore::serve(Database::memory()?).await? };
    assert_ne!(world.store.endpoint(), dead);
    world.get("/ready", "").await?.is_problem(503, "unavailable");
    let failed = world.get("/v1/profiles/p_1", &ana.access).await?;
    failed.is_problem(503, "unavailable");
    assert_eq!(failed.header("retry-after"), Some("1"));
    assert_eq!(world.get("/health", "").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn lambda_binary_reads_its_secret_and_answers_events() -> Result<()> {
    let world = World::new().await?;
    let mut env = function_env(&world.store.endpoint());
    // The secrets are in no variable.
    let (secrets, plain): (Vec<_>, Vec<_>) = env
        .into_iter()
        .partition(|(name, _)| ["SIGNING_SEED", "SIGNING_KID", "EDGE_TO_REGION_KEYS"].contains(name));
    let secret: Map<String, Value> =
        secrets.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.into())).collect();
    let manager = SecretsManager::start(secret.into()).await?;
    env = plain;
    env.extend([
        ("SECRET_ARN", ARN.to_owned()),
        ("SECRET_VERSION", VERSION.to_owned()),
        ("SECRETS_ENDPOINT", manager.url.clone()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
    ]);
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let function = Function::start(runtime_api::build("lambda").await?, &env).await?;

    let event: Value = serde_json::from_str(include_str!("../../../regional/events/guest.json"))?;
    let answer = function.invoke(&event).await?;
    assert_eq!(answer["statusCode"], StatusCode::CREATED.as_u16(), "{answer}");
    let ana = Guest::of(&serde_json::from_str(answer["body"].as_str().context("a body")?)?)?;

    let event = include_str!("../../../regional/events/profile.json").replace("ACCESS_TOKEN", &ana.access);
    let answer = function.invoke(&serde_json::from_str(&event)?).await?;
    assert_eq!((&answer["statusCode"], &answer["headers"]["etag"]), (&json!(200), &json!(ana.own_tag(1))));
    assert_eq!(manager.asked(), 2, "once more after a failure, and not for each event");
    let profile: Value = serde_json::from_str(answer["body"].as_str().context("a body")?)?;
    assert_eq!((&profile["player"], &profile["name"]), (&json!(ana.player), &json!("Ana")));
    Ok(())
}
