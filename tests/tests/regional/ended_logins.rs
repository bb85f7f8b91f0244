//! Tests that an ended login ends at every route of the region, reads included, from the next request on.

use crate::openapi::filled;
use crate::world::{Guest, World};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use xtask::openapi::operations;

/// Returns every operation that acts for its caller: its method, and its path with ids of nothing that exists.
fn private_operations(own: &Guest) -> Result<Vec<(String, String)>> {
    let document = regional::openapi::document()?;
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, method, said) in operations(&document) {
        let schemes = said["security"].as_array().cloned().unwrap_or_default();
        let takes_token = schemes.iter().any(|scheme| scheme.get("access_token").is_some());
        let optional = schemes.contains(&json!({}));
        if takes_token {
            // A route that answers without a token acts for its caller where `me`, or the caller's id, is named.
            let names = if optional { vec!["me", own.player.as_str()] } else { vec!["p_nobody"] };
            found.extend(
                names.into_iter().map(|name| (method.clone(), filled(&path.replace("{player}", name)))),
            );
        }
    }
    // Ratings are public: only `me` stands for the caller.
    let ratings = format!("/v1/profiles/{}/ratings", own.player);
    found.retain(|(_, path)| *path != ratings);
    Ok(found)
}

/// The ways in which a login ends while its access token is still valid.
#[derive(Debug, Clone, Copy)]
enum End {
    OneSession,
    AllSessions,
    OtherSessions,
}

#[tokio::test]
async fn ended_login_is_refused_at_every_private_route_at_once() -> Result<()> {
    let world = World::new().await?;
    for end in [End::OneSession, End::AllSessions, End::OtherSessions] {
        let ana = world.guest("Ana").await?;
        let other = world.login_again(&ana).await?;
        let before = world.get("/v1/matches?player=me", &ana.access).await?;
        before.has_status(200);
        let (who, path) = match end {
            End::OneSession => {
                let sid = ana.refresh.split('.').next().unwrap_or_default();
                (&other, format!("/v1/sessions/{sid}"))
            }
            End::AllSessions => (&other, "/v1/sessions".to_owned()),
            End::OtherSessions => (&other, "/v1/sessions?except=current".to_owned()),
        };
        world.request_as(who, "DELETE", &path, Value::Null).await?.has_status(204);
        let private = private_operations(&ana)?;
        ensure!(private.len() > 30, "only {} private operations were found", private.len());
        for (method, path) in private {
            let answer = world.request_as(&ana, &method, &path, Value::Null).await?;
            let code = answer.body["code"].as_str();
            ensure!(
                (answer.status, code) == (401, Some("session_revoked")),
                "{end:?}: {method} {path}: {} {}",
                answer.status,
                answer.body
            );
        }
        // Public data stays readable.
        world.get("/v1/profiles/p_nobody", &ana.access).await?.is_problem(404, "player_not_found");
    }
    Ok(())
}

#[tokio::test]
async fn ended_login_receives_no_stored_answer() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let bearer = format!("Bearer {}", ana.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
    let body = json!({"player": ben.player, "reason": "spam"}).to_string();
    let report = || world.request("POST", "/v1/reports", &headers, body.clone());
    report().await?.has_status(201);
    assert_eq!(report().await?.header("idempotency-replayed"), Some("true"));
    world.request_as(&ana, "DELETE", "/v1/sessions", Value::Null).await?.has_status(204);
    report().await?.is_problem(401, "session_revoked");
    Ok(())
}
