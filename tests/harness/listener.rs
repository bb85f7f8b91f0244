//! A stand-in for the edge: verifies the signature of the region, collects its notices, and can refuse them.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// The route for notices.
const PATH: &str = "/internal/v1/notices";
/// Limit for a notice to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listening edge. Dropping it stops it.
#[derive(Debug)]
pub struct Listener {
    /// The value of `EDGE_URL`.
    pub url: String,
    desk: Arc<Desk>,
    heard: Mutex<UnboundedReceiver<(StatusCode, Vec<Value>)>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Desk {
    keys: SignKeys,
    refuses: AtomicBool,
    heard: UnboundedSender<(StatusCode, Vec<Value>)>,
    now: fn() -> Time,
}

impl Listener {
    /// Starts for a region with these keys and the time of the machine.
    pub async fn start(keys: &str) -> Result<Self> {
        Self::start_at(keys, machine).await
    }

    /// Starts for a region with another clock.
    pub async fn start_at(keys: &str, now: fn() -> Time) -> Result<Self> {
        let (sender, heard) = unbounded_channel();
        let desk =
            Arc::new(Desk { keys: keys.parse()?, refuses: AtomicBool::new(false), heard: sender, now });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().route(PATH, post(hear)).with_state(desk.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        let heard = Mutex::new(heard);
        Ok(Self { url, desk, heard, task })
    }

    /// Makes it answer 503, or confirm again.
    pub fn refuse(&self, refuses: bool) {
        self.desk.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Waits for the next request. Returns the status that it was answered with, and its notices.
    pub async fn request(&self) -> Result<(StatusCode, Vec<Value>)> {
        let mut heard = self.heard.lock().await;
        let next = tokio::time::timeout(PATIENCE, heard.recv()).await;
        next.context("no notice arrived")?.context("the listener stopped")
    }

    /// Waits for the next `count` confirmed notices.
    pub async fn notices(&self, count: usize) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        while all.len() < count {
            let (status, notices) = self.request().await?;
            if status == StatusCode::OK {
                all.extend(notices);
            }
        }
        Ok(all)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let signed = signature.is_some_and(|signature| {
        let verified = desk.keys.verify((desk.now)(), signature, "POST", PATH, &body);
        verified.is_ok()
    });
    let status = if !signed {
        StatusCode::UNAUTHORIZED
    } else if desk.refuses.load(Ordering::SeqCst) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let notices = serde_json::from_slice(&body).unwrap_or_default();
    // The test may no longer be waiting.
    let _ = desk.heard.send((status, notices));
    status
}

fn machine() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Time::from_ms(shared::time::ms(since.unwrap_or_default()))
}
