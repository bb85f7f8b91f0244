//! Tests sign-in with id tokens: claims, signatures, key rotation, an unavailable provider, bans.

use crate::world::{Answer, Guest, World};
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use futures_util::future::try_join_all;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::issuer::{Issuer, Key};

/// A region that trusts an issuer, and the key of the issuer.
pub struct TrustingRegion {
    pub world: World,
    pub issuer: Issuer,
    pub key: Key,
}

impl TrustingRegion {
    pub async fn new(alg: Algorithm) -> Result<Self> {
        Self::with_config(alg, &[]).await
    }

    pub async fn with_config(alg: Algorithm, changes: &[(&str, &str)]) -> Result<Self> {
        let issuer = Issuer::start().await?;
        let key = Key::new("one", alg)?;
        issuer.publish(&[&key])?;
        let trusted = issuer.configured("app");
        let changes = [&[("OIDC_PROVIDERS", trusted.as_str())], changes].concat();
        let world = World::with_config(&changes).await?;
        Ok(Self { world, issuer, key })
    }

    /// Returns the claims of a valid token.
    pub fn claims(&self, subject: &str) -> Value {
        let now = self.world.time().secs();
        json!({
            "iss": self.issuer.url, "sub": subject, "aud": "app", "iat": now, "exp": now + 3600,
            "name": "Ana",
        })
    }

    pub async fn login(&self, token: &str) -> Result<Answer> {
        let body = json!({"id_token": token, "label": "Phone"});
        self.world.post("/v1/sessions", body).await
    }

    /// Signs in with changed claims of a valid token.
    pub async fn sign_in(&self, change: impl FnOnce(&mut Value)) -> Result<Answer> {
        let mut claims = self.claims("ana");
        change(&mut claims);
        self.login(&self.key.sign(&claims)?).await
    }
}

#[tokio::test]
async fn account_of_a_provider_is_one_player() -> Result<()> {
    for alg in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let region = TrustingRegion::new(alg).await?;
        let answer = region.sign_in(|_| ()).await?;
        answer.has_status(201);
        let ana = Guest::of(&answer.body)?;
        let own = region.world.get("/v1/profiles/me", &ana.access).await?;
        assert_eq!(own.body["name"], "Ana");
        let again = Guest::of(&region.sign_in(|claims| claims["name"] = json!("Other")).await?.body)?;
        assert_eq!(again.player, ana.player, "{alg:?}");
        let other = Guest::of(&region.sign_in(|claims| claims["sub"] = json!("ben")).await?.body)?;
        assert_ne!(other.player, ana.player);
        assert_eq!(region.issuer.asked(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn ten_simultaneous_first_logins_make_one_player() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    for round in 0..5 {
        let subject = format!("ana {round}");
        let (token, region) = (region.key.sign(&region.claims(&subject))?, &region);
        let many = (0..10).map(|_| region.login(&token));
        let mut players = BTreeSet::new();
        for answer in try_join_all(many).await? {
            answer.has_status(201);
            let one = Guest::of(&answer.body)?;
            region.world.refresh(&one.refresh).await?.has_status(200);
            players.insert(one.player);
        }
        assert_eq!(players.len(), 1, "round {round}");
    }
    assert_eq!(region.issuer.asked(), 1);
    Ok(())
}

#[tokio::test]
async fn id_token_claims_are_checked() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let now = region.world.time().secs();
    // Each refusal counts, and an account is locked out after five failures.
    let rest = || region.world.advance(Duration::from_mins(10));
    region.sign_in(|c| c["aud"] = json!("other")).await?.is_problem(401, "id_token_audience");
    region.sign_in(|c| c["aud"] = json!(["other", "app"])).await?.has_status(201);
    region.sign_in(|c| c["azp"] = json!("other")).await?.is_problem(401, "id_token_audience");
    region.sign_in(|c| c["exp"] = json!(now - 30)).await?.is_problem(401, "id_token_expired");
    region.sign_in(|c| c["exp"] = json!(now - 29)).await?.has_status(201);
    rest();
    let now = region.world.time().secs();
    region.sign_in(|c| c["iat"] = json!(now + 31)).await?.is_problem(401, "id_token_invalid");
    region.sign_in(|c| c["nbf"] = json!(now + 31)).await?.is_problem(401, "id_token_invalid");
    region.sign_in(|c| c["iss"] = json!("https://evil.test")).await?.is_problem(401, "id_token_issuer");
    region.sign_in(|c| c["sub"] = json!("")).await?.is_problem(401, "id_token_invalid");
    region.sign_in(|c| c["exp"] = Value::Null).await?.is_problem(401, "id_token_invalid");
    rest();
    let plain = region.key.sign(&region.claims("ana"))?;
    let mut claims = region.claims("ana");
    claims["nonce"] = json!("n1");
    let bound = region.key.sign(&claims)?;
    let ask = |body: Value| region.world.post("/v1/sessions", body);
    ask(json!({"id_token": bound, "nonce": "n1"})).await?.has_status(201);
    for wrong in [
        json!({"id_token": bound, "nonce": "n2"}),
        json!({"id_token": bound, "nonce": ""}),
        // A stolen token, without the nonce that only its app knows.
        json!({"id_token": bound}),
        json!({"id_token": plain, "nonce": "n1"}),
    ] {
        ask(wrong).await?.is_problem(401, "id_token_nonce");
    }
    ask(json!({"id_token": plain})).await?.has_status(201);
    region.sign_in(|c| c["name"] = json!("\u{202e}")).await?.has_status(201);
    let nameless = |claims: &mut Value| {
        (claims["sub"], claims["name"]) = (json!("nameless"), json!("\u{3164}"));
    };
    let nameless = Guest::of(&region.sign_in(nameless).await?.body)?;
    let own = region.world.get("/v1/profiles/me", &nameless.access).await?;
    assert_eq!(own.body["name"], "Player");
    Ok(())
}

#[tokio::test]
async fn id_token_signature_is_checked() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::RS256).await?;
    let claims = region.claims("ana");
    let good = region.key.sign(&claims)?;
    let (head, rest) = good.split_once('.').unwrap_or_default();
    let (payload, signature) = rest.split_once('.').unwrap_or_default();
    let header = |header: Value| BASE64.encode(header.to_string());
    let forged = Key::new("one", Algorithm::RS256)?.sign(&claims)?;
    // An HMAC would use the public key as its secret.
    let hmac = header(json!({"alg": "HS256", "kid": "one"}));
    let none = header(json!({"alg": "none", "kid": "one"}));
    let other = header(json!({"alg": "PS256", "kid": "one"}));
    let crit = header(json!({"alg": "RS256", "kid": "one", "crit": ["b64"], "b64": false}));
    let bens = BASE64.encode(region.claims("ben").to_string());
    for bad in [
        forged,
        format!("{hmac}.{payload}.{signature}"),
        format!("{none}.{payload}."),
        format!("{other}.{payload}.{signature}"),
        format!("{crit}.{payload}.{signature}"),
        format!("{head}.{bens}.{signature}"),
        format!("{head}.{payload}."),
        "x.y.z".into(),
        String::new(),
    ] {
        region.login(&bad).await?.is_problem(401, "id_token_invalid");
    }
    region.login(&good).await?.has_status(201);
    Ok(())
}

#[tokio::test]
async fn provider_keys_rotate() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::ES256).await?;
    region.sign_in(|_| ()).await?.has_status(201);
    let next = Key::new("two", Algorithm::RS256)?;
    region.issuer.publish(&[&region.key, &next])?;
    let token = next.sign(&region.claims("ana"))?;
    // An unknown key id causes at most one fetch a minute.
    region.login(&token).await?.is_problem(401, "id_token_invalid");
    assert_eq!(region.issuer.asked(), 1);
    region.world.advance(Duration::from_mins(1));
    region.login(&token).await?.has_status(201);
    region.sign_in(|_| ()).await?.has_status(201);
    assert_eq!(region.issuer.asked(), 2);

    // The old key is withdrawn, which takes effect when the cached set expires; meanwhile the provider is
    // unavailable.
    region.issuer.publish(&[&next])?;
    region.sign_in(|_| ()).await?.has_status(201);
    region.world.advance(Duration::from_mins(5));
    region.issuer.away(true);
    region.sign_in(|_| ()).await?.has_status(201);
    region.issuer.away(false);
    region.world.advance(Duration::from_secs(2));
    region.sign_in(|_| ()).await?.is_problem(401, "id_token_invalid");
    region.login(&token).await?.has_status(201);
    assert_eq!(region.issuer.asked(), 4);
    Ok(())
}

#[tokio::test]
async fn key_rotation_does_not_lock_out_an_address() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    region.sign_in(|_| ()).await?.has_status(201);
    let next = Key::new("two", Algorithm::EdDSA)?;
    region.issuer.publish(&[&region.key, &next])?;
    // Twenty players behind one address sign in before the new key is fetched.
    for n in 0..20 {
        let token = next.sign(&region.claims(&format!("player {n}")))?;
        region.login(&token).await?.is_problem(401, "id_token_invalid");
        region.world.advance(Duration::from_millis(200));
    }
    assert_eq!(region.issuer.asked(), 1);
    region.world.advance(Duration::from_mins(1));
    region.login(&next.sign(&region.claims("player 0"))?).await?.has_status(201);
    // A token that is forged with a known key id still counts.
    let forged = Key::new("two", Algorithm::EdDSA)?.sign(&region.claims("ana"))?;
    for _ in 0..10 {
        region.login(&forged).await?.is_problem(401, "id_token_invalid");
    }
    region.login(&forged).await?.is_problem(429, "too_many_failures");
    Ok(())
}

#[tokio::test]
async fn unreachable_provider_is_reported_as_unavailable() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    region.issuer.away(true);
    let answer = region.sign_in(|_| ()).await?;
    answer.is_problem(503, "provider_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    region.issuer.away(false);
    region.world.advance(Duration::from_secs(2));
    region.sign_in(|_| ()).await?.has_status(201);
    Ok(())
}

#[tokio::test]
async fn banned_player_cannot_sign_in() -> Result<()> {
    let region = TrustingRegion::new(Algorithm::EdDSA).await?;
    let mo = region.world.guest("Mo").await?;
    let ana = Guest::of(&region.sign_in(|_| ()).await?.body)?;
    let (issuer, key) = (region.issuer, region.key);
    let changes = [("OIDC_PROVIDERS", issuer.configured("app")), ("MODERATORS", mo.player.clone())];
    let changes = changes.each_ref().map(|(name, value)| (*name, value.as_str()));
    let world = region.world.restart(&changes).await?;
    let region = TrustingRegion { world, issuer, key };
    let path = format!("/v1/bans/{}", ana.player);
    region.world.request_as(&mo, "PUT", &path, json!({"reason": "rude"})).await?.has_status(201);
    region.sign_in(|_| ()).await?.is_problem(403, "banned");
    region.world.request_as(&mo, "DELETE", &path, Value::Null).await?.has_status(204);
    region.sign_in(|_| ()).await?.has_status(201);
    Ok(())
}
