//! Where edge and region are, and who one is there: guests, rooms, history.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use tokio::time::sleep;

use super::{Opening, text, unique};

/// How often a request is made again that came too fast.
const PATIENCE: u32 = 30;

/// A deployment, seen from outside.
#[derive(Debug, Clone)]
pub struct Server {
    http: Client,
    edge: String,
    region: String,
}

/// Somebody with a session.
#[derive(Debug, Clone, Deserialize)]
pub struct Player {
    /// `p_…`.
    #[serde(rename = "player")]
    pub id: String,
    /// The access token, good for ten minutes.
    #[serde(rename = "access_token")]
    pub token: String,
    /// What gets the next one.
    #[serde(default)]
    pub refresh_token: String,
}

impl Server {
    /// The edge at this URL, and the region that it names.
    pub async fn find(edge: &str) -> Result<Self> {
        let server = Self::at(edge, "")?;
        let config: Value = server.get("/v1/config").await?.json().await?;
        Self::at(edge, text(&config, "/region"))
    }

    /// The edge and the region at these URLs.
    pub fn at(edge: &str, region: &str) -> Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(20))
            // A connection that waits for its next use may belong to a server that is gone.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()?;
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, edge: trimmed(edge), region: trimmed(region) })
    }

    /// The edge's URL.
    #[must_use]
    pub fn edge(&self) -> &str {
        &self.edge
    }

    /// What requests are made with.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// A new guest.
    pub async fn guest(&self, name: &str) -> Result<Player> {
        let url = format!("{}/v1/sessions", self.region);
        let body = json!({ "guest": { "name": name } });
        let answer = self.http.post(&url).json(&body).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{url} answers {status}: {}", answer.text().await.unwrap_or_default());
        Ok(answer.json().await?)
    }

    /// The same player with a new token.
    pub async fn refresh(&self, player: &Player) -> Result<Player> {
        let url = format!("{}/v1/sessions/refresh", self.region);
        let body = json!({ "refresh_token": player.refresh_token });
        let answer = self.http.post(url).json(&body).send().await?;
        let pair: Value = answer.error_for_status()?.json().await?;
        Ok(Player {
            id: player.id.clone(),
            token: text(&pair, "/access_token").to_owned(),
            refresh_token: text(&pair, "/refresh_token").to_owned(),
        })
    }

    /// Asks the edge over HTTP.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let request = self.http.get(format!("{}{path}", self.edge));
        send(request).await
    }

    /// Tells the edge something over HTTP, as somebody.
    pub async fn post(&self, path: &str, token: Option<&str>, body: String) -> Result<Response> {
        let mut request = self.http.post(format!("{}{path}", self.edge)).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        send(request).await
    }

    /// Opens a room and returns its name.
    pub async fn open_room(&self, player: &Player, wish: &Value) -> Result<String> {
        let answer = self.post("/v1/rooms", Some(&player.token), wish.to_string()).await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status.as_u16() == 201, "{wish} was answered {status} {body}");
        Ok(text(&body, "/room").to_owned())
    }

    /// The way into a room.
    #[must_use]
    pub fn room(&self, room: &str, player: &Player) -> Opening {
        Opening::new(&self.edge, &format!("/v1/rooms/{room}"), &player.token)
    }

    /// The way into a queue.
    #[must_use]
    pub fn lobby(&self, pool: &str, player: &Player) -> Opening {
        Opening::new(&self.edge, &format!("/v1/lobbies/{pool}"), &player.token)
    }

    /// A line of one's own.
    #[must_use]
    pub fn me(&self, player: &Player) -> Opening {
        Opening::new(&self.edge, "/v1/me", &player.token)
    }

    /// How these are, as `player` may know it.
    pub async fn presence(&self, player: &Player, of: &[&Player]) -> Result<Value> {
        let ids: Vec<&str> = of.iter().map(|one| one.id.as_str()).collect();
        let url = format!("{}/v1/presence?players={}", self.edge, ids.join(","));
        let answer = send(self.http.get(url).bearer_auth(&player.token)).await?;
        let (status, body) = (answer.status(), answer.json::<Value>().await?);
        ensure!(status.is_success(), "presence was answered {status} {body}");
        Ok(body)
    }

    /// Tells the region something, as somebody; it answers without a fault.
    pub async fn region_put(&self, player: &Player, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}{path}", self.region);
        let put = self.http.put(&url).bearer_auth(&player.token).json(body);
        let answer = put.send().await?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "PUT {url} was answered {status} {said}");
        Ok(())
    }

    /// Two people follow each other: each may see whether the other is here.
    pub async fn befriend(&self, one: &Player, other: &Player) -> Result<()> {
        for (who, whom) in [(one, other), (other, one)] {
            self.region_put(who, &format!("/v1/follows/{}", whom.id), &json!({})).await?;
        }
        Ok(())
    }

    /// A player's history, newest first.
    pub async fn matches(&self, player: &Player) -> Result<Vec<Value>> {
        let url = format!("{}/v1/matches?player=me", self.region);
        let answer = self.http.get(url).bearer_auth(&player.token).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        let items = body.get("items").or_else(|| body.get("matches"));
        let items = items.and_then(Value::as_array).cloned();
        items.with_context(|| format!("no list in {body}"))
    }

    /// A new room with these people in it, and their sockets.
    pub async fn meet(&self, wish: &Value, players: &[Player]) -> Result<(String, Vec<super::Socket>)> {
        let owner = players.first().context("a room needs somebody")?;
        let room = self.open_room(owner, wish).await?;
        let mut sockets: Vec<super::Socket> = Vec::new();
        for player in players {
            let mut socket = self.room(&room, player).connect().await?;
            socket.welcome().await?;
            sockets.push(socket);
            for socket in &mut sockets {
                let by = format!("{} to join", player.id);
                socket
                    .wait(&by, |message| super::ev(message) == "joined" && text(message, "/by") == player.id)
                    .await?;
            }
        }
        for socket in &mut sockets {
            socket.rest();
        }
        Ok((room, sockets))
    }
}

/// Sends it, and again where the edge says that it was too fast: after the time that it names.
async fn send(request: RequestBuilder) -> Result<Response> {
    for _ in 0..PATIENCE {
        let again = request.try_clone();
        let answer = request_once(again).await?;
        let wait = answer.headers().get("retry-after");
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        match wait.filter(|_| answer.status().as_u16() == 429) {
            Some(seconds) => sleep(Duration::from_secs(seconds)).await,
            None => return Ok(answer),
        }
    }
    Ok(request.send().await?)
}

async fn request_once(request: Option<RequestBuilder>) -> Result<Response> {
    let request = request.context("a request that can be made again")?;
    Ok(request.send().await?)
}

impl Player {
    /// Somebody whose token came from elsewhere. Who it is, the token itself says.
    pub fn of_token(token: &str) -> Result<Self> {
        use base64::Engine;
        let claims = token.split('.').nth(1).context("no access token")?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims)?;
        let claims: Value = serde_json::from_slice(&claims)?;
        Ok(Self {
            id: text(&claims, "/sub").to_owned(),
            token: token.to_owned(),
            refresh_token: String::new(),
        })
    }

    /// A name for a guest that nobody else has.
    #[must_use]
    pub fn name(of: &str) -> String {
        format!("{of} {}", unique())
    }
}
