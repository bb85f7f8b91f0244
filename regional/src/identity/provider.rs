//! The providers, asked for their keys when these are needed.

use super::keys::{Cache, Keys, max_age};
use super::{BadIdentity, Identity, Trusted, check, issuer};
use crate::clock::Clock;
use crate::error::{Fault, Refusal};
use crate::http::problem::Code;
use crate::outside::Outside;
use axum::body::Bytes;
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use shared::caps;
use std::time::Duration;
use tokio::sync::Mutex;

/// All providers that are configured.
#[derive(Debug)]
pub struct Providers {
    all: Vec<Provider>,
    outside: Outside,
}

#[derive(Debug)]
struct Provider {
    trusted: Trusted,
    /// Locked while it is asked: who comes meanwhile waits for the same answer.
    cache: Mutex<Cache>,
}

/// How a check of an id token ended, where it did not fail.
pub type Checked = Result<Identity, (BadIdentity, Option<Identity>)>;

impl Providers {
    /// From the configuration.
    #[must_use]
    pub fn new(trusted: &[Trusted]) -> Self {
        let provider = |trusted: &Trusted| Provider { trusted: trusted.clone(), cache: Mutex::default() };
        Self { all: trusted.iter().map(provider).collect(), outside: Outside::new() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Checks an id token with its provider's keys.
    pub async fn check(&self, token: &str, nonce: Option<&str>, clock: &Clock) -> Result<Checked, Fault> {
        let Some(named) = issuer(token) else {
            return Ok(Err((BadIdentity::Malformed, None)));
        };
        let provider = self.all.iter().find(|one| one.trusted.issuer == named);
        let Some(provider) = provider else {
            return Ok(Err((BadIdentity::WrongIssuer, None)));
        };
        let header = jsonwebtoken::decode_header(token);
        let kid = header.ok().and_then(|header| header.kid);
        let mut cache = provider.cache.lock().await;
        if cache.due(kid.as_deref(), clock.now()) {
            let got = self.fetch(&provider.trusted.jwks).await;
            if let Err(why) = &got {
                tracing::warn!(issuer = named, why, "a provider's keys cannot be had");
            }
            cache.fetched(got.ok(), clock.now());
        }
        let now = clock.now();
        let Some(keys) = cache.keys(now) else {
            let detail = "The identity provider does not answer. Try again in a moment.";
            return Err(Refusal::new(Code::ProviderUnavailable, detail).into());
        };
        Ok(check(token, keys, &provider.trusted, nonce, now))
    }

    async fn fetch(&self, url: &str) -> Result<(Keys, Option<Duration>), String> {
        let request = Request::get(url).header(ACCEPT, "application/json");
        let request = request.body(Full::<Bytes>::default());
        let request = request.map_err(|error| error.to_string())?;
        let reply = self.outside.ask(request, caps::PROVIDER).await;
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status != StatusCode::OK {
            return Err(format!("it answers {}", reply.status));
        }
        let age = reply.headers.get(CACHE_CONTROL);
        let age = age.and_then(|value| max_age(value.to_str().ok()?));
        let keys = Keys::of(&reply.body).ok_or("it answers no JWK set")?;
        Ok((keys, age))
    }
}
