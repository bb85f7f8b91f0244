//! Tests the metrics of the edge, and its readiness.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Response;
use serde_json::{Value, json};
use tests::stack::{self, Stack, WebSockets};
use tokio::time::timeout;
use xtask::wire::{Opening, Server};

use super::chat::server;

/// Limit for changes that no event reports.
const SOON: Duration = Duration::from_secs(30);
const TOKEN: &str = "metrics token";

async fn metrics(server: &Server, token: &str) -> Result<Response> {
    let url = format!("{}/metrics", server.edge());
    Ok(server.http().get(url).bearer_auth(token).send().await?)
}

/// Returns the value of a series, if there is one.
async fn value(server: &Server, series: &str) -> Result<Option<f64>> {
    let answer = metrics(server, TOKEN).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let text = answer.text().await?;
    let found = text.lines().find_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (name == series).then(|| value.to_owned())
    });
    Ok(found.map(|value| value.parse()).transpose()?)
}

/// Waits until a series has this value. Only the object learns that a socket has closed.
async fn becomes(server: &Server, series: &str, wanted: f64) -> Result<()> {
    let mut last = None;
    let waiting = async {
        loop {
            last = value(server, series).await?;
            if last.is_some_and(|value| (value - wanted).abs() < 0.5) {
                return anyhow::Ok(());
            }
        }
    };
    let in_time = timeout(SOON, waiting).await;
    in_time.with_context(|| format!("{series} is {last:?}, not {wanted}"))?
}

async fn with_metrics() -> Result<Stack> {
    stack::start_with(|options| {
        let token = ("METRICS_TOKEN".to_owned(), TOKEN.to_owned());
        options.edge_values.extend([token]);
    })
    .await
}

#[tokio::test]
async fn sockets_refusals_reads_and_requests_are_counted() -> Result<()> {
    let stack = with_metrics().await?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let room = server.open_room(&ana, &json!({})).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    becomes(&server, "matchpoint_sockets{kind=\"room\"}", 2.0).await?;
    becomes(&server, "matchpoint_rooms", 1.0).await?;
    becomes(&server, "matchpoint_players_active", 2.0).await?;
    b.close().await?;
    becomes(&server, "matchpoint_sockets{kind=\"room\"}", 1.0).await?;

    let bare = Opening::bare(server.edge(), &format!("/v1/rooms/{room}"));
    let mut refused = bare.protocol("matchpoint.v1").connect().await?;
    refused.closed_with(4301).await?;
    becomes(&server, "matchpoint_refusals_total{code=\"token_invalid\"}", 1.0).await?;
    for _ in 0..6 {
        server.get(&format!("/v1/profiles/{}", ana.id)).await?;
    }
    becomes(&server, "matchpoint_reads_total{how=\"miss\"}", 1.0).await?;
    becomes(&server, "matchpoint_reads_total{how=\"hit\"}", 5.0).await?;
    let route = "route=\"/v1/profiles/{player}\"";
    let requests = format!("matchpoint_requests_total{{{route},status=\"200\"}}");
    becomes(&server, &requests, 6.0).await?;
    let took = format!("matchpoint_request_duration_seconds_count{{{route}}}");
    becomes(&server, &took, 6.0).await?;

    // The counts are on disk: they survive an eviction and a kill.
    stack.evict("MetricsObject", "all", WebSockets::Close).await?;
    becomes(&server, &requests, 6.0).await?;
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    becomes(&server, &requests, 6.0).await?;

    let stranger = server.get("/metrics").await?;
    ensure!(stranger.status().as_u16() == 401, "{}", stranger.status());
    for wrong in ["metrics toke", "metrics token!", "metricS token"] {
        let answer = metrics(&server, wrong).await?;
        ensure!(answer.status().as_u16() == 401, "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn metrics_are_closed_where_no_token_is_set() -> Result<()> {
    let stack = stack::start_with(|options| {
        // As wrangler.toml has it.
        let closed = ("METRICS_OPEN".to_owned(), "off".to_owned());
        options.edge_values.extend([closed]);
    })
    .await?;
    let server = server(&stack)?;
    for token in ["", " ", "undefined", TOKEN] {
        let answer = metrics(&server, token).await?;
        ensure!(answer.status().as_u16() == 401, "{token:?}: {}", answer.status());
    }
    let bare = server.get("/metrics").await?;
    ensure!(bare.status().as_u16() == 401, "{}", bare.status());
    Ok(())
}

#[tokio::test]
async fn readiness_names_what_is_missing() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let ready = async |wanted: u16| {
        let waiting = async {
            loop {
                let answer = server.get("/ready").await?;
                let status = answer.status().as_u16();
                let body: Value = answer.json().await?;
                if status == wanted {
                    return anyhow::Ok(body);
                }
            }
        };
        let waited = timeout(SOON, waiting).await;
        waited.with_context(|| format!("the status was never {wanted}"))?
    };
    let body = ready(200).await?;
    ensure!(body == json!({"status": "ready", "missing": []}), "{body}");
    stack.stop_region().await;
    let body = ready(503).await?;
    let missing = body["missing"].to_string();
    ensure!(missing.contains("region"), "{body}");
    // The keys fetched before are still valid.
    ensure!(!missing.contains("keys"), "{body}");
    let health = server.get("/health").await?;
    ensure!(health.status().is_success(), "{}", health.status());

    // A new process that has never reached the region.
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    let body = ready(503).await?;
    ensure!(body["missing"].to_string().contains("keys"), "{body}");
    stack.start_region().await?;
    ready(200).await.map(drop)
}
