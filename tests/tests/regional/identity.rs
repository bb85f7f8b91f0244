//! Does an id token let in whom it names, and nobody else?

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

/// A region that believes an issuer, and the issuer's key.
pub struct Trusting {
    pub world: World,
    pub issuer: Issuer,
    pub key: Key,
}

impl Trusting {
    pub async fn new(alg: Algorithm) -> Result<Self> {
        let issuer = Issuer::start().await?;
        let key = Key::new("one", alg)?;
        issuer.publish(&[&key])?;
        let world = World::with(&[("OIDC_PROVIDERS", &issuer.configured("app"))]).await?;
        Ok(Self { world, issuer, key })
    }

    /// What a good token says of somebody.
    pub fn claims(&self, subject: &str) -> Value {
        let now = self.world.time().secs();
        json!({
            "iss": self.issuer.url, "sub": subject, "aud": "app", "iat": now, "exp": now + 3600,
            "nonce": "n1", "name": "Ana",
        })
    }

    pub async fn login(&self, token: &str) -> Result<Answer> {
        let body = json!({"id_token": token, "label": "Phone"});
        self.world.post("/v1/sessions", body).await
    }

    /// Signs in with what a good token says, changed.
    pub async fn with(&self, change: impl FnOnce(&mut Value)) -> Result<Answer> {
        let mut claims = self.claims("ana");
        change(&mut claims);
        self.login(&self.key.sign(&claims)?).await
    }
}

#[tokio::test]
async fn one_account_is_one_player() -> Result<()> {
    for alg in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let it = Trusting::new(alg).await?;
        let answer = it.with(|_| ()).await?;
        answer.done(201);
        let ana = Guest::of(&answer.body)?;
        let own = it.world.get("/v1/profiles/me", &ana.access).await?;
        assert_eq!(own.body["name"], "Ana");
        let again = Guest::of(&it.with(|claims| claims["name"] = json!("Other")).await?.body)?;
        assert_eq!(again.player, ana.player, "{alg:?}");
        let other = Guest::of(&it.with(|claims| claims["sub"] = json!("ben")).await?.body)?;
        assert_ne!(other.player, ana.player);
        assert_eq!(it.issuer.asked(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn ten_first_logins_at_once_are_one_player() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    for round in 0..5 {
        let subject = format!("ana {round}");
        let (token, it) = (it.key.sign(&it.claims(&subject))?, &it);
        let many = (0..10).map(|_| it.login(&token));
        let mut players = BTreeSet::new();
        for answer in try_join_all(many).await? {
            answer.done(201);
            let one = Guest::of(&answer.body)?;
            it.world.refresh(&one.refresh).await?.done(200);
            players.insert(one.player);
        }
        assert_eq!(players.len(), 1, "round {round}");
    }
    assert_eq!(it.issuer.asked(), 1);
    Ok(())
}

#[tokio::test]
async fn what_a_token_must_say() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let now = it.world.time().secs();
    // Each refusal counts, and an account that failed five times has to wait.
    let rest = || it.world.pass(Duration::from_mins(10));
    it.with(|c| c["aud"] = json!("other")).await?.is(401, "id_token_audience");
    it.with(|c| c["aud"] = json!(["other", "app"])).await?.done(201);
    it.with(|c| c["azp"] = json!("other")).await?.is(401, "id_token_audience");
    it.with(|c| c["exp"] = json!(now - 30)).await?.is(401, "id_token_expired");
    it.with(|c| c["exp"] = json!(now - 29)).await?.done(201);
    rest();
    let now = it.world.time().secs();
    it.with(|c| c["iat"] = json!(now + 31)).await?.is(401, "id_token_invalid");
    it.with(|c| c["nbf"] = json!(now + 31)).await?.is(401, "id_token_invalid");
    it.with(|c| c["iss"] = json!("https://evil.test")).await?.is(401, "id_token_issuer");
    it.with(|c| c["sub"] = json!("")).await?.is(401, "id_token_invalid");
    it.with(|c| c["exp"] = Value::Null).await?.is(401, "id_token_invalid");
    rest();
    let token = it.key.sign(&it.claims("ana"))?;
    let nonce = |nonce: &str| it.world.post("/v1/sessions", json!({"id_token": token, "nonce": nonce}));
    nonce("n2").await?.is(401, "id_token_nonce");
    nonce("n1").await?.done(201);
    it.with(|c| c["name"] = json!("\u{202e}")).await?.done(201);
    Ok(())
}

#[tokio::test]
async fn who_signs_must_be_the_provider() -> Result<()> {
    let it = Trusting::new(Algorithm::RS256).await?;
    let claims = it.claims("ana");
    let good = it.key.sign(&claims)?;
    let (head, rest) = good.split_once('.').unwrap_or_default();
    let (payload, signature) = rest.split_once('.').unwrap_or_default();
    let header = |header: Value| BASE64.encode(header.to_string());
    let forged = Key::new("one", Algorithm::RS256)?.sign(&claims)?;
    // The secret of an HMAC would be the public key, which everybody has.
    let hmac = header(json!({"alg": "HS256", "kid": "one"}));
    let none = header(json!({"alg": "none", "kid": "one"}));
    let other = header(json!({"alg": "PS256", "kid": "one"}));
    let crit = header(json!({"alg": "RS256", "kid": "one", "crit": ["b64"], "b64": false}));
    let bens = BASE64.encode(it.claims("ben").to_string());
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
        it.login(&bad).await?.is(401, "id_token_invalid");
    }
    it.login(&good).await?.done(201);
    Ok(())
}

#[tokio::test]
async fn a_provider_changes_its_keys() -> Result<()> {
    let it = Trusting::new(Algorithm::ES256).await?;
    it.with(|_| ()).await?.done(201);
    let next = Key::new("two", Algorithm::RS256)?;
    it.issuer.publish(&[&it.key, &next])?;
    let token = next.sign(&it.claims("ana"))?;
    // An unknown key is looked for once a minute, however many name one.
    it.login(&token).await?.is(401, "id_token_invalid");
    assert_eq!(it.issuer.asked(), 1);
    it.world.pass(Duration::from_mins(1));
    it.login(&token).await?.done(201);
    it.with(|_| ()).await?.done(201);
    assert_eq!(it.issuer.asked(), 2);

    // The old one is withdrawn, which counts once its time is over; meanwhile the provider is away for a while.
    it.issuer.publish(&[&next])?;
    it.with(|_| ()).await?.done(201);
    it.world.pass(Duration::from_mins(5));
    it.issuer.away(true);
    it.with(|_| ()).await?.done(201);
    it.issuer.away(false);
    it.world.pass(Duration::from_secs(2));
    it.with(|_| ()).await?.is(401, "id_token_invalid");
    it.login(&token).await?.done(201);
    assert_eq!(it.issuer.asked(), 4);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_was_never_reached_is_said_to_be_away() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    it.issuer.away(true);
    let answer = it.with(|_| ()).await?;
    answer.is(503, "provider_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    it.issuer.away(false);
    it.world.pass(Duration::from_secs(2));
    it.with(|_| ()).await?.done(201);
    Ok(())
}

#[tokio::test]
async fn the_banned_do_not_come_in_again() -> Result<()> {
    let it = Trusting::new(Algorithm::EdDSA).await?;
    let mo = it.world.guest("Mo").await?;
    let ana = Guest::of(&it.with(|_| ()).await?.body)?;
    let (issuer, key) = (it.issuer, it.key);
    let changes = [("OIDC_PROVIDERS", issuer.configured("app")), ("MODERATORS", mo.player.clone())];
    let changes = changes.each_ref().map(|(name, value)| (*name, value.as_str()));
    let world = it.world.again(&changes).await?;
    let it = Trusting { world, issuer, key };
    let path = format!("/v1/bans/{}", ana.player);
    it.world.act(&mo, "PUT", &path, json!({"reason": "rude"})).await?.done(201);
    it.with(|_| ()).await?.is(403, "banned");
    it.world.act(&mo, "DELETE", &path, Value::Null).await?.done(204);
    it.with(|_| ()).await?.done(201);
    Ok(())
}
