//! Does who fails too often have to wait, exactly so long, and nobody else?

use crate::identity::Trusting;
use crate::world::Answer;
use anyhow::Result;
use futures_util::future::try_join_all;
use jsonwebtoken::Algorithm;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tests::issuer::Key;

/// Signs in from another address of this machine.
async fn from(it: &Trusting, host: u8, token: &str) -> Result<Answer> {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
    let http = reqwest::Client::builder().local_address(address).build()?;
    let request = http.post(format!("{}/v1/sessions", it.world.url));
    Answer::of(request.json(&json!({"id_token": token})).send().await?).await
}

#[tokio::test]
async fn an_account_waits_after_five_failures_within_a_minute() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let mut claims = it.claims("ana");
    let good = it.key.sign(&claims)?;
    claims["aud"] = json!("other");
    let bad = it.key.sign(&claims)?;
    // Every time from elsewhere: the account counts, not the address.
    for host in 1..=5 {
        from(&it, host, &bad).await?.is(401, "id_token_audience");
        it.world.pass(Duration::from_secs(10));
    }
    let refused = from(&it, 6, &good).await?;
    refused.is(429, "too_many_failures");
    assert_eq!(refused.header("retry-after"), Some("10"));
    from(&it, 7, &bad).await?.is(429, "too_many_failures");
    // Another account is not meant.
    from(&it, 6, &it.key.sign(&it.claims("ben"))?).await?.done(201);
    it.world.pass(Duration::from_millis(9_999));
    from(&it, 6, &good).await?.is(429, "too_many_failures");
    it.world.pass(Duration::from_millis(1));
    from(&it, 6, &good).await?.done(201);
    Ok(())
}

#[tokio::test]
async fn a_stranger_locks_nobody_out() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let forged = Key::new("one", Algorithm::EdDSA)?.sign(&it.claims("ana"))?;
    for _ in 0..9 {
        from(&it, 1, &forged).await?.is(401, "id_token_invalid");
    }
    let good = it.key.sign(&it.claims("ana"))?;
    from(&it, 1, &good).await?.done(201);
    from(&it, 1, &forged).await?.is(401, "id_token_invalid");
    // The tenth: now the address waits, and only that.
    let refused = from(&it, 1, &good).await?;
    refused.is(429, "too_many_failures");
    assert_eq!(refused.header("retry-after"), Some("600"));
    from(&it, 2, &good).await?.done(201);
    it.world.pass(Duration::from_mins(10));
    from(&it, 1, &good).await?.done(201);
    Ok(())
}

#[tokio::test]
async fn at_once_as_many_fail_as_may() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let forged = Key::new("one", Algorithm::EdDSA)?.sign(&it.claims("ana"))?;
    let answers = try_join_all((0..25).map(|_| from(&it, 1, &forged))).await?;
    let with = |status: u16| answers.iter().filter(|one| one.status == status).count();
    // Who loses too many races hears 503 and knows nothing of the token; never do more than ten learn what it is worth.
    assert_eq!(with(401) + with(429) + with(503), 25);
    let mut told = with(401);
    let mut last = from(&it, 1, &forged).await?;
    while last.status == 401 && told < 10 {
        told += 1;
        last = from(&it, 1, &forged).await?;
    }
    last.is(429, "too_many_failures");
    // A 503 may have counted, where only its answer came too late.
    assert!(told <= 10 && told + with(503) >= 10, "{told}");
    Ok(())
}

#[tokio::test]
async fn guessed_refresh_tokens_count_and_good_ones_go_on() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let ana = it.world.guest("Ana").await?;
    let (sid, _) = ana.refresh.split_once('.').unwrap_or_default();
    let guess = format!("{sid}.{}", "A".repeat(64));
    for _ in 0..10 {
        it.world.refresh(&guess).await?.is(401, "refresh_invalid");
    }
    it.world.refresh(&guess).await?.is(429, "too_many_failures");
    it.world.refresh(&ana.refresh).await?.done(200);
    Ok(())
}
