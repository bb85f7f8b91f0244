//! Tests of the service API: an own backend creates rooms with named seats, speaks in them, ends them, and looks at them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::stack::{self, Stack, WebSockets};
use tokio::time::{Instant, sleep};
use xtask::next_event;
use xtask::wire::{Player, RoomEvent, Server, text};

use super::chat::server;
use super::match_history::recorded_match;
use super::service_backend::{ACTOR, Backend, stack_with_keys};

#[tokio::test]
async fn backend_creates_a_room_with_named_seats_and_ends_it_with_a_result() -> Result<()> {
    let stack = stack::start().await?;
    let backend = Backend::of(&stack)?;
    let server = server(&stack)?;
    let (ana, bo, eve) = (server.guest("Ana").await?, server.guest("Bo").await?, server.guest("Eve").await?);
    let room = backend.room(&[&ana, &bo], json!({ "rules": { "end": "nobody" } }), "lesson-7").await?;
    // A lost answer is repeated, and creates nothing again.
    ensure!(backend.room(&[&ana, &bo], json!({ "rules": { "end": "nobody" } }), "lesson-7").await? == room);

    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    let mut stranger = server.room(&room, &eve).connect().await?;
    stranger.closed_with(4005).await?;

    // Once for all, once for one, and a repetition of the first.
    let frame = json!([
        { "op": "say", "key": "hello", "body": { "text": "Welcome." } },
        { "op": "signal", "to": ana.id, "body": { "hint": "e4" } },
    ]);
    let (status, body) = backend.command(&room, frame).await?;
    ensure!(status == 200 && body["replies"][1]["ok"]["at"].is_u64(), "{status}: {body}");
    let (_, again) = backend.command(&room, json!({ "op": "say", "key": "hello", "body": 1 })).await?;
    ensure!(again["replies"][0]["ok"] == body["replies"][0]["ok"], "{again}");
    let said = next_event!(b, RoomEvent::Said).await?;
    ensure!(format!("{said:?}").contains("Welcome."), "{said:?}");
    let told = next_event!(a, RoomEvent::Signal).await?;
    ensure!(format!("{told:?}").contains("e4"), "{told:?}");

    // The effects of the commands survive the loss of the room's memory at once.
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    let (status, log) = backend.get(&format!("/v1/rooms/{room}/log")).await?;
    ensure!(status == 200, "{status}: {log}");
    let events = log["events"].as_array().context("events")?;
    ensure!(events.iter().any(|one| one["by"] == ACTOR && one["body"]["text"] == "Welcome."), "{log}");
    ensure!(!log.to_string().contains("e4"), "the log shows what only one member received: {log}");
    let at = body["replies"][0]["ok"]["at"].as_u64().context("a position")?;
    let (_, later) = backend.get(&format!("/v1/rooms/{room}/log?after={at}")).await?;
    ensure!(
        later["events"].as_array().is_some_and(|all| all.iter().all(|one| one["at"].as_u64() > Some(at)))
    );

    check_end(&backend, &server, &room, &ana, &bo).await
}

/// Ends a room whose members may not end it, and checks the record and the audit trail.
async fn check_end(
    backend: &Backend<'_>,
    server: &Server,
    room: &str,
    ana: &Player,
    bo: &Player,
) -> Result<()> {
    let (status, ended) = backend.command(room, json!({ "op": "end", "body": { "winner": bo.id } })).await?;
    ensure!(status == 200 && ended["replies"][0]["ok"]["at"].is_u64(), "{status}: {ended}");
    let record = recorded_match(server, ana, room).await?;
    ensure!(record["by"] == ACTOR && record["result"]["winner"] == json!(bo.id), "{record}");
    let (_, over) = backend.command(room, json!({ "op": "say", "body": 1 })).await?;
    ensure!(over["replies"][0]["err"]["code"] == "room_over", "{over}");

    let actions = backend.actions("room", room, 3).await?;
    let told: Vec<(&str, &str)> =
        actions.iter().map(|one| (text(one, "/action"), text(one, "/detail"))).collect();
    ensure!(
        told == [("rooms.commands", "end"), ("rooms.commands", "say signal"), ("rooms.create", "2 seats")],
        "{told:?}"
    );
    ensure!(actions.iter().all(|one| one["by"] == ACTOR));
    Ok(())
}

#[tokio::test]
async fn backend_looks_at_a_room_and_puts_a_member_out() -> Result<()> {
    let stack = stack::start().await?;
    let backend = Backend::of(&stack)?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let mode = json!({ "mode": "rock-paper-scissors@1", "mode_config": { "round_s": 600 } });
    let room = backend.room(&[&ana, &bo], mode, "duel").await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    next_event!(a, RoomEvent::Started).await?;
    a.ok(json!({ "op": "move", "body": "rock" })).await?;
    // The room has left memory, and is woken.
    stack.evict("RoomObject", &room, WebSockets::Hibernate).await?;

    let path = format!("/v1/rooms/{room}/inspection");
    let (status, seen) = backend.get(&path).await?;
    ensure!(status == 200, "{status}: {seen}");
    ensure!(
        seen["members"].as_array().map(Vec::len) == Some(2) && seen["sockets"][0]["role"] == "member",
        "{seen}"
    );
    let socket = &seen["sockets"][0];
    ensure!(
        socket["level"] == "all" && (socket["unsent_bytes"] == 0 || socket["unsent_bytes"].is_null()),
        "{seen}"
    );
    ensure!(seen["game"]["state"]["chosen"] == json!({ "0": true }), "{seen}");
    ensure!(!seen.to_string().contains("rock\""), "a hidden choice is shown: {seen}");
    let (_, hidden) = backend.get(&format!("{path}?hidden=1")).await?;
    ensure!(hidden["game"]["seats"][0]["yours"] == json!({ "0": "rock" }), "{hidden}");

    let (status, out) = backend.command(&room, json!({ "op": "kick", "to": bo.id })).await?;
    ensure!(status == 200 && out["replies"][0]["ok"]["at"].is_u64(), "{status}: {out}");
    b.closed_with(4002).await?;
    let actions = backend.actions("room", &room, 3).await?;
    let told: Vec<&str> = actions.iter().map(|one| text(one, "/action")).collect();
    ensure!(told == ["rooms.commands", "rooms.inspect_hidden", "rooms.create"], "{told:?}");
    Ok(())
}

#[tokio::test]
async fn wrong_requests_of_services_are_refused_with_their_reason() -> Result<()> {
    let stack = stack::shared().await?;
    let mut backend = Backend::of(stack)?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let room = backend.room(&[&ana], json!({}), "wrong").await?;
    let check = |(status, body): (StatusCode, Value), expected: u16, part: &str| {
        let told = body.to_string();
        ensure!(
            status == expected && told.contains(part),
            "{status}: {told}, and not {expected} with {part}"
        );
        anyhow::Ok(())
    };
    let path = format!("/v1/rooms/{room}/commands");
    let raw = |text: &'static str| backend.request(Method::POST, &path).body(text);
    check(backend.send(raw("{")).await?, 400, "bad_json")?;
    check(backend.send(raw("7")).await?, 400, "an array of such objects")?;
    check(backend.command(&room, json!({ "op": "move", "body": 1 })).await?, 200, "A service sends `say`")?;
    check(backend.command(&room, json!({ "op": "kick", "to": "p_nobody" })).await?, 200, "not_found")?;
    check(backend.command("m_none", json!({ "op": "say", "body": 1 })).await?, 404, "not_found")?;
    check(backend.get(&format!("/v1/rooms/{room}/log?after=x")).await?, 400, "after")?;
    check(backend.get(&format!("/v1/rooms/{room}/inspection?hidden=2")).await?, 400, "hidden")?;
    let twice = json!({ "players": [{ "player": ana.id }, { "player": ana.id }] });
    let create = |body: &Value| backend.request(Method::POST, "/v1/rooms").json(body);
    check(backend.send(create(&twice)).await?, 400, "has another seat")?;
    let many = json!({ "seats": 1, "players": [{ "player": "p_1" }, { "player": "p_2" }] });
    check(backend.send(create(&many)).await?, 400, "players: 2 for 1 seats")?;
    let keyed = create(&json!({})).header("idempotency-key", "a b");
    check(backend.send(keyed).await?, 400, "Idempotency-Key")?;

    // Players may not use what only services may.
    backend.key.clone_from(&ana.token);
    check(backend.get(&format!("/v1/rooms/{room}/log")).await?, 403, "is no operator")?;
    let named = json!({ "players": [{ "player": ana.id }] });
    check(
        backend.send(backend.request(Method::POST, "/v1/rooms").json(&named)).await?,
        400,
        "only a service",
    )?;
    backend.key = format!("{}0", stack.service_key());
    check(backend.get(&format!("/v1/rooms/{room}/log")).await?, 401, "token_invalid")
}

#[tokio::test]
async fn key_without_a_scope_is_refused() -> Result<()> {
    let (all, all_text) = xtask::keys::create("rooms-only", [shared::service_key::Scope::Rooms].into())?;
    let (other, other_text) = xtask::keys::create("other", [shared::service_key::Scope::Queues].into())?;
    let stack = stack_with_keys(&[all, other]).await?;
    let mut backend = Backend::of(&stack)?;
    backend.key = all_text;
    let ana = server(&stack)?.guest("Ana").await?;
    let room = backend.room(&[&ana], json!({}), "scopes").await?;
    let (status, body) = backend.get(&format!("/v1/rooms/{room}/inspection?hidden=1")).await?;
    ensure!(status == 403 && text(&body, "/detail").contains("`inspect_hidden`"), "{status}: {body}");
    backend.key = other_text;
    let (status, body) = backend.get(&format!("/v1/rooms/{room}/log")).await?;
    ensure!(status == 403 && text(&body, "/code") == "scope_missing", "{status}: {body}");
    Ok(())
}

#[tokio::test]
async fn operator_acts_at_the_edge_by_its_token_within_its_scopes() -> Result<()> {
    let (stack, [op, ana, eve]) =
        with_operators(|[op, ..]| json!([{ "player": op, "scopes": ["rooms"] }])).await?;
    let mut backend = Backend::of(&stack)?;
    backend.key.clone_from(&op.token);
    let mode = json!({ "mode": "rock-paper-scissors@1", "mode_config": { "round_s": 600 } });
    let room = backend.room(&[&ana, &eve], mode, "operated").await?;
    ensure!(backend.room(&[&ana, &eve], json!({}), "operated").await? == room);
    let mut a = backend.server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = backend.server.room(&room, &eve).connect().await?;
    b.welcome().await?;
    next_event!(a, RoomEvent::Started).await?;
    a.ok(json!({ "op": "move", "body": "rock" })).await?;
    let inspection = format!("/v1/rooms/{room}/inspection");
    let (status, seen) = backend.get(&inspection).await?;
    ensure!(status == 200 && !seen.to_string().contains("rock\""), "{status}: {seen}");
    let (status, hidden) = backend.get(&format!("{inspection}?hidden=1")).await?;
    ensure!(status == 403 && text(&hidden, "/code") == "scope_missing", "{status}: {hidden}");
    ensure!(!hidden.to_string().contains("rock\""), "a hidden choice is shown: {hidden}");
    let frame = json!({ "op": "say", "key": "hello", "body": { "text": "Hello." } });
    let (status, told) = backend.command(&room, frame).await?;
    ensure!(status == 200, "{status}: {told}");
    let (_, log) = backend.get(&format!("/v1/rooms/{room}/log")).await?;
    ensure!(log.to_string().contains(&op.id), "the author is the operator: {log}");

    // An ended login is refused at once, although its token is still valid.
    let sessions = format!("{}/v1/sessions", stack.region_url());
    backend.server.http().delete(sessions).bearer_auth(&op.token).send().await?.error_for_status()?;
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let (status, body) = backend.get(&inspection).await?;
        if status == 401 {
            ensure!(text(&body, "/code") == "session_revoked", "{body}");
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{status}: {body}");
        // No event reports that the notice of the region has arrived, so the test polls.
        sleep(Duration::from_millis(100)).await;
    }
}

/// Starts a stack whose region names operators: it reads them at its start, so it starts twice on the same data.
async fn with_operators(operators: impl FnOnce([&str; 3]) -> Value) -> Result<(Stack, [Player; 3])> {
    let mut saved = None;
    let first = stack::start_with(|options| saved = Some(options.clone())).await?;
    let before = server(&first)?;
    let [a, b, c] = [before.guest("Op").await?, before.guest("Ana").await?, before.guest("Eve").await?];
    first.stop().await;
    drop(first);
    let mut again = saved.context("options")?;
    again.region_env.insert("OPERATORS".to_owned(), operators([&a.id, &b.id, &c.id]).to_string());
    let stack = stack::start_with(|options| *options = again).await?;
    let server = server(&stack)?;
    let players = [server.refresh(&a).await?, server.refresh(&b).await?, server.refresh(&c).await?];
    Ok((stack, players))
}
