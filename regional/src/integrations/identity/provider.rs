//! The configured providers, whose keys are fetched on demand.

use crate::clock::Clock;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::integrations::http_client::HttpClient;
use crate::integrations::identity::keys::{Cache, Keys, max_age};
use crate::integrations::identity::{BadIdentity, Identity, Trusted, check, issuer};
use axum::body::Bytes;
use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use shared::limits;
use std::time::Duration;
use tokio::sync::Mutex;

/// Every configured provider with its key cache.
#[derive(Debug)]
pub struct Providers {
    all: Vec<Provider>,
    http: HttpClient,
}

#[derive(Debug)]
struct Provider {
    trusted: Trusted,
    /// Locked during a fetch, so that concurrent requests wait for the same response.
    cache: Mutex<Cache>,
}

/// The result of a check that was possible: the identity, or the reason for the rejection.
pub type Checked = Result<Identity, (BadIdentity, Option<Identity>)>;

impl Providers {
    /// Creates the providers from the configuration.
    #[must_use]
    pub fn new(trusted: &[Trusted]) -> Self {
        let provider = |trusted: &Trusted| Provider { trusted: trusted.clone(), cache: Mutex::default() };
        Self { all: trusted.iter().map(provider).collect(), http: HttpClient::new() }
    }

    /// Returns true if no provider is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Verifies an id token with the keys of its provider; fails if the provider's keys are unavailable.
    pub async fn check(&self, token: &str, nonce: Option<&str>, clock: &Clock) -> Result<Checked, Fault> {
        let Some(named) = issuer(token) else {
            return Ok(Err((BadIdentity::Malformed, None)));
        };
        let provider = self.all.iter().find(|provider| provider.trusted.issuer == named);
        let Some(provider) = provider else {
            return Ok(Err((BadIdentity::WrongIssuer, None)));
        };
        let header = jsonwebtoken::decode_header(token);
        let kid = header.ok().and_then(|header| header.kid);
        let mut cache = provider.cache.lock().await;
        if cache.due(kid.as_deref(), clock.now()) {
            let fetched = self.fetch(&provider.trusted.jwks).await;
            if let Err(reason) = &fetched {
                tracing::warn!(issuer = named, reason, "the keys of a provider cannot be fetched");
            }
            cache.fetched(fetched.ok(), clock.now());
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
        let reply = self.http.send(request, limits::PROVIDER_TIMEOUT).await;
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status != StatusCode::OK {
            return Err(format!("the provider answers {}", reply.status));
        }
        let age = reply.headers.get(CACHE_CONTROL);
        let age = age.and_then(|value| max_age(value.to_str().ok()?));
        let keys = Keys::of(&reply.body).ok_or("the provider answers without a JWK set")?;
        Ok((keys, age))
    }
}
