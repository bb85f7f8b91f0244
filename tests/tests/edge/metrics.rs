//! Tests the metrics of the edge, and its readiness.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Response;
use serde_json::{Value, json};
use shared::limits;
use tests::stack::{self, Stack, WebSockets};
use tokio::time::timeout;
use xtask::wire::{Opening, Server, text};

use super::chat::server;
use super::match_history::recorded_match;
use super::tickets::matched;

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

/// The value of each series of a scrape.
type Scrape = BTreeMap<String, f64>;

/// Series that the alerts read; those with labels have one of each kind after a match.
const DEMANDED: &[&str] = &[
    "matchpoint_matches_total{pool=\"speed-dating\"}",
    "matchpoint_match_wait_seconds_count{pool=\"speed-dating\"}",
    "matchpoint_queue_oldest_seconds{pool=\"speed-dating\"}",
    "matchpoint_queue_tickets{pool=\"speed-dating\"}",
    "matchpoint_resumes_total{result=\"exact\"}",
    "matchpoint_resumes_total{result=\"snapshot\"}",
    "matchpoint_resumes_total{result=\"refused\"}",
    "matchpoint_durable_lag_seconds_count",
    "matchpoint_message_delay_seconds_count",
    "matchpoint_outbox_age_seconds_count",
    "matchpoint_commands_total{result=\"accepted\"}",
    "matchpoint_commands_total{result=\"refused\"}",
    "matchpoint_log_events_total",
    "matchpoint_subrequests_total{to=\"region\"}",
    "matchpoint_subrequests_total{to=\"room\"}",
    "matchpoint_region_request_seconds_count",
    "matchpoint_as_of_seconds",
];

/// Reads a scrape by the rules of its format: each series is after the type of its metric, which is declared once.
async fn scrape(server: &Server) -> Result<(Scrape, BTreeMap<String, String>)> {
    let text = metrics(server, TOKEN).await?.text().await?;
    let (mut series, mut types, mut helped) = (Scrape::new(), BTreeMap::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').context("no type")?;
            ensure!(helped.contains(name) && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            ensure!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} has two types");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').context("no help")?;
            ensure!(!help.contains("newer version"), "{name} is not explained");
            helped.insert(name.to_owned());
        } else {
            let (name, value) = line.rsplit_once(' ').context("no value")?;
            let metric = name.split('{').next().unwrap_or_default();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| metric.strip_suffix(end));
            let is_histogram =
                base.is_some_and(|base| types.get(base).is_some_and(|kind| kind == "histogram"));
            ensure!(is_histogram || types.contains_key(metric), "{line} has no type");
            ensure!(series.insert(name.to_owned(), value.parse()?).is_none(), "{name} is there twice");
        }
    }
    Ok((series, types))
}

/// Returns whether a series only ever grows.
fn grows(series: &str, types: &BTreeMap<String, String>) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    let kind = types.get(name).map(String::as_str);
    kind == Some("counter") || kind.is_none()
}

#[tokio::test]
async fn every_series_of_a_match_is_scraped_bounded_and_monotone() -> Result<()> {
    let stack = with_metrics().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = matched(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    let welcome = a.welcome().await?;
    let epoch = text(&welcome, "/epoch").to_owned();
    a.ok(json!({"op": "say", "body": "hello", "ack": "durable", "key": "1"})).await?;
    a.err(json!({"op": "kick", "to": bo.id}), "forbidden").await?;
    // A client of that position lacks nothing, one of another epoch receives a snapshot, and a stranger is refused.
    let at = a.ok(json!({"op": "say", "body": "again"})).await?["at"].as_u64().context("a position")?;
    server.room(&room, &ana).resume(&epoch, at).connect().await?.welcome().await?;
    server.room(&room, &ana).resume("e0", at).connect().await?.welcome().await?;
    let stranger = server.guest("Cy").await?;
    server.room(&room, &stranger).resume(&epoch, at).connect().await?.closed_with(4005).await?;
    let (first, _) = scrape(&server).await?;

    let mut again = server.room(&room, &ana).connect().await?;
    again.welcome().await?;
    again.ok(json!({"op": "end", "body": null})).await?;
    recorded_match(&server, &ana, &room).await?;
    let waiting = async {
        loop {
            let (series, types) = scrape(&server).await?;
            if DEMANDED.iter().all(|name| series.contains_key(*name)) {
                return anyhow::Ok((series, types));
            }
        }
    };
    let Ok(scraped) = timeout(SOON, waiting).await else {
        let (series, _) = scrape(&server).await?;
        let missing: Vec<_> = DEMANDED.iter().filter(|name| !series.contains_key(**name)).collect();
        bail!("{missing:?} were never scraped: {:?}", series.keys());
    };
    let (series, types) = scraped?;
    for (name, value) in first.iter().filter(|(name, _)| grows(name, &types)) {
        ensure!(series.get(name).is_some_and(|later| later >= value), "{name} fell from {value}");
    }
    let matches = "matchpoint_matches_total{pool=\"speed-dating\"}";
    ensure!((series[matches] - 1.0).abs() < 0.5, "{}", series[matches]);
    let waits = "matchpoint_match_wait_seconds_count{pool=\"speed-dating\"}";
    ensure!((series[waits] - 2.0).abs() < 0.5, "{}", series[waits]);
    for name in types.keys() {
        let of_metric = |series: &&String| series.split('{').next() == Some(name.as_str());
        let count = series.keys().filter(of_metric).count();
        ensure!(count <= limits::SERIES_PER_METRIC_MAX, "{name} has {count} series");
    }
    Ok(())
}

#[tokio::test]
async fn health_and_status_tell_the_state_without_a_script() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    server.get("/ready").await?.error_for_status()?;
    let health: Value = server.get("/health").await?.json().await?;
    ensure!(health["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{health}");
    ensure!(health["region_p95_ms"].is_u64() && health["cache_hit_share"].is_null(), "{health}");
    let status: Value = server.get("/status.json").await?.json().await?;
    let minutes = text(&status, "/minutes");
    ensure!(text(&status, "/status") == "ready" && minutes.len() == 1440, "{status}");
    ensure!(minutes.trim_start_matches('-').starts_with('r'), "{status}");
    let page = server.get("/status").await?;
    let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
    ensure!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    let page = page.text().await?;
    ensure!(page.contains("<h1 class=\"ready\">Ready</h1>") && !page.contains("<script"), "{page}");
    ensure!(server.get("/status.css").await?.status().is_success(), "no style");

    let region = format!("{}/health", stack.region_url());
    let health: Value = server.http().get(region).send().await?.json().await?;
    ensure!(
        health["memory_bytes"].as_u64() > Some(1 << 20) && health["usage"]["requests"].is_u64(),
        "{health}"
    );
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
