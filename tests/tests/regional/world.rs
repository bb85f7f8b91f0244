//! A region for one test: the router, an embedded store and a clock that the test moves.

use anyhow::{Context, Result, ensure};
use axum::Router;
use regional::clock::{Clock, random_bytes};
use regional::config::Config;
use regional::domain::session::{Device, Session};
use regional::local::{Database, LocalStore, Wake, client, default, open};
use regional::store::Store;
use regional::store::item::{n, s};
use regional::token_issuer::TokenIssuer;
use regional::{App, router};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use shared::id::SessionId;
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

pub const START_MS: u64 = 1_733_000_000_000;
pub const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
pub const ORIGIN: &str = "https://app.test";

/// A region for one test.
pub struct World {
    pub url: String,
    pub now: Arc<AtomicU64>,
    pub http: reqwest::Client,
    pub store: LocalStore,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A player with a session.
pub struct Guest {
    pub player: String,
    pub access: String,
    pub refresh: String,
}

pub fn variable(name: &str) -> Option<String> {
    match name {
        "SIGNING_SEED" | "EDGE_TO_REGION_KEYS" => Some(KEY.into()),
        "ALLOWED_ORIGINS" => Some(ORIGIN.into()),
        _ => default(name),
    }
}

/// Returns the environment of the function behind the HTTP API, with its tables at this endpoint.
pub fn function_env(endpoint: &str) -> Vec<(&'static str, String)> {
    let mut env: Vec<_> = [
        "TABLE_CORE",
        "TABLE_HISTORY",
        "TABLE_EVENTS",
        "ISSUER",
        "AUDIENCE",
        "SIGNING_KID",
        "SIGNING_SEED",
        "EDGE_TO_REGION_KEYS",
        "GUESTS",
    ]
    .map(|name| (name, variable(name).unwrap_or_default()))
    .into();
    env.extend([
        ("DYNAMODB_ENDPOINT", endpoint.to_owned()),
        ("AWS_REGION", "local".into()),
        ("AWS_ACCESS_KEY_ID", "local".into()),
        ("AWS_SECRET_ACCESS_KEY", "local".into()),
    ]);
    env
}

/// Returns a clock that shows the time of the test.
pub fn clock(now: &Arc<AtomicU64>) -> Clock {
    let now = now.clone();
    Clock::new(move || Time::from_ms(now.load(Ordering::SeqCst)))
}

fn configured(changes: &[(&str, &str)]) -> Result<Config> {
    Ok(Config::read(&|name| {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        change.map_or_else(|| variable(name), |(_, value)| Some((*value).into()))
    })?)
}

impl World {
    pub async fn new() -> Result<Self> {
        Self::with_config(&[]).await
    }

    pub async fn with_config(changes: &[(&str, &str)]) -> Result<Self> {
        let now = Arc::new(AtomicU64::new(START_MS));
        let store = LocalStore::serve(Database::memory()?).await?;
        Self::over(store, now, changes).await
    }

    /// Starts a region with a moderator.
    pub async fn moderated() -> Result<(Self, Guest)> {
        let world = Self::new().await?;
        let moderator = world.guest("Mo").await?;
        let world = world.restart(&[("MODERATORS", &moderator.player)]).await?;
        Ok((world, moderator))
    }

    /// Restarts the region with another configuration. Keeps the store and the time.
    pub async fn restart(self, changes: &[(&str, &str)]) -> Result<Self> {
        Self::over(self.store, self.now, changes).await
    }

    /// Starts a region over this store that wakes the follower of its stream at each commit.
    pub async fn with_stream(store: LocalStore, wake: &Wake, changes: &[(&str, &str)]) -> Result<Self> {
        let now = Arc::new(AtomicU64::new(START_MS));
        let router = Self::router(&store, &now, changes).await?;
        Self::serve(wake.layer(router), now, store).await
    }

    async fn over(store: LocalStore, now: Arc<AtomicU64>, changes: &[(&str, &str)]) -> Result<Self> {
        let router = Self::router(&store, &now, changes).await?;
        Self::serve(router, now, store).await
    }

    /// Returns the router of a region over a new store.
    pub async fn routes() -> Result<Router> {
        let now = Arc::new(AtomicU64::new(START_MS));
        let store = LocalStore::serve(Database::memory()?).await?;
        Self::router(&store, &now, &[]).await
    }

    async fn router(store: &LocalStore, now: &Arc<AtomicU64>, changes: &[(&str, &str)]) -> Result<Router> {
        let clock = clock(now);
        let config = configured(changes)?;
        Ok(open(store, config, clock).await?)
    }

    /// Starts a region that reaches its store through the proxy at `endpoint`.
    pub async fn behind(endpoint: &str, store: LocalStore, changes: &[(&str, &str)]) -> Result<Self> {
        let now = Arc::new(AtomicU64::new(START_MS));
        let clock = clock(&now);
        let config = configured(changes)?;
        Store::new(store.client(), config.tables.clone()).create_tables().await?;
        let tables = Store::new(client(endpoint), config.tables.clone());
        Self::serve(router(App::new(config, clock, tables)?), now, store).await
    }

    async fn serve(router: Router, now: Arc<AtomicU64>, store: LocalStore) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = reqwest::Client::new();
        Ok(Self { url, now, http, store })
    }

    pub fn advance(&self, span: Duration) {
        self.now.fetch_add(shared::time::ms(span), Ordering::SeqCst);
    }

    pub fn time(&self) -> Time {
        Time::from_ms(self.now.load(Ordering::SeqCst))
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer> {
        let mut request =
            self.http.request(Method::from_bytes(method.as_bytes())?, format!("{}{path}", self.url));
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        }
        Answer::of(request.body(body).send().await?).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Result<Answer> {
        self.request("GET", path, &[("authorization", &format!("Bearer {token}"))], String::new()).await
    }

    /// Reads all pages of a list. Returns its items, which the pages hold in `field`, and the cursors on the
    /// way.
    pub async fn pages(&self, guest: &Guest, path: &str, field: &str) -> Result<(Vec<Value>, Vec<String>)> {
        let (mut items, mut cursors) = (Vec::new(), Vec::new());
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next, &guest.access).await?;
            page.has_status(200);
            items.extend(page.body[field].as_array().context("a list")?.clone());
            let Some(cursor) = page.body["cursor"].as_str() else {
                return Ok((items, cursors));
            };
            cursors.push(cursor.to_owned());
            next = format!("{path}{separator}cursor={cursor}");
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.request("POST", path, &[], body.to_string()).await
    }

    pub async fn patch(&self, guest: &Guest, etag: &str, body: Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", guest.access);
        let headers = [("authorization", bearer.as_str()), ("if-match", etag)];
        self.request("PATCH", "/v1/profiles/me", &headers, body.to_string()).await
    }

    /// Sends a request with the access token of a player. A null body is none.
    pub async fn request_as(&self, who: &Guest, method: &str, path: &str, body: Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", who.access);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.request(method, path, &[("authorization", &bearer)], body).await
    }

    pub async fn guest(&self, name: &str) -> Result<Guest> {
        let answer = self.post("/v1/sessions", json!({"guest": {"name": name}})).await?;
        ensure!(answer.status == 201, "{}", answer.body);
        Guest::of(&answer.body)
    }

    /// Adds a session of the same player, as another device would.
    pub async fn login_again(&self, who: &Guest) -> Result<Guest> {
        let (mint, now) = (TokenIssuer::new(&Config::read(&variable)?)?, self.time());
        let tables = Config::read(&variable)?.tables;
        let (store, player) = (Store::new(self.store.client(), tables), who.player.parse()?);
        let status = store.status_strong(&player).await?.context("a player")?;
        let sid = SessionId::random(random_bytes()?);
        let secret = mint.first_secret(&sid, random_bytes()?).context("a key")?;
        let session = Session {
            sid: sid.clone(),
            player: player.clone(),
            epoch: status.epoch,
            current: secret.hash(),
            previous: None,
            attempt: None,
            rotated: now,
            created: now,
            expires: now + Duration::from_hours(24),
            ends: now + Duration::from_hours(24),
            device: Device::default(),
            revoked: None,
        };
        ensure!(store.add_session(&session, now).await?, "the session was not added");
        Ok(Guest {
            player: who.player.clone(),
            access: mint.access_token(&player, &sid, status.epoch, now),
            refresh: secret.token(&sid),
        })
    }

    /// Sets a counter in the profile row of a player.
    pub async fn set_counter(&self, who: &Guest, what: &str, value: usize) -> Result<()> {
        let update = self.store.client().update_item().table_name("core");
        let update = update.key("pk", s(format!("U#{}", who.player)));
        update
            .key("sk", s("PROFILE"))
            .update_expression(format!("SET {what} = :value"))
            .expression_attribute_values(":value", n(value))
            .send()
            .await?;
        Ok(())
    }

    /// Returns a counter of the profile row of a player.
    pub async fn counter(&self, who: &Guest, what: &str) -> Result<usize> {
        let get = self.store.client().get_item().table_name("core");
        let get = get.key("pk", s(format!("U#{}", who.player)));
        let item = get.key("sk", s("PROFILE")).send().await?.item;
        let item = item.context("a profile")?;
        let count = item.get(what).and_then(|count| count.as_n().ok());
        Ok(count.map_or(Ok(0), |count| count.parse())?)
    }

    /// Returns the sort keys of the rows of a player that begin with `prefix`.
    pub async fn sort_keys(&self, who: &Guest, prefix: &str) -> Result<Vec<String>> {
        let query = self.store.client().query().table_name("core");
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :sk)");
        let query = query.expression_attribute_values(":pk", s(format!("U#{}", who.player)));
        let got = query.expression_attribute_values(":sk", s(prefix)).send().await?;
        let key = |item: &regional::store::item::Item| item.get("sk")?.as_s().ok().cloned();
        Ok(got.items().iter().filter_map(key).collect())
    }

    pub async fn refresh(&self, token: &str) -> Result<Answer> {
        self.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await
    }

    /// Refreshes as an attempt with this key.
    pub async fn refresh_with(&self, token: &str, key: &str) -> Result<Answer> {
        let body = json!({ "refresh_token": token }).to_string();
        self.request("POST", "/v1/sessions/refresh", &[("idempotency-key", key)], body).await
    }

    /// Sends a request with the signature of the edge.
    pub async fn signed(&self, method: &str, path: &str, body: String) -> Result<Answer> {
        let header = self.signature(method, path, &body)?;
        self.request(method, path, &[(HEADER, &header)], body).await
    }

    /// Signs a request as the edge does, with a nonce of its own.
    pub fn signature(&self, method: &str, path: &str, body: &str) -> Result<String> {
        static SIGNED: AtomicU64 = AtomicU64::new(0);
        let keys: SignKeys = KEY.parse()?;
        let nonce = format!("n{}", SIGNED.fetch_add(1, Ordering::SeqCst));
        Ok(keys.sign(self.time(), &nonce, method, path, body.as_bytes()))
    }
}

impl Guest {
    /// Returns the entity tag of the own view of the profile at this version.
    pub fn own_tag(&self, version: u64) -> String {
        format!("\"{}.{version}.own\"", self.player)
    }

    /// Returns the entity tag of the public view of the profile at this version.
    pub fn public_tag(&self, version: u64) -> String {
        format!("\"{}.{version}\"", self.player)
    }

    pub fn of(body: &Value) -> Result<Self> {
        let text = |name: &str| Ok::<_, anyhow::Error>(body[name].as_str().context("a text")?.to_owned());
        Ok(Self { player: text("player")?, access: text("access_token")?, refresh: text("refresh_token")? })
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Self { status, headers, body })
    }

    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["status"], status);
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn has_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Returns a match record as the edge sends it.
pub fn record(id: &str, players: &[&str], ended: u64) -> Value {
    let players: Vec<_> =
        players.iter().map(|player| json!({"player": player, "name": "Player", "came": true})).collect();
    json!({
        "id": id, "pool": "speed-dating", "players": players, "started": ended - 1000, "ended": ended,
        "reason": "ended", "by": null, "result": {"liked": true, "score": 1.5}, "events": 7,
    })
}
