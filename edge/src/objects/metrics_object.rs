//! The single object that adds up the counts of all isolates, and keeps the figures of all queues. Each isolate reports at
//! most once a minute, and each queue in use once in ten seconds, so one object serves thousands.

use crate::clients::object_rpc;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::objects::store;
use crate::ops::report;
use crate::telemetry::meter::{self, Billed, Class};
use shared::metrics::{Tally, Totals};
use shared::pool::Shard;
use shared::queue_gauges::queue_gauges;
use shared::rpc::queue_figures::{QueueIndexRequest, ShardFigures};
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object,
};

/// The object that keeps the totals of all isolates.
#[durable_object]
pub struct MetricsObject {
    state: AssertUnwindSafe<State>,
    totals: AssertUnwindSafe<RefCell<Option<Totals>>>,
}

impl DurableObject for MetricsObject {
    fn new(state: State, _: Env) -> Self {
        Self { state: AssertUnwindSafe(state), totals: AssertUnwindSafe(RefCell::default()) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        meter::add(Class::Metrics, Billed::Requests, 1);
        let path = request.path();
        let answer = match path.as_str() {
            object_rpc::QUEUES => self.index(request).await,
            _ => self.add(request, &path).await,
        };
        answer.or_else(Error::response)
    }

    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> worker::Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> worker::Result<()> {
        Ok(())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        Response::empty()
    }
}

impl MetricsObject {
    /// Keeps the figures of a queue, or lists all.
    async fn index(&self, mut request: Request) -> Result<Response> {
        let storage = self.state.storage();
        match serde_json::from_str(&request.text().await?)? {
            QueueIndexRequest::List => Ok(Response::from_json(&self.figures()?)?),
            QueueIndexRequest::Store(figures) => {
                let as_of = figures.figures.as_of.unwrap_or_default();
                let key = Shard::Child(figures.shard).object_name(&figures.pool);
                store::write_queue(&storage, &key, as_of, &serde_json::to_string(&figures)?)?;
                Ok(Response::from_json(&())?)
            }
        }
    }

    /// Returns the figures of all queues, as their lobbies reported them.
    fn figures(&self) -> Result<Vec<ShardFigures>> {
        let rows = store::read_queues(&self.state.storage())?;
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect())
    }

    /// Adds a report. The answer depends on the path.
    async fn add(&self, mut request: Request, path: &str) -> Result<Response> {
        let tally: Tally = serde_json::from_str(&request.text().await?)?;
        let mut totals = match self.totals.take() {
            Some(totals) => totals,
            // Totals that an older version wrote in another form are dropped: Prometheus treats that as a restart.
            None => store::read_totals(&self.state.storage())?
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default(),
        };
        if !tally.is_empty() {
            totals.add(now(), tally);
            store::write_totals(&self.state.storage(), &serde_json::to_string(&totals)?)?;
        }
        let text = match path {
            report::SCRAPE => totals.to_prometheus(now()) + &queue_gauges(&self.figures()?, now()),
            report::READY_DAY => totals.ready().letters(now()),
            _ => String::new(),
        };
        self.totals.replace(Some(totals));
        Ok(Response::ok(text)?)
    }
}
