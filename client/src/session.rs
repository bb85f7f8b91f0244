//! The tokens of one login: renewed before they expire, one renewal at a time for all connections.

use crate::{Error, http};
use serde::Deserialize;
use serde_json::json;
use shared::client::TokenFailure;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The timeout of one request to renew, and the number of requests until the renewal fails. A later one continues it.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(4);
const REFRESH_REQUESTS: u32 = 2;
/// A token is renewed a minute before it expires, or in its last fifth: a slow connection must not arrive too late.
const RENEW_EARLY: Duration = Duration::from_secs(60);

/// Tokens that an application has got from the region, for example through its own backend.
#[derive(Clone, Deserialize)]
pub struct Tokens {
    #[serde(rename = "access_token")]
    pub access: String,
    /// Exchanged for the next tokens; without one the session ends with its access token.
    #[serde(rename = "refresh_token", default)]
    pub refresh: Option<String>,
    /// The seconds for which the access token is valid from now on.
    #[serde(rename = "expires_in")]
    pub expires_in_s: u64,
}

/// Tokens are secrets, and do not appear in logs.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("expires_in_s", &self.expires_in_s).finish_non_exhaustive()
    }
}

/// An access token, and the time at which the next is due.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub token: String,
    pub due: Instant,
}

#[derive(Debug)]
struct State {
    access: Access,
    /// None where the tokens are not renewed.
    refresh: Option<String>,
    /// The key of a renewal that was sent and has no answer yet. The region repeats the answer to the same key.
    attempt: Option<String>,
}

/// The session of one player.
#[derive(Debug)]
pub(crate) struct Session {
    http: reqwest::Client,
    region: String,
    state: Mutex<State>,
}

/// The region's answer to a renewal. `expires_in` is in seconds.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
}

impl Session {
    pub(crate) fn new(http: reqwest::Client, region: String, tokens: Tokens) -> Self {
        let access = Access { due: due_in(tokens.expires_in_s), token: tokens.access };
        let state = State { access, refresh: tokens.refresh, attempt: None };
        Self { http, region, state: Mutex::new(state) }
    }

    /// Returns an access token that is not about to expire, and not the one that a server refused.
    pub(crate) async fn token(&self, refused: Option<&str>) -> Result<Access, TokenFailure> {
        let mut state = self.state.lock().await;
        let is_refused = refused == Some(state.access.token.as_str());
        let is_due = state.access.due <= Instant::now() && state.refresh.is_some();
        if is_refused || is_due {
            self.renew(&mut state).await?;
        }
        Ok(state.access.clone())
    }

    /// Presents the refresh token. An answer may be lost, so a second request follows at once, with the same key.
    async fn renew(&self, state: &mut State) -> Result<(), TokenFailure> {
        let Some(refresh) = state.refresh.clone() else {
            return Err(TokenFailure::Ended("no_refresh_token".into()));
        };
        let attempt = state.attempt.get_or_insert_with(crate::command::key).clone();
        for _ in 0..REFRESH_REQUESTS {
            let request = self.http.post(format!("{}/v1/sessions/refresh", self.region));
            let request = request.header("idempotency-key", &attempt).timeout(REFRESH_TIMEOUT);
            match http::read::<Grant>(request.json(&json!({ "refresh_token": refresh }))).await {
                Ok(grant) => {
                    state.access = Access { due: due_in(grant.expires_in), token: grant.access_token };
                    state.refresh = Some(grant.refresh_token);
                    state.attempt = None;
                    return Ok(());
                }
                // The region itself has refused the session. A status without its code may come from any proxy.
                Err(Error::Problem { status: 400 | 401 | 403, code, .. }) if !code.is_empty() => {
                    return Err(TokenFailure::Ended(code));
                }
                Err(_) => {}
            }
        }
        Err(TokenFailure::Unavailable)
    }
}

fn due_in(expires_in_s: u64) -> Instant {
    // A day is more than any token lives, and less than what a clock can count.
    let life = Duration::from_secs(expires_in_s.min(86_400));
    Instant::now() + life.saturating_sub(RENEW_EARLY.min(life / 5))
}
