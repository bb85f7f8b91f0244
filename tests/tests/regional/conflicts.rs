//! What if others are in the way of a transaction? No emulator makes conflicts, so a proxy does.

use crate::world::{START_MS, World, record};
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use regional::local::{Database, LocalStore};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpListener;

const TARGET: &str = "x-amz-target";

/// Stands before a store, and cancels as many transactions as it was told to.
struct Proxy {
    endpoint: String,
    reason: &'static str,
    left: AtomicU32,
    seen: AtomicU32,
    http: reqwest::Client,
}

async fn pass(State(proxy): State<Arc<Proxy>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if target.ends_with("TransactWriteItems") {
        proxy.seen.fetch_add(1, Ordering::SeqCst);
        let take = |left: u32| left.checked_sub(1);
        if proxy.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            let cancelled = json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": [{"Code": "None"}, {"Code": proxy.reason, "Message": "in the way"}],
            });
            let json = [("content-type", "application/x-amz-json-1.0")];
            return (StatusCode::BAD_REQUEST, json, cancelled.to_string()).into_response();
        }
    }
    let request = proxy.http.post(&proxy.endpoint).header(TARGET, target);
    let request = ["authorization", "x-amz-date", "content-type"]
        .iter()
        .filter_map(|name| Some((*name, headers.get(*name)?.to_str().ok()?)))
        .fold(request, |request, (name, value)| request.header(name, value));
    match request.body(body.to_vec()).send().await {
        Ok(answer) => (answer.status(), answer.bytes().await.unwrap_or_default()).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Tells the region of a match while `left` transactions are cancelled for `reason`: the status, and how many
/// transactions it asked for.
async fn check(reason: &'static str, left: u32) -> Result<(u16, u32)> {
    let store = LocalStore::serve(Database::memory()?).await?;
    let proxy = Arc::new(Proxy {
        endpoint: store.endpoint(),
        reason,
        left: AtomicU32::new(left),
        seen: AtomicU32::new(0),
        http: reqwest::Client::new(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let routes = Router::new().fallback(pass).with_state(proxy.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let world = World::through(&endpoint, store, &[]).await?;
    let body = record("m_1", &["p_1"], START_MS).to_string();
    let answer = world.signed("POST", "/internal/v1/matches", body).await?;
    Ok((answer.status, proxy.seen.load(Ordering::SeqCst)))
}

#[tokio::test]
async fn a_conflict_is_tried_again_a_few_times() -> Result<()> {
    assert_eq!(check("TransactionConflict", 0).await?, (201, 1));
    assert_eq!(check("TransactionConflict", 4).await?, (201, 5));
    assert_eq!(check("TransactionConflict", 99).await?, (503, 5));
    assert_eq!(check("ThrottlingError", 2).await?, (201, 3));
    Ok(())
}

#[tokio::test]
async fn what_no_repetition_cures_is_tried_once() -> Result<()> {
    assert_eq!(check("ValidationError", 99).await?, (500, 1));
    Ok(())
}
