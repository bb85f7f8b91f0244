//! Tests the lockout after failed sign-ins: by account, by address and by session, for exactly its duration.

use crate::identity::TrustingRegion;
use crate::world::Answer;
use anyhow::Result;
use futures_util::future::try_join_all;
use jsonwebtoken::Algorithm;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tests::issuer::Key;

/// Signs in from the address 127.0.0.`host`.
async fn from(region: &TrustingRegion, host: u8, token: &str) -> Result<Answer> {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
    let http = reqwest::Client::builder().local_address(address).build()?;
    let request = http.post(format!("{}/v1/sessions", region.world.url));
    Answer::of(request.json(&json!({"id_token": token})).send().await?).await
}

#[tokio::test]
async fn account_is_locked_out_after_five_failures_within_a_minute() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let mut claims = region.claims("ana");
    let good = region.key.sign(&claims)?;
    claims["aud"] = json!("other");
    let bad = region.key.sign(&claims)?;
    // Each time from another address: the account counts.
    for host in 1..=5 {
        from(&region, host, &bad).await?.is_problem(401, "id_token_audience");
        region.world.advance(Duration::from_secs(10));
    }
    let refused = from(&region, 6, &good).await?;
    refused.is_problem(429, "too_many_failures");
    assert_eq!(refused.header("retry-after"), Some("10"));
    from(&region, 7, &bad).await?.is_problem(429, "too_many_failures");
    // Another account is not affected.
    from(&region, 6, &region.key.sign(&region.claims("ben"))?).await?.has_status(201);
    region.world.advance(Duration::from_millis(9_999));
    from(&region, 6, &good).await?.is_problem(429, "too_many_failures");
    region.world.advance(Duration::from_millis(1));
    from(&region, 6, &good).await?.has_status(201);
    Ok(())
}

#[tokio::test]
async fn forged_tokens_lock_out_only_their_address() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let forged = Key::new("one", Algorithm::EdDSA)?.sign(&region.claims("ana"))?;
    for _ in 0..9 {
        from(&region, 1, &forged).await?.is_problem(401, "id_token_invalid");
    }
    let good = region.key.sign(&region.claims("ana"))?;
    from(&region, 1, &good).await?.has_status(201);
    from(&region, 1, &forged).await?.is_problem(401, "id_token_invalid");
    // The tenth failure locks out the address, and only that.
    let refused = from(&region, 1, &good).await?;
    refused.is_problem(429, "too_many_failures");
    assert_eq!(refused.header("retry-after"), Some("600"));
    from(&region, 2, &good).await?.has_status(201);
    region.world.advance(Duration::from_mins(10));
    from(&region, 1, &good).await?.has_status(201);
    Ok(())
}

#[tokio::test]
async fn concurrent_failures_stay_within_the_limit() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let forged = Key::new("one", Algorithm::EdDSA)?.sign(&region.claims("ana"))?;
    let answers = try_join_all((0..25).map(|_| from(&region, 1, &forged))).await?;
    let with = |status: u16| answers.iter().filter(|one| one.status == status).count();
    // A 503 says nothing about the token. At most ten callers learn that the token is invalid.
    assert_eq!(with(401) + with(429) + with(503), 25);
    let mut failed = with(401);
    let mut last = from(&region, 1, &forged).await?;
    while last.status == 401 && failed < 10 {
        failed += 1;
        last = from(&region, 1, &forged).await?;
    }
    last.is_problem(429, "too_many_failures");
    // A 503 may have counted: its write may have succeeded.
    assert!(failed <= 10 && failed + with(503) >= 10, "{failed}");
    Ok(())
}

#[tokio::test]
async fn guessed_refresh_tokens_count_and_valid_ones_still_work() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let ana = region.world.guest("Ana").await?;
    let (sid, _) = ana.refresh.split_once('.').unwrap_or_default();
    let guess = format!("{sid}.{}", "A".repeat(64));
    for _ in 0..10 {
        region.world.refresh(&guess).await?.is_problem(401, "refresh_invalid");
    }
    region.world.refresh(&guess).await?.is_problem(429, "too_many_failures");
    region.world.refresh(&ana.refresh).await?.has_status(200);
    Ok(())
}
