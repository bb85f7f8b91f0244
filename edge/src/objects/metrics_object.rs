//! The single object that adds up the counts of all isolates. Each isolate reports at most once a minute, so one
//! object serves thousands.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::objects::store;
use shared::metrics::{Tally, Totals};
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
        self.add(request).await.or_else(Error::response)
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
    async fn add(&self, mut request: Request) -> Result<Response> {
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
        let text = totals.to_prometheus(now());
        self.totals.replace(Some(totals));
        Ok(Response::ok(text)?)
    }
}
