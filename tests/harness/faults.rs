//! A store that is in trouble: stands before the real one, throttles, cancels, fails, and loses answers.
//!
//! It never lies about what is stored: what it refuses was not done, and of what it loses nobody can know.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const TARGET: &str = "x-amz-target";

/// What may befall a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused before anything was done: the table is at its ceiling.
    Throttled,
    /// A transaction refused before anything was done: another one is under way.
    Conflict,
    /// A transaction refused before anything was done: a partition is at its ceiling.
    Cancelled,
    /// Failed before anything was done.
    Failed,
    /// Done, and the answer says that it failed.
    Lost,
}

/// A store in trouble. Dropping it stops it.
#[derive(Debug)]
pub struct Troubled {
    /// Where the region finds it.
    pub endpoint: String,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Desk {
    store: String,
    http: reqwest::Client,
    weather: Mutex<Weather>,
}

#[derive(Debug)]
struct Weather {
    /// Of a hundred calls so many meet a fault.
    percent: u64,
    state: u64,
    met: BTreeMap<Fault, u32>,
}

impl Troubled {
    /// Before the store at this endpoint; calm until [`Troubled::rough`].
    pub async fn before(store: String, seed: u64) -> Result<Self> {
        let desk = Arc::new(Desk {
            store,
            http: reqwest::Client::new(),
            weather: Mutex::new(Weather { percent: 0, state: seed | 1, met: BTreeMap::new() }),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().fallback(pass).with_state(desk.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { endpoint, desk, task })
    }

    /// From now on so many of a hundred calls meet a fault.
    pub fn rough(&self, percent: u64) {
        self.desk.weather().percent = percent;
    }

    /// How often each fault was met.
    #[must_use]
    pub fn met(&self) -> BTreeMap<Fault, u32> {
        self.desk.weather().met.clone()
    }
}

impl Drop for Troubled {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    fn weather(&self) -> std::sync::MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Weather {
    /// Xorshift: the same seed is the same weather.
    fn roll(&mut self, sides: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % sides
    }

    fn fault(&mut self, transaction: bool) -> Option<Fault> {
        if self.roll(100) >= self.percent {
            return None;
        }
        // What is lost is the hardest: it comes most often.
        let fault = match self.roll(8) {
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

async fn pass(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    let target = text(TARGET).unwrap_or_default();
    let transaction = target.ends_with("TransactWriteItems");
    let fault = desk.weather().fault(transaction);
    match fault {
        Some(Fault::Throttled) => return refused(400, "ProvisionedThroughputExceededException"),
        Some(Fault::Failed) => return refused(500, "InternalServerError"),
        Some(Fault::Conflict) => return cancelled("TransactionConflict"),
        Some(Fault::Cancelled) => return cancelled("ThrottlingError"),
        Some(Fault::Lost) | None => {}
    }
    let mut request = desk.http.post(&desk.store).body(body.to_vec());
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
        "message": "the weather",
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [("content-type", "application/x-amz-json-1.0")];
    (status, json, body.to_string()).into_response()
}

fn cancelled(reason: &str) -> Response {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": reason, "Message": "the weather"}],
    });
    let json = [("content-type", "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, json, body.to_string()).into_response()
}
