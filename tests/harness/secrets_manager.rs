//! A stand-in for AWS Secrets Manager: answers one secret to signed requests, after a first failure.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The ARN of the secret.
pub const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:matchpoint-x1y2z3";
/// The version of the secret that the function must ask for.
pub const VERSION: &str = "1a2b3c4d-0000-0000-0000-000000000000";

/// A running service. Dropping it stops it.
#[derive(Debug)]
pub struct SecretsManager {
    /// The value of `SECRETS_ENDPOINT`.
    pub url: String,
    asked: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl SecretsManager {
    /// Starts with a secret of these keys and values.
    pub async fn start(secret: Value) -> Result<Self> {
        let asked = Arc::new(AtomicU32::new(0));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().route("/", post(answer)).with_state((asked.clone(), secret));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, asked, task })
    }

    /// Returns how often the secret was asked for.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for SecretsManager {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State((asked, secret)): State<(Arc<AtomicU32>, Value)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = header("authorization");
    let scope = "/eu-central-1/secretsmanager/aws4_request";
    let covers = signed.contains("x-amz-target") && signed.contains("x-amz-security-token");
    if header("x-amz-target") != "secretsmanager.GetSecretValue" || !signed.contains(scope) || !covers {
        return (StatusCode::BAD_REQUEST, "not a signed request for a secret").into_response();
    }
    let expected = json!({"SecretId": ARN, "VersionId": VERSION});
    if serde_json::from_slice::<Value>(&body).ok() != Some(expected) {
        return (StatusCode::BAD_REQUEST, "not this secret").into_response();
    }
    if asked.fetch_add(1, Ordering::SeqCst) == 0 {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    json!({"ARN": ARN, "SecretString": secret.to_string()}).to_string().into_response()
}
