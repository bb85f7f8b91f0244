//! A receiver of webhooks: it collects messages, verifies their signatures without the code that made them, and answers as
//! told.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// The secret of the receiver.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Limit for a message to arrive.
const PATIENCE: Duration = Duration::from_secs(45);

/// How the receiver answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Status(u16),
    /// A redirect to this address.
    Redirect(String),
    /// 200 with a body without an end.
    Endless,
    /// No answer at all.
    Silence,
}

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    timestamp: String,
    signatures: String,
    body: Bytes,
    /// The header of the trace; empty without one.
    pub traceparent: String,
    /// True if the message was answered with 200.
    pub accepted: bool,
}

/// A running receiver. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    pub url: String,
    reply: Arc<Mutex<Reply>>,
    arrived: AsyncMutex<UnboundedReceiver<Message>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Desk {
    reply: Arc<Mutex<Reply>>,
    arrived: UnboundedSender<Message>,
}

impl Receiver {
    /// Starts on any port.
    pub async fn start() -> Result<Self> {
        Self::start_on(0).await
    }

    /// Starts on a port.
    pub async fn start_on(port: u16) -> Result<Self> {
        let (sender, arrived) = unbounded_channel();
        let reply = Arc::new(Mutex::new(Reply::Status(200)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let desk = Desk { reply: reply.clone(), arrived: sender };
        let routes = Router::new().fallback(receive).with_state(desk);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, reply, arrived: AsyncMutex::new(arrived), task })
    }

    /// Returns the port, on which another receiver may follow.
    pub fn port(&self) -> Result<u16> {
        let (_, rest) = self.url.rsplit_once(':').context("a port")?;
        Ok(rest.trim_end_matches("/hooks").parse()?)
    }

    /// Sets the reply to all further messages.
    pub fn reply(&self, reply: Reply) {
        *self.reply.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    /// Returns the value of `WEBHOOKS` with this receiver as the only endpoint.
    #[must_use]
    pub fn webhooks(&self, events: &[&str]) -> String {
        json!([{ "id": "backend", "url": self.url, "events": events }]).to_string()
    }

    /// Waits for the next message.
    pub async fn next(&self) -> Result<Message> {
        let mut arrived = self.arrived.lock().await;
        let next = tokio::time::timeout(PATIENCE, arrived.recv()).await;
        next.context("no message arrived")?.context("the receiver stopped")
    }

    /// Returns the messages that have arrived.
    pub async fn arrived(&self) -> Vec<Message> {
        let mut arrived = self.arrived.lock().await;
        let mut all = Vec::new();
        while let Ok(message) = arrived.try_recv() {
            all.push(message);
        }
        all
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Message {
    /// Fails unless one of the signatures is that of this secret, over exactly these bytes.
    pub fn verify(&self, secret: &str) -> Result<()> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").context("a secret")?)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.body].concat();
        let right = self.signatures.split(' ').any(|one| {
            let tag = one.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
            tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
        });
        ensure!(right, "no signature of {} is right: {}", self.id, self.signatures);
        Ok(())
    }

    /// Returns the message as a receiver in another language gets it, with its secret.
    pub fn for_program(&self, secret: &str) -> Result<String> {
        let headers = json!({
            "webhook-id": self.id,
            "webhook-timestamp": self.timestamp,
            "webhook-signature": self.signatures,
        });
        let body = std::str::from_utf8(&self.body)?;
        Ok(json!({ "secret": secret, "headers": headers, "body": body }).to_string())
    }

    /// Returns the body.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Returns the type of the event.
    pub fn kind(&self) -> Result<String> {
        Ok(self.json()?["type"].as_str().context("a type")?.to_owned())
    }
}

async fn receive(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let reply = desk.reply.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let message = Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        traceparent: header("traceparent"),
        body,
        accepted: matches!(reply, Reply::Status(200) | Reply::Endless),
    };
    // The test may no longer be waiting.
    let _ = desk.arrived.send(message);
    match reply {
        Reply::Status(status) => StatusCode::from_u16(status).unwrap_or_default().into_response(),
        Reply::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Reply::Endless => {
            let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024])));
            Body::from_stream(chunks).into_response()
        }
        Reply::Silence => std::future::pending().await,
    }
}
