//! The own backend of a test: a client of the service API.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::service_key::ServiceKey;
use tests::stack::{self, Stack};
use tokio::time::{Instant, sleep};
use xtask::wire::{Player, Server, text};

use super::chat::server;

/// The author of what the local service key does.
pub const ACTOR: &str = "p_service-local";

/// Starts a stack that knows these service keys alone.
pub async fn stack_with_keys(keys: &[ServiceKey]) -> Result<Stack> {
    let keys = serde_json::to_string(keys)?;
    stack::start_with(|options| {
        options.edge_values.insert("SERVICE_KEYS".to_owned(), keys.clone());
        options.region_env.insert("SERVICE_KEYS".to_owned(), keys);
    })
    .await
}

/// The own backend of a test.
pub struct Backend<'a> {
    pub stack: &'a Stack,
    pub server: Server,
    pub key: String,
}

impl<'a> Backend<'a> {
    /// Returns the backend with the local service key.
    pub fn of(stack: &'a Stack) -> Result<Self> {
        Ok(Self { stack, server: server(stack)?, key: stack.service_key().to_owned() })
    }

    /// Returns a request with the key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.stack.edge_url());
        self.server.http().request(method, url).bearer_auth(&self.key)
    }

    /// Sends a request, and returns the status and the body.
    pub async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Value)> {
        let answer = request.send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or_default()))
    }

    /// Creates a room for these players.
    pub async fn room(&self, players: &[&Player], more: Value, key: &str) -> Result<String> {
        let seats: Vec<Value> =
            players.iter().map(|one| json!({ "player": one.id, "name": "Guest" })).collect();
        let mut body = more;
        body["players"] = json!(seats);
        let request = self.request(Method::POST, "/v1/rooms").header("idempotency-key", key).json(&body);
        let (status, body) = self.send(request).await?;
        ensure!(status == 201, "{status}: {body}");
        Ok(text(&body, "/room").to_owned())
    }

    /// Sends a frame of commands into a room.
    pub async fn command(&self, room: &str, frame: Value) -> Result<(StatusCode, Value)> {
        self.send(self.request(Method::POST, &format!("/v1/rooms/{room}/commands")).json(&frame)).await
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Value)> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Waits until the audit trail has this many actions on a room or a player, and returns them, newest first.
    pub async fn actions(&self, field: &str, id: &str, count: usize) -> Result<Vec<Value>> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let url = format!("{}/v1/audit?limit=50", self.stack.region_url());
            let list: Value = self
                .server
                .http()
                .get(url)
                .bearer_auth(&self.key)
                .send()
                .await?
                .error_for_status()?
                .json()
                .await?;
            let all = list["actions"].as_array().context("a list")?;
            let found: Vec<Value> = all.iter().filter(|one| one[field] == id).cloned().collect();
            ensure!(found.len() <= count, "{found:?}");
            if found.len() == count {
                return Ok(found);
            }
            ensure!(Instant::now() < deadline, "only {found:?}");
            // No event reports that the region has stored an action, so the test polls.
            sleep(Duration::from_millis(100)).await;
        }
    }
}
