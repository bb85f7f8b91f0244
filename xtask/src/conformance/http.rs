//! Checks of the edge's HTTP routes.

use anyhow::{Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::Fixture;
use super::fixture::must;
use crate::wire::server::send;
use crate::wire::text;

checks! {
    "W-200" "GET of a lobby without an upgrade is 426" => upgrade;
    "W-201" "POST /v1/rooms is 201 with the room's name" => room;
    "W-202" "POST /v1/rooms without a token is 401" => no_token;
    "W-203" "POST /v1/rooms with an invalid body is 400" => bad_wish;
    "W-204" "POST /v1/rooms with more than 4 KiB is 413" => long_wish;
    "W-205" "GET /v1/rooms/{room} is a summary: room, pool, phase, members, at" => summary;
    "W-206" "GET of an unknown room is 404" => no_room;
    "W-207" "an unknown path under /v1 is 404" => no_path;
    "W-208" "an unsupported method is 405" => no_method;
    "W-209" "errors are problem documents with status, code and detail" => problem;
    "W-210" "/health is 200 and says ok" => health;
    "W-211" "/v1/config names region and pools, and is not cached" => config;
    "W-212" "pages have the headers that protect them from other origins" => headers;
    "W-213" "a summary contains no message of the room" => no_secrets;
    "W-260" "405 names the supported methods" => allowed;
    "W-261" "a page of another origin may not read answers" => foreign;
    "W-263" "/ready is 200 while all dependencies answer" => ready;
    "W-264" "/metrics is Prometheus text, or 401 without its token" => metrics;
    "W-262" "every answer has the headers that prevent sniffing and framing" => protected;
}

/// Checks that an answer is a problem document with this status and code.
pub(super) async fn is_problem(answer: Response, status: u16, code: &str) -> Result<Value> {
    let got = answer.status().as_u16();
    let kind = answer.headers().get("content-type").cloned();
    let body: Value = answer.json().await?;
    ensure!(got == status, "{got} instead of {status}: {body}");
    let kind = kind.and_then(|kind| kind.to_str().map(str::to_owned).ok());
    let is_problem = kind.is_some_and(|kind| kind.starts_with("application/problem+json"));
    must(is_problem, "application/problem+json", &body)?;
    must(text(&body, "/code") == code, code, &body)?;
    Ok(body)
}

async fn upgrade(fixture: Fixture) -> Result<()> {
    let pool = fixture.pool().await?;
    let answer = fixture.server().get(&format!("/v1/lobbies/{pool}")).await?;
    is_problem(answer, 426, "upgrade_required").await.map(drop)
}

async fn room(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    for wish in ["", "{}", r#"{"seats":64,"rules":{"spectators":true}}"#] {
        let post = fixture.server().post("/v1/rooms", Some(&guest.token), wish.to_owned());
        let answer = post.await?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await?;
        ensure!(status == 201, "{wish} was answered {status} {body}");
        must(text(&body, "/room").starts_with("m_"), "room", &body)?;
    }
    Ok(())
}

async fn no_token(fixture: Fixture) -> Result<()> {
    for token in [None, Some("garbage")] {
        let post = fixture.server().post("/v1/rooms", token, "{}".into());
        is_problem(post.await?, 401, "token_invalid").await?;
    }
    Ok(())
}

async fn wish(fixture: &Fixture, wish: String, status: u16, code: &str) -> Result<()> {
    let guest = fixture.guest().await?;
    let post = fixture.server().post("/v1/rooms", Some(&guest.token), wish);
    is_problem(post.await?, status, code).await.map(drop)
}

async fn bad_wish(fixture: Fixture) -> Result<()> {
    let wishes = [
        json!({"seats": 0}),
        json!({"seats": 65}),
        json!({"seats": "2"}),
        json!({"colour": "red"}),
        json!({"rules": {"colour": "red"}}),
        json!({"rules": {"end": "whoever"}}),
        json!({"rules": {"linger_s": 14_401}}),
        json!([]),
    ];
    for bad in wishes {
        wish(&fixture, bad.to_string(), 400, "bad_field").await?;
    }
    wish(&fixture, "{".into(), 400, "bad_field").await
}

async fn long_wish(fixture: Fixture) -> Result<()> {
    let long = format!("{{}}{}", " ".repeat(shared::limits::RESULT_BYTES_MAX));
    wish(&fixture, long, 413, "too_long").await
}

async fn summary(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let path = format!("/v1/rooms/{}", pair.room);
    let answer = fixture.server().get(&path).await?;
    ensure!(answer.status().as_u16() == 200, "{}", answer.status());
    let body: Value = answer.json().await?;
    must(text(&body, "/room") == pair.room, "room", &body)?;
    must(body.get("pool").is_some(), "pool", &body)?;
    must(text(&body, "/phase") == "open", "phase", &body)?;
    let members = body.get("members").and_then(Value::as_array);
    must(members.map(Vec::len) == Some(2), "members", &body)?;
    let at = body.get("at").is_some_and(Value::is_u64);
    must(at, "at", &body)
}

async fn no_room(fixture: Fixture) -> Result<()> {
    for name in ["m_nosuchroom", "no-name", "m_%2e%2e"] {
        let answer = fixture.server().get(&format!("/v1/rooms/{name}")).await?;
        is_problem(answer, 404, "not_found").await?;
    }
    Ok(())
}

async fn no_path(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/v1/elsewhere").await?;
    is_problem(answer, 404, "not_found").await.map(drop)
}

async fn no_method(fixture: Fixture) -> Result<()> {
    let post = fixture.server().post("/health", None, String::new());
    is_problem(post.await?, 405, "method_not_allowed").await?;
    // An uncommon origin that no allow list contains.
    let url = format!("{}/health", fixture.server().edge());
    let query = Method::from_bytes(b"QUERY")?;
    let answer = send(fixture.server().http().request(query, &url)).await?;
    is_problem(answer, 405, "method_not_allowed").await.map(drop)
}

async fn ready(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/ready").await?;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await?;
    ensure!(status == 200, "{status}: {body}");
    must(text(&body, "/status") == "ready", "status", &body)?;
    let missing = body.get("missing").and_then(Value::as_array);
    must(missing.is_some_and(Vec::is_empty), "missing", &body)
}

async fn metrics(fixture: Fixture) -> Result<()> {
    fixture.server().get("/health").await?;
    let answer = fixture.server().get("/metrics").await?;
    if answer.status().as_u16() == 401 {
        return is_problem(answer, 401, "token_invalid").await.map(drop);
    }
    let kind = answer.headers().get("content-type").cloned();
    let kind = kind.and_then(|kind| kind.to_str().map(str::to_owned).ok());
    ensure!(kind.is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    let all = answer.text().await?;
    for line in all.lines() {
        let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        ensure!(line.starts_with("# ") || value.is_some(), "{line:?}");
    }
    let served = "matchpoint_requests_total{route=\"/health\",status=\"200\"}";
    ensure!(all.contains(served), "{all}");
    Ok(())
}

async fn allowed(fixture: Fixture) -> Result<()> {
    for (path, allow) in [("/health", "GET, HEAD"), ("/v1/config", "GET, HEAD")] {
        let answer = fixture.server().post(path, None, String::new()).await?;
        let named = answer.headers().get("allow").cloned();
        ensure!(answer.status().as_u16() == 405, "{path}: {}", answer.status());
        ensure!(named.is_some_and(|named| named == allow), "{path}: no Allow");
    }
    let answer = fixture.server().get("/v1/rooms").await?;
    let named = answer.headers().get("allow").cloned();
    ensure!(named.is_some_and(|named| named == "POST"), "no Allow: POST");
    is_problem(answer, 405, "method_not_allowed").await.map(drop)
}

async fn foreign(fixture: Fixture) -> Result<()> {
    let url = format!("{}/v1/config", fixture.server().edge());
    let ask = |method| {
        let request = fixture.server().http().request(method, &url);
        let origin = request.header("origin", "https://e.example");
        send(origin.header("access-control-request-method", "GET"))
    };
    for method in [Method::GET, Method::OPTIONS] {
        let answer = ask(method.clone()).await?;
        let allowed = answer.headers().get("access-control-allow-origin");
        ensure!(allowed.is_none(), "{method}: {allowed:?}");
        ensure!(answer.status().is_success(), "{method} {}", answer.status());
    }
    Ok(())
}

async fn protected(fixture: Fixture) -> Result<()> {
    for path in ["/health", "/v1/config", "/v1/elsewhere", "/v1/rooms", "/"] {
        let answer = fixture.server().get(path).await?;
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            value.to_str().ok()
        };
        for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
            ensure!(header(name) == Some(value), "{path}: {name}");
        }
        let policy = header("content-security-policy").unwrap_or_default();
        let tight = policy.contains("default-src 'none'");
        ensure!(tight, "{path}: {policy:?}");
        ensure!(header("cache-control").is_some(), "{path}: cache-control");
    }
    Ok(())
}

async fn problem(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/v1/elsewhere").await?;
    let body = is_problem(answer, 404, "not_found").await?;
    must(body.get("status") == Some(&json!(404)), "status", &body)?;
    must(!text(&body, "/type").is_empty(), "type", &body)?;
    must(!text(&body, "/detail").is_empty(), "detail", &body)
}

async fn health(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/health").await?;
    ensure!(answer.status().as_u16() == 200, "{}", answer.status());
    let body: Value = answer.json().await?;
    must(text(&body, "/status") == "ok", "status", &body)
}

async fn config(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/v1/config").await?;
    let cache = answer.headers().get("cache-control").cloned();
    let body: Value = answer.json().await?;
    must(text(&body, "/region").starts_with("http"), "region", &body)?;
    must(body.get("pools").is_some_and(Value::is_array), "pools", &body)?;
    ensure!(cache.is_some_and(|cache| cache == "no-store"), "it is cached");
    Ok(())
}

async fn headers(fixture: Fixture) -> Result<()> {
    let answer = fixture.server().get("/").await?;
    let headers = answer.headers();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let policy = header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        ensure!(policy.contains(part), "no {part} in {policy:?}");
    }
    // `'wasm-unsafe-eval'` lets a page compile WebAssembly of its own origin, and no text.
    let is_unsafe = |source: &str| matches!(source, "'unsafe-inline'" | "'unsafe-eval'" | "'unsafe-hashes'");
    ensure!(!policy.split([' ', ';']).any(is_unsafe), "{policy}");
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
        ensure!(header(name) == Some(value), "{name}: {:?}", header(name));
    }
    ensure!(header("permissions-policy").is_some(), "permissions-policy");
    Ok(())
}

async fn no_secrets(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    pair.a.ok(super::fixture::say("secret")).await?;
    let set = json!({"op": "set", "body": {"keys": {"secret": 1}}});
    pair.a.ok(set).await?;
    let path = format!("/v1/rooms/{}", pair.room);
    let body: Value = fixture.server().get(&path).await?.json().await?;
    must(!body.to_string().contains("secret"), "no word", &body)
}
