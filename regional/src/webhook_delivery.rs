//! Delivers events to the endpoints of webhooks, each subject's in order, until they are delivered or dead.
//!
//! The store has the state of every event, so an attempt that was cut is repeated by any other process after its lease,
//! with the same id: an event is delivered at least once.

use crate::clock::{Clock, random_bytes};
use crate::config::webhooks::Webhooks;
use crate::domain::webhook::Line;
use crate::domain::webhook::endpoint::Endpoint;
use crate::domain::webhook::retry::{Attempt, Next, decide};
use crate::error::Error;
use crate::integrations::webhook_client::WebhookClient;
use crate::store::Store;
use crate::store::webhooks::Delivery;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::{self, StreamExt as _};
use http_body_util::Full;
use shared::limits;
use shared::time::Time;
use shared::trace::{self, Trace};
use shared::webhook::{ID, SIGNATURE, TIMESTAMP, sign};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The `User-Agent` of all messages.
const AGENT: &str = concat!("Matchpoint/", env!("CARGO_PKG_VERSION"));

/// Delivers events to the endpoints of a deployment.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    store: Store,
    webhooks: Webhooks,
    clock: Clock,
    client: WebhookClient,
}

/// One run over the events of one endpoint.
#[derive(Debug)]
struct Run<'a> {
    endpoint: &'a Endpoint,
    until: Instant,
    /// The failures since the last success.
    failures: AtomicUsize,
    /// The attempts of this run.
    attempts: AtomicUsize,
}

impl Run<'_> {
    /// Returns whether the run ends: its time is up, or the endpoint does not answer.
    fn is_over(&self) -> bool {
        Instant::now() >= self.until || self.failures.load(Ordering::Relaxed) >= limits::WEBHOOK_FAILURES_MAX
    }
}

impl WebhookDelivery {
    /// Creates the delivery of events to these endpoints.
    pub fn new(store: Store, webhooks: Webhooks, clock: Clock) -> io::Result<Self> {
        let client = WebhookClient::new(webhooks.reach)?;
        Ok(Self { store, webhooks, clock, client })
    }

    /// Attempts all events that are due. An event whose attempt fails is due again later.
    pub async fn deliver_due(&self) -> Result<(), Error> {
        let runs = self.webhooks.endpoints.iter().map(|endpoint| self.deliver_due_to(endpoint));
        // A fault of one endpoint's run must not end the others.
        join_all(runs).await.into_iter().collect()
    }

    /// Attempts the events of these lines, which have new ones.
    pub async fn deliver_lines(&self, lines: BTreeSet<Line>) -> Result<(), Error> {
        let mut by_endpoint: BTreeMap<String, BTreeSet<Line>> = BTreeMap::new();
        for line in lines {
            by_endpoint.entry(line.endpoint.clone()).or_default().insert(line);
        }
        let runs = by_endpoint.into_iter().filter_map(|(id, lines)| {
            // A removed endpoint receives nothing, and its events expire.
            let run = Run::new(self.webhooks.endpoints.get(&id)?);
            Some(async move { self.deliver_all(&run, lines).await })
        });
        join_all(runs).await.into_iter().collect()
    }

    /// Returns when the next event is due.
    pub async fn next_due(&self) -> Result<Option<Time>, Error> {
        let all = self.webhooks.endpoints.iter().map(|endpoint| self.store.next_due(&endpoint.id));
        Ok(try_join_all(all).await?.into_iter().flatten().min())
    }

    async fn deliver_due_to(&self, endpoint: &Endpoint) -> Result<(), Error> {
        let run = Run::new(endpoint);
        while !run.is_over() {
            let lines = self.store.due_lines(&endpoint.id, self.clock.now()).await?;
            let before = run.attempts.load(Ordering::Relaxed);
            self.deliver_all(&run, lines).await?;
            if run.attempts.load(Ordering::Relaxed) == before {
                break;
            }
        }
        Ok(())
    }

    async fn deliver_all(&self, run: &Run<'_>, lines: BTreeSet<Line>) -> Result<(), Error> {
        let all = stream::iter(lines).map(|line| async move { self.deliver_line(run, &line).await });
        let done: Vec<Result<(), Error>> =
            all.buffer_unordered(limits::WEBHOOK_CONCURRENT_MAX).collect().await;
        done.into_iter().collect()
    }

    /// Attempts the events of a line, one after the other, until one must wait.
    async fn deliver_line(&self, run: &Run<'_>, line: &Line) -> Result<(), Error> {
        while !run.is_over() {
            let Some(first) = self.store.first_delivery_strong(line).await? else {
                return Ok(());
            };
            let now = self.clock.now();
            if !first.is_ready(now) {
                return self.store.postpone_deliveries(line, first.due, now).await;
            }
            let Some(claimed) = self.store.claim_delivery(&first, now).await? else {
                return Ok(());
            };
            run.attempts.fetch_add(1, Ordering::Relaxed);
            let attempt = self.attempt(run.endpoint, &claimed, now).await;
            if !self.settle(run, &claimed, attempt).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Stores the result of an attempt. Returns whether the next event of the line may follow.
    async fn settle(&self, run: &Run<'_>, claimed: &Delivery, attempt: Attempt) -> Result<bool, Error> {
        let now = self.clock.now();
        let random = u16::from_le_bytes(random_bytes()?);
        let trace = claimed.trace.map(Trace::id).unwrap_or_default();
        match decide(attempt, claimed.tries, claimed.created, now, random) {
            Next::Delivered => {
                run.failures.store(0, Ordering::Relaxed);
                let (endpoint, id) = (&run.endpoint.id, &claimed.id);
                if claimed.trace.is_none_or(Trace::is_sampled) {
                    let event = claimed.event.name();
                    tracing::info!(endpoint, %id, event, tries = claimed.tries, trace, "an event was delivered");
                }
                self.store.finish_delivery(claimed).await?;
                Ok(true)
            }
            Next::Retry { due, error } => {
                run.failures.fetch_add(1, Ordering::Relaxed);
                let (endpoint, id) = (&run.endpoint.id, &claimed.id);
                tracing::warn!(endpoint, %id, tries = claimed.tries, error, trace, "an event was not delivered");
                self.store.retry_delivery(claimed, due, &error).await?;
                Ok(false)
            }
            Next::Dead { error } => {
                let (endpoint, id) = (&run.endpoint.id, &claimed.id);
                tracing::error!(endpoint, %id, tries = claimed.tries, error, trace, "an event is dead");
                self.store.bury_delivery(claimed, &error, now).await?;
                Ok(true)
            }
        }
    }

    async fn attempt(&self, endpoint: &Endpoint, delivery: &Delivery, now: Time) -> Attempt {
        let secrets = self.webhooks.secrets.get(&endpoint.id).map_or(&[][..], Vec::as_slice);
        let (id, body) = (delivery.id.as_str(), delivery.body.as_bytes());
        let trace = delivery.trace.unwrap_or_else(crate::trace::new);
        let request = Request::post(endpoint.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header(ID, id)
            .header(TIMESTAMP, now.secs())
            .header(SIGNATURE, sign(secrets, id, now, body))
            .header(trace::HEADER, trace.traceparent())
            .body(Full::from(delivery.body.clone()));
        let request = match request {
            Ok(request) => request,
            Err(error) => return Attempt::Failed(error.to_string()),
        };
        match self.client.send(request).await {
            Ok(status) => Attempt::Answered(status.as_u16()),
            Err(error) => Attempt::Failed(error),
        }
    }
}

impl<'a> Run<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        let until = Instant::now() + limits::WEBHOOK_RUN_MAX;
        Self { endpoint, until, failures: AtomicUsize::new(0), attempts: AtomicUsize::new(0) }
    }
}
