//! A local Lambda Runtime API: starts a function's binary, sends it events and receives its answers.
//!
//! The Runtime API is four routes: the function requests the next event, and posts a response or an error for
//! it, or an error of its own start. <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Limit for one event: the function's own timeout in the template.
const DEADLINE: Duration = Duration::from_secs(10);

/// A running function. Dropping it kills the process.
#[derive(Debug)]
pub struct Function {
    events: mpsc::UnboundedSender<Event>,
    server: JoinHandle<()>,
    /// True once the function has requested its first event.
    ready: watch::Receiver<bool>,
    lines: mpsc::UnboundedReceiver<String>,
    /// Held for its drop: `kill_on_drop`.
    process: Child,
}

#[derive(Debug)]
struct Event {
    body: String,
    answer: oneshot::Sender<Result<Value>>,
}

/// State of the routes: events to send, and the senders of awaited answers by request id.
#[derive(Debug)]
struct Desk {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    asked: Mutex<HashMap<String, oneshot::Sender<Result<Value>>>>,
    count: AtomicU64,
    ready: watch::Sender<bool>,
}

impl Function {
    /// Starts `program` with this environment alone.
    pub async fn start(program: PathBuf, env: &[(&str, &str)]) -> Result<Self> {
        let (events, coming) = mpsc::unbounded_channel();
        let (begun, ready) = watch::channel(false);
        let desk = Arc::new(Desk {
            events: tokio::sync::Mutex::new(coming),
            asked: Mutex::default(),
            count: AtomicU64::new(0),
            ready: begun,
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // Without it each answer waits 40 ms for the other side's acknowledgement.
        let listener = listener.tap_io(|tcp| {
            let _ = tcp.set_nodelay(true);
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(desk);
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        let mut process = Command::new(&program)
            .env_clear()
            .envs(env.iter().copied())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "api")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "local")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let out = process.stdout.take().context("its output")?;
        let (said, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut out = BufReader::new(out).lines();
            while let Ok(Some(line)) = out.next_line().await {
                // The caller may not read the log.
                let _ = said.send(line);
            }
        });
        Ok(Self { events, server, ready, lines, process })
    }

    /// Waits until the function requests its first event, which is the end of a cold start.
    pub async fn ready(&mut self) -> Result<()> {
        let asked = self.ready.wait_for(|ready| *ready);
        tokio::time::timeout(DEADLINE, asked).await??;
        Ok(())
    }

    /// Returns the next line that the function writes to its log.
    pub async fn line(&mut self) -> Result<String> {
        let line = tokio::time::timeout(DEADLINE, self.lines.recv()).await?;
        line.context("the function's log has ended")
    }

    /// Process id of the function while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Sends the function an event and waits for its answer.
    pub async fn invoke(&self, event: &Value) -> Result<Value> {
        let (answer, answered) = oneshot::channel();
        let body = event.to_string();
        self.events.send(Event { body, answer })?;
        tokio::time::timeout(DEADLINE, answered).await??
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    desk.ready.send_replace(true);
    let Some(event) = desk.events.lock().await.recv().await else {
        return Err(StatusCode::GONE);
    };
    let mut asked = desk.asked.lock().unwrap_or_else(PoisonError::into_inner);
    let id = format!("request-{}", desk.count.fetch_add(1, Ordering::Relaxed));
    asked.insert(id.clone(), event.answer);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", (now + DEADLINE).as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:123456789012:function:api".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-0-0;Sampled=0".to_owned()),
    ];
    Ok((headers, event.body))
}

async fn response(State(desk): State<Arc<Desk>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let value = serde_json::from_slice(&body).context("the answer is not JSON");
    desk.answer(&id, value)
}

async fn error(State(desk): State<Arc<Desk>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    desk.answer(&id, Err(anyhow!("the function failed: {}", String::from_utf8_lossy(&body))))
}

/// Receives a failed start and passes the reason to the callers that wait for an answer.
async fn init_error(State(desk): State<Arc<Desk>>, body: Bytes) -> StatusCode {
    let why = String::from_utf8_lossy(&body).into_owned();
    while let Some(event) = desk.events.lock().await.recv().await {
        let _ = event.answer.send(Err(anyhow!("the function did not start: {why}")));
    }
    StatusCode::ACCEPTED
}

impl Desk {
    fn answer(&self, id: &str, value: Result<Value>) -> StatusCode {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = asked.remove(id) else {
            return StatusCode::NOT_FOUND;
        };
        // The caller may have stopped waiting.
        let _ = answer.send(value);
        StatusCode::ACCEPTED
    }
}
