//! Tests the codes of refused requests, and the headers for browsers.

use crate::world::{ORIGIN, World};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeSet;
use xtask::root::Root;

/// Method, path and body; status, code and field.
type Row<'a> = (&'a str, &'a str, &'a str, u16, &'a str, Option<&'a str>);

const REFUSED: &[Row<'static>] = &[
    ("POST", "/v1/sessions", "{", 400, "bad_json", None),
    ("POST", "/v1/sessions", "{}", 400, "bad_body", Some("guest")),
    ("POST", "/v1/sessions", "{} {}", 400, "bad_json", None),
    ("POST", "/v1/sessions", "[]", 400, "bad_body", None),
    ("POST", "/v1/sessions", r#"{"guest":{"name":7}}"#, 400, "bad_body", Some("guest.name")),
    ("POST", "/v1/sessions", r#"{"guest":{"name":"A","admin":true}}"#, 400, "bad_body", Some("guest.admin")),
    ("POST", "/v1/sessions", r#"{"guest":{"name":" "}}"#, 400, "bad_text", Some("guest.name")),
    ("POST", "/v1/sessions", r#"{"id_token":"x","guest":{"name":"A"}}"#, 400, "bad_body", Some("guest")),
    ("POST", "/v1/sessions/refresh", "{}", 400, "bad_body", None),
    ("PUT", "/v1/sessions", "", 405, "method_not_allowed", None),
    ("DELETE", "/v1/sessions?except=mine", "", 400, "bad_query", Some("except")),
    ("DELETE", "/v1/sessions/p_1", "", 400, "bad_id", Some("sid")),
    ("DELETE", "/v1/sessions/s_1", "", 404, "session_not_found", Some("sid")),
    ("PUT", "/v1/blocks/bob", "", 400, "bad_id", Some("player")),
    ("PUT", "/v1/blocks/p_nobody", "", 404, "player_not_found", Some("player")),
    ("PUT", "/v1/follows/p_nobody", "", 404, "player_not_found", Some("player")),
    ("GET", "/v1/blocks?limit=51", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/follows?cursor=x", "", 400, "bad_cursor", Some("cursor")),
    ("PUT", "/v1/presence/me", r#"{"hidden":1}"#, 400, "bad_body", Some("hidden")),
    ("PUT", "/v1/bans/p_1", r#"{"reason":"x"}"#, 403, "not_moderator", None),
    ("GET", "/v1/bans/me", "", 404, "not_banned", None),
    ("GET", "/v1/profiles/bob", "", 400, "bad_id", Some("player")),
    ("GET", "/v1/profiles/p_nobody", "", 404, "player_not_found", Some("player")),
    ("GET", "/v1/matches?player=me&limit=51", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=0", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=-1", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=2.5", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=99999999999999999999", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&limit=1&limit=2", "", 400, "bad_query", None),
    ("GET", "/v1/matches?player=me&pool=No%20pool", "", 400, "bad_query", Some("pool")),
    ("GET", "/v1/matches?player=me&from=1969-12-31T23:59:59Z", "", 400, "bad_query", Some("from")),
    ("GET", "/v1/matches?player=me&to=1969-12-31T23:59:59.9999Z", "", 400, "bad_query", Some("to")),
    ("GET", "/v1/matches?player=me&from=1795253400123", "", 400, "bad_query", Some("from")),
    ("GET", "/v1/matches?player=me&from=", "", 400, "bad_query", Some("from")),
    ("GET", "/v1/blocks?limit=ten", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/follows?limit=0x10", "", 400, "bad_query", Some("limit")),
    ("GET", "/v1/matches?player=me&cursor=x", "", 400, "bad_cursor", Some("cursor")),
    ("GET", "/v1/matches?player=me&page=2", "", 400, "bad_query", Some("page")),
    ("GET", "/nowhere", "", 404, "not_found", None),
];

#[tokio::test]
async fn bad_requests_have_their_status_code_and_field() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let long = json!({"guest": {"name": "x".repeat(41)}}).to_string();
    let large = format!("{{\"guest\":{{\"name\":\"{}\"}}}}", "x".repeat(70_000));
    let many =
        format!("/v1/profiles?ids={}", (0..101).map(|n| format!("p_{n}")).collect::<Vec<_>>().join(","));
    let measured: &[Row<'_>] = &[
        ("POST", "/v1/sessions", &long, 400, "bad_text", Some("guest.name")),
        ("POST", "/v1/sessions", &large, 413, "too_large", None),
        ("POST", "/v1/sessions", r#"{"id_token":"x"}"#, 403, "no_identity_provider", Some("id_token")),
        ("GET", "/v1/profiles", "", 400, "bad_query", None),
        ("GET", "/v1/profiles?ids=", "", 400, "bad_id", Some("ids")),
        ("GET", &many, "", 400, "too_many", Some("ids")),
        ("GET", "/v1/matches?player=p_other", "", 400, "bad_query", Some("player")),
    ];
    for (method, path, body, status, code, field) in REFUSED.iter().chain(measured).copied() {
        let bearer = format!("Bearer {}", ana.access);
        let answer = world.request(method, path, &[("authorization", &bearer)], body.to_owned()).await?;
        answer.is_problem(status, code);
        assert_eq!(answer.body["field"].as_str(), field, "{method} {path}: {}", answer.body);
    }
    let text = [("content-type", "text/plain")];
    world
        .request("POST", "/v1/sessions", &text, "{}".into())
        .await?
        .is_problem(415, "unsupported_media_type");
    world.request("GET", "/v1/profiles/me", &[], String::new()).await?.is_problem(401, "token_missing");
    world.get("/v1/profiles/me", "x.y.z").await?.is_problem(401, "token_invalid");
    let basic = [("authorization", "Basic eDp5")];
    world.request("GET", "/v1/profiles/p_1", &basic, String::new()).await?.is_problem(401, "token_invalid");
    let bad = json!({"id": "m_1"}).to_string();
    world.signed("POST", "/internal/v1/matches", bad).await?.is_problem(400, "bad_body");

    let closed = World::with_config(&[("GUESTS", "off")]).await?;
    closed.post("/v1/sessions", json!({"guest": {"name": "Ana"}})).await?.is_problem(403, "guests_off");
    Ok(())
}

#[tokio::test]
async fn cors_and_security_headers_are_set() -> Result<()> {
    let world = World::new().await?;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "if-match,authorization"),
        ];
        world.request("OPTIONS", "/v1/profiles/me", &headers, String::new()).await
    };
    let fine = preflight(ORIGIN).await?;
    assert_eq!((fine.status, fine.header("access-control-allow-origin")), (200, Some(ORIGIN)));
    assert!(fine.header("access-control-allow-headers").is_some_and(|allowed| allowed.contains("if-match")));
    for other in ["https://app.test.evil", "http://app.test", "null"] {
        assert_eq!(preflight(other).await?.header("access-control-allow-origin"), None, "{other}");
    }
    // A page can read a refusal too.
    let refused = world.request("GET", "/v1/profiles/bob", &[("origin", ORIGIN)], String::new()).await?;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (400, Some(ORIGIN)));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(refused.header(name), Some(value));
    }
    assert!(refused.header("content-security-policy").is_some());
    Ok(())
}

/// The need of a page of another origin for a header that docs/protocol.md names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Permission to send it.
    Send,
    /// Permission to read it.
    Read,
    /// No permission: browsers set it or let every page read it, or no page uses it.
    Nothing,
}

/// Returns the need of a header; none for a text that is no header.
fn need(name: &str) -> Option<Need> {
    Some(match name {
        "Authorization" | "Content-Type" | "If-Match" | "If-None-Match" | "Idempotency-Key"
        | "Audit-Reason" => Need::Send,
        "ETag" | "Retry-After" | "Allow" | "Location" | "Idempotency-Replayed" | "Server-Timing" => {
            Need::Read
        }
        "Origin" | "Cache-Control" | "Upgrade" | "Age" => Need::Nothing,
        _ => return None,
    })
}

/// Returns the headers that docs/protocol.md names in code: with a hyphen, or known by name.
fn named_headers() -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(Root::here().path("docs/protocol.md"))?;
    let words = text.split('`').skip(1).step_by(2).filter_map(|code| code.split([':', ' ']).next());
    let like_a_header = |word: &&str| {
        let parts = word.split('-');
        let capital = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
        word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            && parts.clone().all(capital)
            && (parts.count() > 1 || need(word).is_some())
    };
    Ok(words.filter(like_a_header).map(str::to_owned).collect())
}

#[tokio::test]
async fn pages_of_allowed_origins_can_use_every_documented_header() -> Result<()> {
    let world = World::new().await?;
    let headers = named_headers()?;
    for known in
        ["Authorization", "Idempotency-Key", "If-Match", "Idempotency-Replayed", "Retry-After", "ETag"]
    {
        assert!(headers.contains(known), "{known} is not found in docs/protocol.md: {headers:?}");
    }
    let mut sent: Vec<String> = vec!["content-type".into()];
    let mut read = Vec::new();
    for name in &headers {
        match need(name).with_context(|| format!("{name}: say whether pages send it or read it"))? {
            Need::Send => sent.push(name.to_lowercase()),
            Need::Read => read.push(name.to_lowercase()),
            Need::Nothing => {}
        }
    }
    let asked = sent.join(",");
    let request = [
        ("origin", ORIGIN),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", &asked),
    ];
    let allowed = world.request("OPTIONS", "/v1/reports", &request, String::new()).await?;
    let list = |answer: &crate::world::Answer, name: &str| -> BTreeSet<String> {
        let text = answer.header(name).unwrap_or_default();
        text.split(',').map(|one| one.trim().to_lowercase()).collect()
    };
    let may_send = list(&allowed, "access-control-allow-headers");
    for name in &sent {
        assert!(may_send.contains(name), "a page cannot send {name}: {may_send:?}");
    }
    // An answer and a refusal alike.
    for path in ["/health", "/v1/sessions"] {
        let answer = world.request("GET", path, &[("origin", ORIGIN)], String::new()).await?;
        let may_read = list(&answer, "access-control-expose-headers");
        for name in &read {
            assert!(may_read.contains(name), "a page cannot read {name} of {path}: {may_read:?}");
        }
    }
    Ok(())
}
