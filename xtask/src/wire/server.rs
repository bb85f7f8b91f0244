//! A deployment's edge and region over HTTP: guest sessions, rooms, presence, match history.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use tokio::time::sleep;

use super::{Opening, RoomEvent, text, unique};
use crate::is_event;

/// Attempts for a request that exceeds the rate limit.
const PATIENCE: u32 = 30;

/// A deployment, as its clients see it.
#[derive(Debug, Clone)]
pub struct Server {
    http: Client,
    edge: String,
    region: String,
}

/// A player with a session.
#[derive(Debug, Clone, Deserialize)]
pub struct Player {
    #[serde(rename = "player")]
    pub id: String,
    /// The access token, valid for ten minutes.
    #[serde(rename = "access_token")]
    pub token: String,
    /// The token that the region exchanges for new ones.
    #[serde(default)]
    pub refresh_token: String,
}

impl Server {
    /// Returns the deployment of the edge at this URL; the edge names its region.
    pub async fn find(edge: &str) -> Result<Self> {
        let server = Self::at(edge, "")?;
        let config: Value = server.get("/v1/config").await?.json().await?;
        Self::at(edge, text(&config, "/region"))
    }

    /// Returns the deployment of the edge and the region at these URLs.
    pub fn at(edge: &str, region: &str) -> Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(20))
            // A pooled connection may belong to a server that has ended.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()?;
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, edge: trimmed(edge), region: trimmed(region) })
    }

    /// URL of the edge.
    #[must_use]
    pub fn edge(&self) -> &str {
        &self.edge
    }

    /// The HTTP client of this deployment.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// Creates a guest session.
    pub async fn guest(&self, name: &str) -> Result<Player> {
        let url = format!("{}/v1/sessions", self.region);
        let body = json!({ "guest": { "name": name } });
        let answer = send(self.http.post(&url).json(&body)).await?;
        let status = answer.status();
        ensure!(status.is_success(), "{url} answers {status}: {}", answer.text().await.unwrap_or_default());
        Ok(answer.json().await?)
    }

    /// Returns the same player with new tokens.
    pub async fn refresh(&self, player: &Player) -> Result<Player> {
        let url = format!("{}/v1/sessions/refresh", self.region);
        let body = json!({ "refresh_token": player.refresh_token });
        let answer = send(self.http.post(url).json(&body)).await?;
        let pair: Value = answer.error_for_status()?.json().await?;
        Ok(Player {
            id: player.id.clone(),
            token: text(&pair, "/access_token").to_owned(),
            refresh_token: text(&pair, "/refresh_token").to_owned(),
        })
    }

    /// Sends a GET request to the edge.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let request = self.http.get(format!("{}{path}", self.edge));
        send(request).await
    }

    /// Sends a POST request to the edge, with a token if there is one.
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

    /// The request for a socket of a room.
    #[must_use]
    pub fn room(&self, room: &str, player: &Player) -> Opening {
        Opening::new(&self.edge, &format!("/v1/rooms/{room}"), &player.token)
    }

    /// The request for a socket of a lobby.
    #[must_use]
    pub fn lobby(&self, pool: &str, player: &Player) -> Opening {
        Opening::new(&self.edge, &format!("/v1/lobbies/{pool}"), &player.token)
    }

    /// The request for a me socket.
    #[must_use]
    pub fn me(&self, player: &Player) -> Opening {
        Opening::new(&self.edge, "/v1/me", &player.token)
    }

    /// Returns the presence of `of`, as far as `player` may see it.
    pub async fn presence(&self, player: &Player, of: &[&Player]) -> Result<Value> {
        let ids: Vec<&str> = of.iter().map(|one| one.id.as_str()).collect();
        let url = format!("{}/v1/presence?players={}", self.edge, ids.join(","));
        let answer = send(self.http.get(url).bearer_auth(&player.token)).await?;
        let (status, body) = (answer.status(), answer.json::<Value>().await?);
        ensure!(status.is_success(), "presence was answered {status} {body}");
        Ok(body)
    }

    /// Sends a PUT request to the region, which must succeed.
    pub async fn region_put(&self, player: &Player, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}{path}", self.region);
        let put = self.http.put(&url).bearer_auth(&player.token).json(body);
        let answer = send(put).await?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "PUT {url} was answered {status} {said}");
        Ok(())
    }

    /// Makes two players follow each other, so that each may see the other's presence.
    pub async fn befriend(&self, one: &Player, other: &Player) -> Result<()> {
        for (who, whom) in [(one, other), (other, one)] {
            self.region_put(who, &format!("/v1/follows/{}", whom.id), &json!({})).await?;
        }
        Ok(())
    }

    /// Returns a player's match history, newest first.
    pub async fn matches(&self, player: &Player) -> Result<Vec<Value>> {
        let url = format!("{}/v1/matches?player=me", self.region);
        let answer = send(self.http.get(url).bearer_auth(&player.token)).await?;
        let body: Value = answer.error_for_status()?.json().await?;
        let items = body.get("items").or_else(|| body.get("matches"));
        let items = items.and_then(Value::as_array).cloned();
        items.with_context(|| format!("{body} has no list"))
    }

    /// Opens a room, connects these players and returns its name and their sockets.
    pub async fn open_room_with(
        &self,
        wish: &Value,
        players: &[Player],
    ) -> Result<(String, Vec<super::Socket>)> {
        let owner = players.first().context("a room needs a player")?;
        let room = self.open_room(owner, wish).await?;
        let mut sockets: Vec<super::Socket> = Vec::new();
        for player in players {
            let mut socket = self.room(&room, player).connect().await?;
            socket.welcome().await?;
            sockets.push(socket);
            for socket in &mut sockets {
                let by = format!("{} to join", player.id);
                socket
                    .wait(&by, |message| {
                        is_event!(message, RoomEvent::Joined) && text(message, "/by") == player.id
                    })
                    .await?;
            }
        }
        for socket in &mut sockets {
            socket.take_received();
        }
        Ok((room, sockets))
    }
}

/// Sends a request, and repeats it after the time that a rate limit names.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response> {
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
    /// Returns a player from an access token, whose claims name the player's id.
    pub fn from_token(token: &str) -> Result<Self> {
        use base64::Engine;
        let claims = token.split('.').nth(1).context("not an access token")?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims)?;
        let claims: Value = serde_json::from_slice(&claims)?;
        Ok(Self {
            id: text(&claims, "/sub").to_owned(),
            token: token.to_owned(),
            refresh_token: String::new(),
        })
    }

    /// Returns this player on the client that applications have. The token must be a new one.
    pub async fn client(&self, server: &Server) -> Result<matchpoint_client::Player> {
        let tokens = matchpoint_client::Tokens {
            access: self.token.clone(),
            refresh: Some(self.refresh_token.clone()).filter(|token| !token.is_empty()),
            expires_in_s: shared::limits::ACCESS_TOKEN_TTL.as_secs(),
        };
        Ok(matchpoint_client::Client::new(server.edge())?.adopt(tokens).await?)
    }

    /// Returns a unique guest name.
    #[must_use]
    pub fn name(of: &str) -> String {
        format!("{of} {}", unique())
    }
}
