//! Tests of the service API of the region: sessions of an own backend's users, management of players, moderation by key,
//! and the audit trail.

use crate::world::{Answer, Guest, World, variable};
use anyhow::{Context, Result};
use regional::config::Config;
use regional::token_issuer::TokenIssuer;
use serde_json::{Value, json};
use shared::service_key::{SECRET_BYTES, Scope, ServiceKey};
use std::collections::BTreeSet;

/// A backend with a key of these scopes.
struct Backend {
    world: World,
    key: String,
}

impl Backend {
    async fn with(scopes: &[Scope]) -> Result<Self> {
        let (key, text) = ServiceKey::create("backend", scopes.iter().copied().collect(), [7; SECRET_BYTES])?;
        let world = World::with_config(&[("SERVICE_KEYS", &json!([key]).to_string())]).await?;
        Ok(Self { world, key: text })
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.request(method, path, &[("authorization", &bearer)], body).await
    }

    async fn session(&self, user: &str, name: &str) -> Result<Answer> {
        self.send("POST", "/v1/sessions", json!({ "external": { "user": user, "name": name } })).await
    }

    /// Returns the actions of the audit trail, newest first, each with what it was done to.
    async fn actions(&self) -> Result<Vec<(String, String)>> {
        let list = self.send("GET", "/v1/audit", Value::Null).await?;
        list.has_status(200);
        let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
        let all = list.body["actions"].as_array().context("a list")?;
        assert!(all.iter().all(|one| one["by"] == "p_service-backend"), "{all:?}");
        Ok(all.iter().map(|one| (text(one, "action"), text(one, "detail"))).collect())
    }
}

#[tokio::test]
async fn user_of_an_own_backend_is_one_player_on_all_devices() -> Result<()> {
    let backend = Backend::with(&[Scope::Sessions, Scope::Moderation]).await?;
    let first = backend.session("42", "Ana").await?;
    first.has_status(201);
    let again = backend.session("42", "Ana on a phone").await?;
    assert_eq!(first.body["player"], again.body["player"]);
    assert_ne!(first.body["sid"], again.body["sid"]);
    let other = backend.session("43", "Ben").await?;
    assert_ne!(first.body["player"], other.body["player"]);

    // A session like any other: it reads its profile, refreshes, and is listed.
    let ana = Guest::of(&first.body)?;
    let profile = backend.world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(profile.body["name"], "Ana", "the name of the first session stays");
    backend.world.refresh(&ana.refresh).await?.has_status(200);
    assert_eq!(backend.actions().await?.len(), 3);
    assert!(backend.actions().await?.contains(&("POST /v1/sessions".into(), "ext:43".into())));
    Ok(())
}

#[tokio::test]
async fn only_a_key_with_the_scope_names_users() -> Result<()> {
    let backend = Backend::with(&[Scope::Rooms]).await?;
    backend.session("42", "Ana").await?.is_problem(403, "scope_missing");
    let body = json!({ "external": { "user": "42", "name": "Ana" } });
    backend.world.post("/v1/sessions", body.clone()).await?.is_problem(401, "token_missing");
    let ana = backend.world.guest("Ana").await?;
    backend.world.request_as(&ana, "POST", "/v1/sessions", body).await?.is_problem(401, "token_missing");
    backend.send("GET", "/v1/audit", Value::Null).await?.is_problem(403, "scope_missing");
    let path = format!("/v1/players/{}/sessions", ana.player);
    backend.send("DELETE", &path, Value::Null).await?.is_problem(403, "scope_missing");
    backend.world.request_as(&ana, "DELETE", &path, Value::Null).await?.is_problem(403, "scope_missing");
    // A key is no player.
    backend.send("GET", "/v1/profiles/me", Value::Null).await?.is_problem(401, "token_invalid");
    Ok(())
}

#[tokio::test]
async fn wrong_users_are_refused_with_their_field() -> Result<()> {
    let backend = Backend::with(&[Scope::Sessions]).await?;
    for user in ["", "a b", "é", &"x".repeat(129)] {
        let refused = backend.session(user, "Ana").await?;
        refused.is_problem(400, "bad_body");
        assert_eq!(refused.body["field"], "external.user", "{}", refused.body);
    }
    backend.session("42", " ").await?.is_problem(400, "bad_text");
    let both = json!({ "external": { "user": "42", "name": "Ana" }, "guest": { "name": "Ana" } });
    backend.send("POST", "/v1/sessions", both).await?.is_problem(400, "bad_body");
    Ok(())
}

#[tokio::test]
async fn key_moderates_manages_players_and_leaves_a_trail() -> Result<()> {
    let backend = Backend::with(&[Scope::Players, Scope::Moderation]).await?;
    let (ana, ben) = (backend.world.guest("Ana").await?, backend.world.guest("Ben").await?);
    let tier = format!("/v1/players/{}/tier", ana.player);
    backend.send("PUT", &tier, json!({ "tier": "gold" })).await?.has_status(200);
    backend.send("PUT", &tier, json!({ "tier": "no tier" })).await?.is_problem(400, "bad_text");
    // A body without the field takes nothing away.
    backend.send("PUT", &tier, json!({})).await?.is_problem(400, "bad_body");
    let sessions = format!("/v1/players/{}/sessions", ana.player);
    backend.send("DELETE", &sessions, Value::Null).await?.has_status(204);
    backend.world.get("/v1/profiles/me", &ana.access).await?.is_problem(401, "session_revoked");
    let nobody = backend.send("DELETE", "/v1/players/p_nobody/sessions", Value::Null).await?;
    nobody.is_problem(404, "player_not_found");

    let ban = format!("/v1/bans/{}", ben.player);
    let banned = backend.send("PUT", &ban, json!({ "reason": "spam" })).await?;
    banned.has_status(201);
    assert_eq!(banned.body["by"], "p_service-backend");
    backend.send("PUT", &ban, json!({ "reason": "spam" })).await?.has_status(200);
    backend.send("DELETE", &ban, Value::Null).await?.has_status(204);
    backend.send("GET", "/v1/reports", Value::Null).await?.has_status(200);

    let action = |action: &str, detail: &str| (action.to_owned(), detail.to_owned());
    let expected = [
        action("DELETE /v1/bans/{player}", ""),
        // A repetition that changes nothing is no action.
        action("PUT /v1/bans/{player}", "spam"),
        action("DELETE /v1/players/{player}/sessions", ""),
        action("PUT /v1/players/{player}/tier", "gold"),
    ];
    // All happened in the same millisecond of the test's clock.
    assert_eq!(backend.actions().await?.into_iter().collect::<BTreeSet<_>>(), expected.into());
    Ok(())
}

/// Starts a region with an operator that has these scopes.
async fn with_operator(scopes: &[&str]) -> Result<(World, Guest)> {
    let world = World::new().await?;
    let op = world.guest("Op").await?;
    let operators = json!([{ "player": op.player, "scopes": scopes }]).to_string();
    Ok((world.restart(&[("OPERATORS", &operators)]).await?, op))
}

/// Returns the scopes in the access token of a refreshed session.
async fn refreshed_scopes(world: &World, who: &Guest) -> Result<(Guest, String)> {
    let pair = world.refresh(&who.refresh).await?;
    pair.has_status(200);
    let who = Guest { player: who.player.clone(), ..Guest::of(&pair.body)? };
    let mint = TokenIssuer::new(&Config::read(&variable)?)?;
    let claims = mint.verify(&who.access, world.time())?;
    Ok((who, claims.scp))
}

#[tokio::test]
async fn operator_acts_by_the_own_name_within_its_scopes() -> Result<()> {
    let (world, op) = with_operator(&["players", "rooms"]).await?;
    let ana = world.guest("Ana").await?;
    let tier = format!("/v1/players/{}/tier", ana.player);
    world.request_as(&op, "PUT", &tier, json!({ "tier": "gold" })).await?.has_status(200);
    let ban = format!("/v1/bans/{}", ana.player);
    let refused = world.request_as(&op, "PUT", &ban, json!({ "reason": "spam" })).await?;
    refused.is_problem(403, "scope_missing");
    assert!(refused.body["detail"].as_str().is_some_and(|text| text.contains("`OPERATORS`")));
    world.get("/v1/audit", &op.access).await?.is_problem(403, "scope_missing");
    // Signing in as others is for keys.
    let external = json!({ "external": { "user": "42", "name": "Ana" } });
    world.request_as(&op, "POST", "/v1/sessions", external).await?.is_problem(401, "token_missing");

    let world = world.restart(&[("MODERATORS", &op.player)]).await?;
    let list = world.get("/v1/audit", &op.access).await?;
    assert_eq!(list.body["actions"][0]["by"], op.player.as_str());
    world.request_as(&op, "PUT", &ban, json!({ "reason": "spam" })).await?.has_status(201);
    Ok(())
}

#[tokio::test]
async fn token_of_an_operator_has_its_scopes_until_the_operator_is_removed() -> Result<()> {
    let (world, op) = with_operator(&["inspect_hidden", "rooms"]).await?;
    let (op, scopes) = refreshed_scopes(&world, &op).await?;
    assert_eq!(scopes, "rooms inspect_hidden");
    let world = world.restart(&[("MODERATORS", &op.player)]).await?;
    let (op, scopes) = refreshed_scopes(&world, &op).await?;
    assert_eq!(scopes, "rooms queues players moderation");
    let world = world.restart(&[]).await?;
    // The region reads its configuration, and so refuses the scopes of a token from before at once.
    let tier = format!("/v1/players/{}/tier", op.player);
    world.request_as(&op, "PUT", &tier, json!({ "tier": "x" })).await?.is_problem(403, "scope_missing");
    let (_, scopes) = refreshed_scopes(&world, &op).await?;
    assert_eq!(scopes, "");
    Ok(())
}

#[tokio::test]
async fn audit_trail_is_for_moderators_and_is_read_page_by_page() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ana = world.guest("Ana").await?;
    world.get("/v1/audit", &ana.access).await?.is_problem(403, "not_moderator");
    for nth in 0..5 {
        let entry = json!({ "id": format!("a_{nth}"), "at": 1_733_000_000_000_u64 + nth, "by": "p_service-x",
            "action": "rooms.create", "room": "m_1", "detail": format!("{nth}") });
        // The edge repeats what it has sent.
        for _ in 0..2 {
            world.signed("POST", "/internal/v1/audit", entry.to_string()).await?.has_status(204);
        }
    }
    world.request_as(&ana, "POST", "/internal/v1/audit", json!({})).await?.is_problem(401, "unsigned");
    let (mut seen, mut path) = (Vec::new(), "/v1/audit?limit=2".to_owned());
    loop {
        let page = world.get(&path, &mo.access).await?;
        page.has_status(200);
        let actions = page.body["actions"].as_array().context("a list")?;
        assert!(actions.len() <= 2);
        seen.extend(actions.iter().map(|one| one["detail"].as_str().unwrap_or_default().to_owned()));
        let Some(cursor) = page.body["cursor"].as_str() else { break };
        path = format!("/v1/audit?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
    let long = json!({ "id": "a_9", "at": 1, "by": "p_service-x", "action": "x".repeat(513) });
    world.signed("POST", "/internal/v1/audit", long.to_string()).await?.is_problem(400, "bad_body");
    let late = json!({ "id": "a_9", "at": 99_999_999_999_999_u64, "by": "p_service-x", "action": "x" });
    world.signed("POST", "/internal/v1/audit", late.to_string()).await?.is_problem(400, "bad_body");
    Ok(())
}
