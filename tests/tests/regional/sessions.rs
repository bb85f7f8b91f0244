//! Tests the rotation of refresh tokens, their reuse, and the rotation of signing keys.

use crate::world::{Guest, KEY, OTHER_KEY, World};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn refresh_token_rotates_and_its_reuse_revokes_the_session() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    world.advance(Duration::from_mins(10));
    world.get("/v1/profiles/me", &ana.access).await?.is_problem(401, "token_expired");

    let answer = world.refresh(&ana.refresh).await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let second = Guest::of(&answer.body)?;
    assert_ne!(second.refresh, ana.refresh);
    assert_eq!(world.get("/v1/profiles/me", &second.access).await?.status, 200);

    // The answer was lost: within 10 s a retry returns the same successor, and both pairs are one session.
    world.advance(Duration::from_secs(10));
    let again = world.refresh(&ana.refresh).await?;
    assert_eq!(again.body["refresh_token"], json!(second.refresh));
    let third = Guest::of(&world.refresh(&second.refresh).await?.body)?;

    // A token that is two rotations old was stolen, or belongs to the victim of a theft.
    world.refresh(&ana.refresh).await?.is_problem(401, "refresh_reused");
    world.refresh(&third.refresh).await?.is_problem(401, "session_revoked");
    Ok(())
}

#[tokio::test]
async fn rotated_refresh_token_revokes_the_session_after_the_grace_period() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let second = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    world.advance(Duration::from_millis(10_001));
    world.refresh(&ana.refresh).await?.is_problem(401, "refresh_reused");
    world.refresh(&second.refresh).await?.is_problem(401, "session_revoked");
    Ok(())
}

#[tokio::test]
async fn lost_answer_is_repeated_to_the_same_attempt_until_its_tokens_are_used() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let second = Guest::of(&world.refresh_with(&ana.refresh, "attempt-1").await?.body)?;
    // The answer was lost, and the client was offline for an hour, longer than the grace.
    for hours in 1..=3 {
        world.advance(Duration::from_hours(1));
        let again = world.refresh_with(&ana.refresh, "attempt-1").await?;
        again.has_status(200);
        assert_eq!(again.body["refresh_token"], json!(second.refresh), "after {hours} h");
        let access = again.body["access_token"].as_str().context("a token")?;
        world.get("/v1/profiles/me", access).await?.has_status(200);
    }
    // Once the successor is used, the same attempt is as old as any other.
    let third = Guest::of(&world.refresh_with(&second.refresh, "attempt-2").await?.body)?;
    world.refresh_with(&ana.refresh, "attempt-1").await?.is_problem(401, "refresh_reused");
    world.refresh_with(&third.refresh, "attempt-3").await?.is_problem(401, "session_revoked");
    Ok(())
}

#[tokio::test]
async fn spent_token_without_the_key_of_its_attempt_revokes_the_session() -> Result<()> {
    let world = World::new().await?;
    for key in [None, Some("attempt-2"), Some("attempt-10")] {
        let ana = world.guest("Ana").await?;
        let second = Guest::of(&world.refresh_with(&ana.refresh, "attempt-1").await?.body)?;
        world.advance(Duration::from_millis(10_001));
        let thief = match key {
            Some(key) => world.refresh_with(&ana.refresh, key).await?,
            None => world.refresh(&ana.refresh).await?,
        };
        thief.is_problem(401, "refresh_reused");
        world.refresh_with(&ana.refresh, "attempt-1").await?.is_problem(401, "session_revoked");
        world.refresh(&second.refresh).await?.is_problem(401, "session_revoked");
    }
    // An attempt without a key leaves none behind.
    let ben = world.guest("Ben").await?;
    let second = Guest::of(&world.refresh_with(&ben.refresh, "attempt-1").await?.body)?;
    world.refresh(&second.refresh).await?.has_status(200);
    world.advance(Duration::from_millis(10_001));
    world.refresh_with(&second.refresh, "attempt-1").await?.is_problem(401, "refresh_reused");
    Ok(())
}

#[tokio::test]
async fn unusable_attempt_key_is_refused_and_uses_no_token() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    for key in ["", "a b", &"x".repeat(65)] {
        world.refresh_with(&ana.refresh, key).await?.is_problem(400, "bad_key");
    }
    world.refresh_with(&ana.refresh, &"x".repeat(64)).await?.has_status(200);
    Ok(())
}

#[tokio::test]
async fn forged_refresh_token_does_not_revoke_the_session() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let (sid, _) = ana.refresh.split_once('.').context("a dot")?;
    let (_, secret) = ben.refresh.split_once('.').context("a dot")?;
    for forged in
        [format!("{sid}.{secret}"), format!("{sid}.{}", "A".repeat(64)), "s_1.x".into(), String::new()]
    {
        world.refresh(&forged).await?.is_problem(401, "refresh_invalid");
    }
    assert_eq!(world.refresh(&ana.refresh).await?.status, 200);
    world.advance(Duration::from_hours(30 * 24));
    world.refresh(&ben.refresh).await?.is_problem(401, "session_expired");
    Ok(())
}

#[tokio::test]
async fn ten_simultaneous_refreshes_give_one_successor() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let many = (0..10).map(|_| world.refresh(&ana.refresh));
    let mut tokens = Vec::new();
    for answer in futures_util::future::try_join_all(many).await? {
        assert_eq!(answer.status, 200, "{}", answer.body);
        tokens.push(answer.body["refresh_token"].to_string());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    Ok(())
}

#[tokio::test]
async fn signing_key_rotates_without_ending_sessions() -> Result<()> {
    let next = [("SIGNING_SEED_NEXT", OTHER_KEY), ("SIGNING_KID_NEXT", "new")];
    let turned = [
        ("SIGNING_SEED", OTHER_KEY),
        ("SIGNING_KID", "new"),
        ("SIGNING_SEED_NEXT", KEY),
        ("SIGNING_KID_NEXT", "local"),
    ];
    let alone = [("SIGNING_SEED", OTHER_KEY), ("SIGNING_KID", "new")];
    let kids = async |world: &World| {
        let keys = world.get("/.well-known/jwks.json", "").await?;
        assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
        let keys = keys.body["keys"].as_array().context("keys")?.clone();
        Ok::<_, anyhow::Error>(keys.iter().map(|key| key["kid"].to_string()).collect::<String>())
    };
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    // Before the change: the next key is published, the old key signs.
    let world = world.restart(&next).await?;
    assert_eq!(kids(&world).await?, "\"local\"\"new\"");
    let second = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    // The change: tokens signed with the old key stay valid.
    let world = world.restart(&turned).await?;
    assert_eq!(kids(&world).await?, "\"new\"\"local\"");
    world.get("/v1/profiles/me", &second.access).await?.has_status(200);
    let third = Guest::of(&world.refresh(&second.refresh).await?.body)?;
    // Reuse of a rotated token is detected, whichever key signed it.
    let thief = world.refresh(&ana.refresh).await?;
    thief.is_problem(401, "refresh_reused");
    let ben = world.guest("Ben").await?;
    world.refresh(&third.refresh).await?.is_problem(401, "session_revoked");
    // After the change: the old key is withdrawn.
    let world = world.restart(&alone).await?;
    world.get("/v1/profiles/me", &second.access).await?.is_problem(401, "token_invalid");
    world.get("/v1/profiles/me", &ben.access).await?.has_status(200);
    world.refresh(&ben.refresh).await?.has_status(200);
    Ok(())
}
