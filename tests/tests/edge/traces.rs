//! Tests that one trace id finds a request, or a whole match, in the logs of edge and region, and how many lines a match has.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::receiver::{Receiver, SECRET};
use tests::stack::{self, Stack};
use tokio::time::{sleep, timeout};
use xtask::next_event;
use xtask::wire::{LobbyEvent, Opening, Server, text, unique};

use super::chat::server;
use super::match_history::recorded_match;
use super::tickets::{POOL, enter, matched};

/// Limit for a line to appear in a log.
const SOON: Duration = Duration::from_secs(30);
/// The traces of two clients.
const ANA: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const BO: &str = "0af7651916cd43dd8448eb211c80319c";
/// Lines that the edge may log for a match.
const LINES_PER_MATCH: usize = 3;
const MATCHES: usize = 4;

fn traceparent(id: &str) -> String {
    format!("00-{id}-00f067aa0ba902b7-01")
}

/// Returns the lines that the edge itself logged.
fn edge_lines(data: &Path) -> Result<Vec<Value>> {
    let log = std::fs::read_to_string(data.join("edge.log"))?;
    let objects = log.lines().filter_map(|line| line.get(line.find('{')?..line.rfind('}')? + 1));
    let lines = objects.filter_map(|object| serde_json::from_str::<Value>(object).ok());
    Ok(lines.filter(|line| line["level"].is_string()).collect())
}

/// Waits until a log has a line with all of these texts. No event reports a written line, so the test polls.
async fn logged(stack: &Stack, file: &str, texts: &[&str]) -> Result<()> {
    let waiting = async {
        loop {
            let log = std::fs::read_to_string(stack.data().join(file))?;
            if log.lines().any(|line| texts.iter().all(|text| line.contains(text))) {
                return anyhow::Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, waiting).await.with_context(|| format!("{file} has no line with {texts:?}"))?
}

/// Enters the queue from these openings, one after the other. Returns the room.
async fn meet(openings: [Opening; 2]) -> Result<String> {
    let mark = unique();
    let mut sockets = Vec::new();
    for opening in openings {
        let mut socket = opening.connect().await?;
        ensure!(socket.protocol() == Some("matchpoint.v1"), "{:?}", socket.protocol());
        socket.welcome().await?;
        socket.ok(enter(&mark)).await?;
        sockets.push(socket);
    }
    let mut room = None;
    for socket in &mut sockets {
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        room = Some(text(&event, "/body/room").to_owned());
    }
    room.context("a room")
}

#[tokio::test]
async fn trace_of_a_client_finds_its_match_in_both_logs_and_at_the_webhook() -> Result<()> {
    let receiver = Receiver::start().await?;
    let webhooks = receiver.webhooks(&["match.made", "match.ended"]);
    let stack = stack::start_with(|options| {
        options.region_env.extend([
            ("WEBHOOKS".to_owned(), webhooks),
            ("WEBHOOK_SECRETS".to_owned(), json!({ "backend": [SECRET] }).to_string()),
            ("WEBHOOK_LOOPBACK".to_owned(), "on".to_owned()),
        ]);
    })
    .await?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    // A header, as programs send it, and a subprotocol, as pages can.
    let of_ana = server.lobby(POOL, &ana).header("traceparent", &traceparent(ANA));
    let of_bo = server.lobby(POOL, &bo).protocol(&format!("matchpoint.trace.{BO}"));
    let room = meet([of_ana, of_bo]).await?;
    let made = receiver.next().await?;
    ensure!(made.traceparent.contains(ANA), "{}", made.traceparent);

    let mut socket = server.room(&room, &ana).connect().await?;
    socket.welcome().await?;
    socket.ok(json!({"op": "end", "body": {"winner": "ana"}})).await?;
    let ended = receiver.next().await?;
    ensure!(ended.traceparent.contains(ANA), "{}", ended.traceparent);

    // The ticket that waits longest names the trace of the match.
    for route in ["/internal/v1/rooms", "/internal/v1/matches"] {
        logged(&stack, "region.log", &[ANA, route]).await?;
    }
    for event in ["match.made", "match.ended"] {
        logged(&stack, "region.log", &[ANA, "an event was delivered", event]).await?;
    }
    logged(&stack, "edge.log", &[ANA, "a match ended", &room, "\"code\":\"ended\""]).await?;
    let log = std::fs::read_to_string(stack.data().join("region.log"))?;
    let of_bo: Vec<&str> = log.lines().filter(|line| line.contains(BO)).collect();
    ensure!(of_bo.iter().all(|line| !line.contains("/internal/v1/matches")), "{of_bo:?}");
    Ok(())
}

/// Returns the trace that an answer names in its headers.
fn answered_trace(answer: &reqwest::Response) -> Result<String> {
    let timings = answer.headers().get_all("server-timing");
    let timing =
        timings.iter().filter_map(|value| value.to_str().ok()).find(|text| text.contains("traceparent"));
    let timing = timing.context("no trace in server-timing")?;
    Ok(timing.split('-').nth(1).context("no id")?.to_owned())
}

async fn absent(server: &Server, region: Option<&str>, traceparent: &str) -> Result<(String, Value)> {
    let url = format!("{}/v1/profiles/m_none", region.unwrap_or(server.edge()));
    let answer = server.http().get(url).header("traceparent", traceparent).send().await?;
    ensure!(answer.status().is_client_error(), "{}", answer.status());
    let trace = answered_trace(&answer)?;
    Ok((trace, answer.json().await?))
}

#[tokio::test]
async fn answers_name_the_trace_of_their_request_and_malformed_ones_are_replaced() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    for region in [None, Some(stack.region_url())] {
        let (trace, problem) = absent(&server, region, &traceparent(ANA)).await?;
        ensure!((trace.as_str(), text(&problem, "/trace")) == (ANA, ANA), "{trace}: {problem}");
        let mut made = BTreeSet::new();
        for malformed in [ANA, &format!("00-{ANA}-00f067aa0ba902b7"), &traceparent(&"0".repeat(32))] {
            let (trace, problem) = absent(&server, region, malformed).await?;
            ensure!(trace.len() == 32 && trace == text(&problem, "/trace"), "{trace}: {problem}");
            made.insert(trace);
        }
        ensure!(made.len() == 3 && !made.contains(ANA), "{made:?}");
    }
    // A refused opening is logged with its trace, and without its token.
    let bare = Opening::bare(server.edge(), "/v1/me").protocol("matchpoint.v1");
    let opening = bare.protocol(&format!("matchpoint.trace.{BO}")).protocol("matchpoint.bearer.secret-token");
    opening.connect().await?.closed_with(4301).await?;
    logged(&stack, "edge.log", &[BO, "an opening was refused", "token_invalid", "/v1/me"]).await?;
    ensure!(!std::fs::read_to_string(stack.data().join("edge.log"))?.contains("secret-token"));
    Ok(())
}

#[tokio::test]
async fn match_has_at_most_three_lines_in_the_log_of_the_edge() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    for _ in 0..MATCHES {
        let (room, ana, bo) = matched(&server).await?;
        let mut a = server.room(&room, &ana).connect().await?;
        a.welcome().await?;
        let mut b = server.room(&room, &bo).connect().await?;
        b.welcome().await?;
        for _ in 0..20 {
            a.ok(json!({"op": "say", "body": "a private word"})).await?;
        }
        a.ok(json!({"op": "end", "body": null})).await?;
        b.closed_with(4007).await?;
        recorded_match(&server, &ana, &room).await?;
        logged(&stack, "edge.log", &["a match ended", &room]).await?;
    }
    let lines = edge_lines(stack.data())?;
    let ends = lines.iter().filter(|line| line["msg"] == "a match ended");
    ensure!(ends.clone().count() == MATCHES, "{lines:?}");
    ensure!(lines.len() <= LINES_PER_MATCH * MATCHES, "{} lines: {lines:?}", lines.len());
    for line in ends {
        let mut keys: Vec<&str> = line.as_object().context("an object")?.keys().map(String::as_str).collect();
        keys.sort_unstable();
        ensure!(keys == ["code", "level", "ms", "msg", "object", "route", "trace", "ts"], "{line}");
        ensure!(text(line, "/trace").len() == 32 && text(line, "/object").starts_with("room:m_"), "{line}");
    }
    let log = std::fs::read_to_string(stack.data().join("edge.log"))?;
    ensure!(!log.contains("a private word"), "a message is in the log");
    Ok(())
}
