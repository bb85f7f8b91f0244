//! Tests decisions that race with logins: a ban beside a sign-in, and the end of a session beside its refresh.

use crate::identity::TrustingRegion;
use crate::world::{Guest, World};
use anyhow::{Result, ensure};
use jsonwebtoken::Algorithm;
use regional::config::Config;
use regional::domain::session::{Device, Presented, Session};
use regional::store::Store;
use serde_json::{Value, json};
use shared::id::SessionId;
use std::time::Duration;

const ROUNDS: usize = 40;

/// Whichever comes first, no session that is active outlives the ban.
#[tokio::test(flavor = "multi_thread")]
async fn ban_beside_a_sign_in_leaves_no_active_session() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let mo = region.world.guest("Mo").await?;
    let (issuer, key) = (region.issuer, region.key);
    let changes = [("OIDC_PROVIDERS", issuer.configured("app")), ("MODERATORS", mo.player.clone())];
    let changes = changes.each_ref().map(|(name, value)| (*name, value.as_str()));
    let world = region.world.restart(&changes).await?;
    let region = TrustingRegion { world, issuer, key };
    let (mut admitted, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut claims = region.claims(&format!("player {round}"));
        claims["name"] = json!("Ana");
        let token = region.key.sign(&claims)?;
        let first = Guest::of(&region.login(&token).await?.body)?;
        let path = format!("/v1/bans/{}", first.player);
        let ban = region.world.request_as(&mo, "PUT", &path, json!({"reason": "rude"}));
        let (ban, login) = tokio::try_join!(ban, region.login(&token))?;
        ban.has_status(201);
        if login.status == 201 {
            // It began before the ban, which holds for it from the next request on.
            let second = Guest::of(&login.body)?;
            region.world.get("/v1/sessions", &second.access).await?.is_problem(403, "banned");
            region.world.refresh(&second.refresh).await?.is_problem(403, "banned");
            admitted += 1;
        } else {
            login.is_problem(403, "banned");
            refused += 1;
        }
        region.login(&token).await?.is_problem(403, "banned");
    }
    eprintln!("{admitted} sign-ins came before the ban, {refused} after it");
    Ok(())
}

/// The store refuses a session that was decided about before a ban or the end of all sessions.
#[tokio::test]
async fn session_decided_before_a_ban_or_a_sign_out_is_not_stored() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let store = Store::new(world.store.client(), Config::read(&crate::world::variable)?.tables);
    for ends in ["ban", "sign-out"] {
        let ana = world.guest("Ana").await?;
        let player = ana.player.parse()?;
        let (now, mut session) = (
            world.time(),
            Session {
                sid: SessionId::random([u8::from(ends == "ban"); 16]),
                player,
                epoch: 0,
                current: [1; 32],
                previous: None,
                attempt: None,
                rotated: world.time(),
                created: world.time(),
                expires: world.time() + Duration::from_hours(1),
                ends: world.time() + Duration::from_hours(1),
                device: Device::default(),
                revoked: None,
            },
        );
        if ends == "ban" {
            let path = format!("/v1/bans/{}", ana.player);
            world.request_as(&mo, "PUT", &path, json!({"reason": "rude"})).await?.has_status(201);
        } else {
            world.request_as(&ana, "DELETE", "/v1/sessions", Value::Null).await?.has_status(204);
        }
        ensure!(!store.add_session(&session, now).await?, "stored beside a {ends}");
        ensure!(store.session_strong(&session.sid).await?.is_none());
        // With the epoch of after the sign-out it is stored; a banned player gets none.
        session.epoch = 1;
        assert_eq!(store.add_session(&session, now).await?, ends == "sign-out");
    }
    Ok(())
}

/// Whichever comes first, the session is over: a refresh beside its end gives no pair that works.
#[tokio::test(flavor = "multi_thread")]
async fn end_of_a_session_beside_its_refresh_ends_it() -> Result<()> {
    let world = World::new().await?;
    let (mut rotated, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let ana = world.guest("Ana").await?;
        let other = world.login_again(&ana).await?;
        let sid = other.refresh.split('.').next().unwrap_or_default();
        let path = if round % 2 == 0 { format!("/v1/sessions/{sid}") } else { "/v1/sessions".to_owned() };
        let end = world.request_as(&ana, "DELETE", &path, Value::Null);
        let (end, refresh) = tokio::try_join!(end, world.refresh(&other.refresh))?;
        end.has_status(204);
        let last = if refresh.status == 200 {
            rotated += 1;
            Guest::of(&refresh.body)?
        } else {
            refresh.is_problem(401, "session_revoked");
            refused += 1;
            other
        };
        world.get("/v1/sessions", &last.access).await?.is_problem(401, "session_revoked");
        world.refresh(&last.refresh).await?.is_problem(401, "session_revoked");
    }
    eprintln!("{rotated} refreshes came before the end, {refused} after it");
    Ok(())
}

/// A rotation that was decided before the end of its session is not stored.
#[tokio::test]
async fn rotation_decided_before_the_end_is_refused_by_the_store() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let store = Store::new(world.store.client(), Config::read(&crate::world::variable)?.tables);
    let sid: SessionId = ana.refresh.split('.').next().unwrap_or_default().parse()?;
    let session = store.session_strong(&sid).await?;
    let session = anyhow::Context::context(session, "a session")?;
    store.revoke_session(&sid, world.time()).await?;
    let presented = Presented { hash: session.current, issued: true, attempt: None };
    let rotated = store.rotate_session(&sid, &presented, &[9; 32], world.time(), session.expires).await?;
    ensure!(rotated.is_err_and(|found| found.is_some_and(|found| found.revoked.is_some())));
    Ok(())
}
