//! A proxy in front of the store that throttles, cancels and fails calls, and loses answers.
//!
//! A refused call was not executed; the outcome of a lost one is unknown to the caller.

use crate::kit::chance::Chance;
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const TARGET: &str = "x-amz-target";

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused and not executed: the table is at its limit.
    Throttled,
    /// A transaction refused and not executed: it conflicts with another one.
    Conflict,
    /// A transaction refused and not executed: a partition is at its limit.
    Cancelled,
    /// Failed and not executed.
    Failed,
    /// Executed, but the answer reports a failure.
    Lost,
}

/// A running proxy. Dropping it stops it.
#[derive(Debug)]
pub struct FaultyStore {
    /// The address that the region uses.
    pub endpoint: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    store: String,
    http: reqwest::Client,
    weather: Mutex<Weather>,
}

#[derive(Debug)]
struct Weather {
    /// Percent of the calls that fail.
    percent: u64,
    chance: Chance,
    /// The transactions to cancel next, and why.
    cancel: (u32, &'static str),
    /// The faults of the next transactions, in their order.
    script: VecDeque<Fault>,
    transactions: u32,
    met: BTreeMap<Fault, u32>,
}

impl FaultyStore {
    /// Starts in front of the store at this endpoint, without faults until [`FaultyStore::set_rate`].
    pub async fn before(store: String, seed: u64) -> Result<Self> {
        let shared = Arc::new(Shared {
            store,
            http: reqwest::Client::new(),
            weather: Mutex::new(Weather {
                percent: 0,
                chance: Chance::new(seed),
                cancel: (0, ""),
                script: VecDeque::new(),
                transactions: 0,
                met: BTreeMap::new(),
            }),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().fallback(pass).with_state(shared.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { endpoint, shared, task })
    }

    /// Sets how many of a hundred calls fail.
    pub fn set_rate(&self, percent: u64) {
        self.shared.weather().percent = percent;
    }

    /// Cancels the next `count` transactions for this reason.
    pub fn cancel(&self, count: u32, reason: &'static str) {
        self.shared.weather().cancel = (count, reason);
    }

    /// Sets the faults of the next transactions, in this order.
    pub fn script(&self, faults: &[Fault]) {
        self.shared.weather().script = faults.iter().copied().collect();
    }

    /// Returns how many transactions the region sent.
    #[must_use]
    pub fn transactions(&self) -> u32 {
        self.shared.weather().transactions
    }

    /// Returns how often each fault occurred.
    #[must_use]
    pub fn met(&self) -> BTreeMap<Fault, u32> {
        self.shared.weather().met.clone()
    }
}

impl Drop for FaultyStore {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn weather(&self) -> std::sync::MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Weather {
    /// Counts a transaction. Returns the reason if it must be cancelled.
    fn cancelled(&mut self) -> Option<&'static str> {
        self.transactions += 1;
        self.cancel.0 = self.cancel.0.checked_sub(1)?;
        Some(self.cancel.1)
    }

    fn fault(&mut self, transaction: bool) -> Option<Fault> {
        if transaction && let Some(fault) = self.script.pop_front() {
            return Some(fault);
        }
        if self.chance.roll(100) >= self.percent {
            return None;
        }
        // A lost answer is the hardest case, so it is the most frequent one.
        let fault = match self.chance.roll(8) {
            1 if transaction => Fault::Conflict,
            2 if transaction => Fault::Cancelled,
            0..=2 => Fault::Throttled,
            3 => Fault::Failed,
            _ => Fault::Lost,
        };
        *self.met.entry(fault).or_default() += 1;
        Some(fault)
    }
}

async fn pass(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    let target = text(TARGET).unwrap_or_default();
    let transaction = target.ends_with("TransactWriteItems");
    if transaction && let Some(reason) = shared.weather().cancelled() {
        return cancelled(reason);
    }
    let fault = shared.weather().fault(transaction);
    match fault {
        Some(Fault::Throttled) => return refused(400, "ProvisionedThroughputExceededException"),
        Some(Fault::Failed) => return refused(500, "InternalServerError"),
        Some(Fault::Conflict) => return cancelled("TransactionConflict"),
        Some(Fault::Cancelled) => return cancelled("ThrottlingError"),
        Some(Fault::Lost) | None => {}
    }
    let mut request = shared.http.post(&shared.store).body(body.to_vec());
    for name in [TARGET, "authorization", "x-amz-date", "content-type"] {
        if let Some(value) = text(name) {
            request = request.header(name, value);
        }
    }
    let Ok(answer) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    if fault.is_some() {
        return refused(500, "InternalServerError");
    }
    (status, body).into_response()
}

fn refused(status: u16, code: &str) -> Response {
    let body = json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": "an injected fault",
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [("content-type", "application/x-amz-json-1.0")];
    (status, json, body.to_string()).into_response()
}

fn cancelled(reason: &str) -> Response {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": reason, "Message": "an injected fault"}],
    });
    let json = [("content-type", "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, json, body.to_string()).into_response()
}
