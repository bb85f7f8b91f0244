//! Tests of the service API of queues: an own backend puts tickets into a queue, reads them and cancels them.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::service_key::Scope;
use tests::stack::{self, WebSockets};
use tokio::time::{Duration, Instant, sleep};
use xtask::next_event;
use xtask::wire::{LobbyEvent, Player, text, unique};

use super::chat::server;
use super::service_backend::{ACTOR, Backend, stack_with_keys};

const POOL: &str = "speed-dating";

impl Backend<'_> {
    async fn put(&self, pool: &str, player: &str, key: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let path = format!("/v1/queues/{pool}/tickets/{player}");
        let request = self.request(Method::PUT, &path).header("idempotency-key", key).json(body);
        self.send(request).await
    }

    async fn ticket(&self, method: Method, pool: &str, player: &str) -> Result<(StatusCode, Value)> {
        self.send(self.request(method, &format!("/v1/queues/{pool}/tickets/{player}"))).await
    }

    /// Reads the ticket of a player until it ended.
    async fn ending(&self, pool: &str, player: &Player) -> Result<Value> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let (status, ticket) = self.ticket(Method::GET, pool, &player.id).await?;
            ensure!(status == 200, "{status}: {ticket}");
            if ticket["ended"].is_u64() {
                return Ok(ticket);
            }
            ensure!(Instant::now() < deadline, "{ticket}");
            // No event reports to a backend that a ticket ended, so the test polls.
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Returns the body of a ticket that is matched only with others of the same mark.
fn marked(mark: &str) -> Value {
    json!({ "attrs": { "mark": mark }, "wants": [{ "attr": "mark", "is": mark }] })
}

#[tokio::test]
async fn backend_matches_a_player_without_a_socket_with_one_that_has_one() -> Result<()> {
    let stack = stack::start().await?;
    let backend = Backend::of(&stack)?;
    let server = server(&stack)?;
    let (ana, bo, mark) = (server.guest("Ana").await?, server.guest("Bo").await?, unique());
    let mut socket = server.lobby(POOL, &ana).connect().await?;
    socket.welcome().await?;

    let (status, first) = backend.put(POOL, &ana.id, "one", &marked(&mark)).await?;
    ensure!(status == 201 && text(&first, "/state") == "waiting", "{status}: {first}");
    ensure!(text(&first, "/by") == ACTOR && first["players"] == json!([ana.id]), "{first}");
    // The player sees the ticket that the backend put into the queue.
    let queued = next_event!(socket, LobbyEvent::Queued).await?;
    ensure!(queued["body"]["ticket"] == first["ticket"], "{queued}");
    // A lost answer is repeated, also after a kill.
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    let (status, again) = backend.put(POOL, &ana.id, "one", &marked(&mark)).await?;
    ensure!(status == 200 && again == first, "{status}: {again}");

    let (status, _) = backend.put(POOL, &bo.id, "two", &marked(&mark)).await?;
    ensure!(status == 201, "{status}");
    let ended = backend.ending(POOL, &bo).await?;
    ensure!(text(&ended, "/state") == "matched", "{ended}");
    let room = text(&ended, "/room").to_owned();
    // The lobby has left memory, and the repetition puts no player into the queue again.
    stack.evict("LobbyObject", &format!("{POOL}:0"), WebSockets::Hibernate).await?;
    let (status, repeated) = backend.put(POOL, &bo.id, "two", &marked(&mark)).await?;
    ensure!(status == 200 && repeated == ended, "{status}: {repeated}");
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let (status, busy) = backend.put(POOL, &bo.id, "three", &marked(&mark)).await?;
    ensure!(status == 409 && text(&busy, "/code") == "in_match", "{status}: {busy}");
    ensure!(text(&busy, "/detail").contains(&room), "{busy}");
    let actions = backend.actions("player", &bo.id, 1).await?;
    ensure!(
        text(&actions[0], "/action") == "queues.enter" && text(&actions[0], "/by") == ACTOR,
        "{actions:?}"
    );
    Ok(())
}

#[tokio::test]
async fn backend_cancels_a_ticket_in_a_divided_queue() -> Result<()> {
    let stack = stack::shared().await?;
    let backend = Backend::of(stack)?;
    let server = server(stack)?;
    let ana = server.guest("Ana").await?;
    let (status, none) = backend.ticket(Method::GET, "ladder", &ana.id).await?;
    ensure!(status == 404 && text(&none, "/code") == "no_ticket", "{status}: {none}");
    let (status, entered) = backend.put("ladder", &ana.id, "one", &marked(&unique())).await?;
    ensure!(status == 201, "{status}: {entered}");
    // The player connects to the shard in which the ticket is.
    let mut socket = server.lobby("ladder", &ana).connect().await?;
    ensure!(socket.welcome().await?["recovered"] == true, "the ticket is in another shard");
    let (status, canceled) = backend.ticket(Method::DELETE, "ladder", &ana.id).await?;
    ensure!(status == 200 && text(&canceled, "/state") == "canceled", "{status}: {canceled}");
    let expired = next_event!(socket, LobbyEvent::Expired).await?;
    ensure!(text(&expired, "/body/reason") == "canceled", "{expired}");
    let (status, again) = backend.ticket(Method::DELETE, "ladder", &ana.id).await?;
    ensure!(status == 200 && again == canceled, "{status}: {again}");
    let actions = backend.actions("player", &ana.id, 2).await?;
    let told: Vec<&str> = actions.iter().map(|one| text(one, "/action")).collect();
    ensure!(told == ["queues.cancel", "queues.enter"], "{told:?}");
    Ok(())
}

#[tokio::test]
async fn wrong_requests_about_tickets_are_refused_with_their_reason() -> Result<()> {
    let (rooms, rooms_text) = xtask::keys::create("rooms-only", [Scope::Rooms].into())?;
    let (queues, queues_text) = xtask::keys::create("queues-only", [Scope::Queues].into())?;
    let stack = stack_with_keys(&[rooms, queues]).await?;
    let mut backend = Backend::of(&stack)?;
    backend.key = queues_text;
    let ana = server(&stack)?.guest("Ana").await?;
    let check = |(status, body): (StatusCode, Value), expected: u16, part: &str| {
        let told = body.to_string();
        ensure!(
            status == expected && told.contains(part),
            "{status}: {told}, and not {expected} with {part}"
        );
        anyhow::Ok(())
    };
    let body = json!({});
    check(backend.put("nowhere", &ana.id, "k", &body).await?, 404, "This pool does not exist")?;
    check(backend.put(POOL, "ana", "k", &body).await?, 400, "bad_id")?;
    check(backend.put(POOL, "p_nobody", "k", &body).await?, 404, "player_not_found")?;
    check(backend.put(POOL, &ana.id, "a b", &body).await?, 400, "Idempotency-Key")?;
    check(backend.put(POOL, &ana.id, "k", &json!([])).await?, 400, "bad_field")?;
    check(backend.put(POOL, &ana.id, "k", &json!({ "wishes": [] })).await?, 400, "`attrs` and `wants`")?;
    let tier = json!({ "attrs": { "tier": "gold" } });
    check(backend.put(POOL, &ana.id, "k", &tier).await?, 400, "body.attrs.tier")?;
    let path = format!("/v1/queues/{POOL}/tickets/{}", ana.id);
    check(backend.send(backend.request(Method::PUT, &path).body("{")).await?, 400, "bad_json")?;
    check(backend.send(backend.request(Method::POST, &path)).await?, 405, "GET, HEAD, PUT, DELETE")?;
    check(backend.ticket(Method::DELETE, POOL, &ana.id).await?, 404, "no_ticket")?;
    backend.key = rooms_text;
    check(backend.put(POOL, &ana.id, "k", &body).await?, 403, "`queues`")?;
    backend.key.clone_from(&ana.token);
    check(backend.put(POOL, &ana.id, "k", &body).await?, 403, "is no operator").context("a player")
}

#[tokio::test]
async fn backend_sees_the_figures_of_queues_and_why_a_ticket_waits() -> Result<()> {
    let stack = stack::start().await?;
    let backend = Backend::of(&stack)?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let wants = json!([{ "attr": "lang", "is": "en", "relax": { "after_s": 600 } }]);
    let body = json!({ "attrs": { "lang": "fr" }, "wants": wants });
    for player in [&ana, &bo] {
        let (status, ticket) = backend.put(POOL, &player.id, "one", &body).await?;
        ensure!(status == 201, "{status}: {ticket}");
    }
    let deadline = Instant::now() + Duration::from_mins(1);
    let figures = loop {
        let (status, list) = backend.get("/v1/queues").await?;
        ensure!(status == 200, "{status}: {list}");
        let queues = list["queues"].as_array().context("a list")?;
        ensure!(queues.iter().any(|it| it["pool"] == "ladder" && it["figures"]["tickets"] == 0), "{list}");
        let queue = queues.iter().find(|it| it["pool"] == POOL).context("the pool")?;
        if queue["figures"]["tickets"] == 2 {
            break queue["figures"].clone();
        }
        ensure!(Instant::now() < deadline, "{list}");
        // No event reports that the index has the figures, so the test polls.
        sleep(Duration::from_millis(100)).await;
    };
    ensure!(figures["players"] == 2 && figures["oldest"].is_u64() && figures["as_of"].is_u64(), "{figures}");

    let (status, page) = backend.get(&format!("/v1/queues/{POOL}/tickets")).await?;
    ensure!(status == 200 && page["cursor"].is_null(), "{status}: {page}");
    let first = &page["tickets"][0];
    ensure!(first["status"]["players"] == json!([ana.id]) && first["status"]["by"] == ACTOR, "{page}");
    ensure!(first["why"]["fit_later"] == 1, "{page}");
    ensure!(first["nearest"]["players"] == json!([bo.id]) && first["nearest"]["rule"].is_string(), "{page}");
    let (_, empty) = backend.get("/v1/queues/ladder/tickets").await?;
    ensure!(empty == json!({ "tickets": [], "cursor": null }), "{empty}");
    let (status, wrong) = backend.get(&format!("/v1/queues/{POOL}/tickets?cursor=x")).await?;
    ensure!(status == 400 && text(&wrong, "/code") == "bad_query", "{status}: {wrong}");
    Ok(())
}
