//! The application state that every request handler shares: configuration, clock, store, keys and limits.

use crate::clock::Clock;
use crate::config::Config;
use crate::integrations::identity::provider::Providers;
use crate::integrations::object_store::Bucket;
use crate::meter::Meter;
use crate::rate_buckets::RateBuckets;
use crate::request_metrics::RequestMetrics;
use crate::store::Store;
use crate::token_issuer::TokenIssuer;
use shared::token::BadKeys;
use std::ops::Deref;
use std::sync::Arc;

/// The state that every request needs. Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub store: Store,
    pub tokens: TokenIssuer,
    /// The rate limits of the callers.
    pub rate_buckets: RateBuckets,
    /// The writer of request metrics.
    pub metrics: RequestMetrics,
    /// The usage of the process.
    pub meter: Meter,
    /// The bucket of pictures; `None` where pictures are disabled.
    pub bucket: Option<Bucket>,
    /// The identity providers for sign-in.
    pub providers: Providers,
}

impl App {
    /// Builds the state; fails if the configured keys cannot be used.
    pub fn new(config: Config, clock: Clock, store: Store) -> Result<Self, BadKeys> {
        let tokens = TokenIssuer::new(&config)?;
        let rate_buckets = RateBuckets::default();
        let providers = Providers::new(&config.people.providers);
        let metrics = RequestMetrics::new(config.metrics);
        let bucket = config.pictures.clone().map(Bucket::new);
        let store = store.with_webhooks(config.webhooks.clone());
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            store,
            tokens,
            rate_buckets,
            metrics,
            meter: Meter::default(),
            bucket,
            providers,
        })))
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
