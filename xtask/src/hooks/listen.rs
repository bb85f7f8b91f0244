//! `cargo xtask hooks listen`: a receiver on this machine that verifies messages and prints them.

use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use shared::time::Time;
use shared::webhook::{ID, SIGNATURE, TIMESTAMP, WebhookSecret, verify};
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
struct Listening {
    secret: WebhookSecret,
    status: StatusCode,
}

/// Receives messages until the process ends.
pub async fn run(port: u16, secret: &str, status: u16) -> Result<()> {
    let listening = Listening {
        secret: secret.parse()?,
        status: StatusCode::from_u16(status).context("--status must be a status of HTTP")?,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("port {port} cannot be used: name another one with --port"))?;
    let url = format!("http://{}/", listener.local_addr()?);
    eprintln!("Listening on {url}. Start the stack with `cargo dev --webhook {url}`.");
    let routes = Router::new().fallback(receive).with_state(listening);
    axum::serve(listener, routes).await.context("the receiver stopped")
}

async fn receive(State(listening): State<Listening>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_ms(shared::time::ms(now));
    let (id, signed) = (header(ID), (header(ID), header(TIMESTAMP), header(SIGNATURE)));
    if let Err(error) = verify(&listening.secret, now, signed, &body) {
        eprintln!("{id}: refused: {error}");
        return StatusCode::UNAUTHORIZED;
    }
    // One line of JSON each on stdout, for other programs.
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    println!("{}", serde_json::json!({ "id": id, "event": event }));
    listening.status
}
