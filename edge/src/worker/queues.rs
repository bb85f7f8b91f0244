//! The service API of queues: the operator's backend puts tickets of players into a queue, reads and cancels them, and looks
//! at queues.

use crate::bindings;
use crate::clients::object_rpc;
use crate::error::{Error, Result};
use crate::telemetry::trace;
use crate::worker::body;
use crate::worker::caller::{audit_reason, caller, idempotency_key};
use crate::worker::players::player_id;
use serde_json::{Map, Value, json};
use shared::http::{QueueList, QueueSummary, RequestUrl, TicketCursor};
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::pool::{Pool, Shard, Shards};
use shared::rpc::queue_figures::QueueFigures;
use shared::rpc::queue_service::{QueueAction, QueueServiceAnswer, QueueServiceRequest, TicketStatus};
use shared::rpc::{PlayerRequest, PlayerResponse};
use shared::service_key::Scope;
use shared::wire::{Refusal, RefusalCode};
use std::collections::BTreeMap;
use std::time::Duration;
use worker::{Env, Request, Response};

/// Puts, reads or cancels the ticket of a player.
pub async fn ticket(request: Request, env: &Env, pool: &str, player: &str) -> Result<Response> {
    match request.inner().method().as_str() {
        "PUT" => put_ticket(request, env, pool, player).await,
        "DELETE" => cancel_ticket(&request, env, pool, player).await,
        _ => read_ticket(&request, env, pool, player).await,
    }
}

/// Puts a ticket of a player into a queue. A repetition returns the same ticket, in the queue or as it ended.
async fn put_ticket(mut request: Request, env: &Env, pool: &str, player: &str) -> Result<Response> {
    let by = caller(env, request.headers(), Scope::Queues).await?.by;
    let player = player_id(player)?;
    let key = idempotency_key(request.headers())?;
    let body = options(&body::text(&mut request, limits::FRAME_BYTES_MAX).await?)?;
    let action = QueueAction::Enter { player: player.clone(), key, body };
    let reason = audit_reason(request.headers())?;
    let (created, ticket) = ask(env, pool, &player, traced(by, reason, action)).await?;
    Ok(Response::from_json(&ticket)?.with_status(if created { 201 } else { 200 }))
}

/// Returns the ticket of a player: in the queue, or how the backend's latest one ended.
async fn read_ticket(request: &Request, env: &Env, pool: &str, player: &str) -> Result<Response> {
    let by = caller(env, request.headers(), Scope::Queues).await?.by;
    let player = player_id(player)?;
    let action = QueueAction::Ticket { player: player.clone() };
    let (_, ticket) = ask(env, pool, &player, traced(by, String::new(), action)).await?;
    Ok(Response::from_json(&ticket)?)
}

/// Cancels the ticket of a player. A repetition returns how it ended.
async fn cancel_ticket(request: &Request, env: &Env, pool: &str, player: &str) -> Result<Response> {
    let by = caller(env, request.headers(), Scope::Queues).await?.by;
    let player = player_id(player)?;
    let (reason, action) = (audit_reason(request.headers())?, QueueAction::Cancel { player: player.clone() });
    let (_, ticket) = ask(env, pool, &player, traced(by, reason, action)).await?;
    Ok(Response::from_json(&ticket)?)
}

/// Returns the shard of a pool's queue that a player belongs to.
pub async fn home_shard(env: &Env, name: &PoolName, pool: &Pool, player: &PlayerId) -> Result<u16> {
    let Some(shards) = &pool.shards else { return Ok(0) };
    let request = PlayerRequest::HomeShard { pool: name.clone(), shard: None };
    let known = match object_rpc::player(env, player, &request).await? {
        PlayerResponse::HomeShard { shard } => shard.filter(|&shard| shard < shards.count()),
        PlayerResponse::Granted { .. }
        | PlayerResponse::Full { .. }
        | PlayerResponse::Denied { .. }
        | PlayerResponse::Busy { .. } => None,
    };
    Ok(known.unwrap_or_else(|| shards.first_shard(player)))
}

/// Lists the queues of all pools with their figures. It wakes none: lobbies report their figures while they are awake.
pub async fn list(request: &Request, env: &Env) -> Result<Response> {
    caller(env, request.headers(), Scope::Queues).await?;
    let pools = bindings::pools(env)?.pools;
    let mut figures: BTreeMap<&PoolName, QueueFigures> = BTreeMap::new();
    for shard in object_rpc::list_figures(env).await? {
        if let Some((name, pool)) = pools.get_key_value(&shard.pool)
            && shard.shard < pool.shards.as_ref().map_or(1, Shards::count)
        {
            let sum = figures.remove(name).unwrap_or_default().with(&shard.figures);
            figures.insert(name, sum);
        }
    }
    let queue = |pool: &PoolName| QueueSummary {
        pool: pool.clone(),
        figures: figures.get(pool).cloned().unwrap_or_default(),
    };
    Ok(Response::from_json(&QueueList { queues: pools.keys().map(queue).collect() })?)
}

/// Returns a page of the tickets of a queue, each with why it waits. It asks the shards that have tickets, one after the
/// other.
pub async fn list_tickets(request: &Request, env: &Env, pool: &str) -> Result<Response> {
    let by = caller(env, request.headers(), Scope::Queues).await?.by;
    let url = request.inner().url();
    let cursor = RequestUrl::new(&url).parameter("cursor");
    let mut place = match cursor.as_deref().map(TicketCursor::read) {
        None => TicketCursor::default(),
        Some(Some(place)) => place,
        Some(None) => {
            return Err(Error::refused(400, "bad_query", "cursor: that of the last page, or leave it out."));
        }
    };
    let (name, pool) = configured(env, pool)?;
    let most = pool.shards.as_ref().map_or(1, Shards::count);
    let shards = object_rpc::list_figures(env).await?.into_iter();
    let shards = shards.filter(|it| it.pool == name && it.shard < most && it.figures.tickets > 0);
    let mut shards: Vec<u16> = shards.map(|it| it.shard).filter(|&shard| shard >= place.shard).collect();
    shards.sort_unstable();
    let (mut tickets, mut next) = (Vec::new(), None);
    for (nth, shard) in shards.into_iter().enumerate() {
        let after = place.after.take().filter(|_| shard == place.shard);
        if nth >= limits::TICKET_PAGE_SHARDS_MAX || tickets.len() >= limits::TICKET_PAGE_MAX {
            next = Some(TicketCursor { shard, after });
            break;
        }
        let request = traced(by.clone(), String::new(), QueueAction::List { after });
        match object_rpc::serve_queue(env, &name, Shard::Child(shard), request).await? {
            QueueServiceAnswer::Tickets(page) => {
                tickets.extend(page.tickets);
                if let Some(last) = page.next {
                    next = Some(TicketCursor { shard, after: Some(last) });
                    break;
                }
            }
            QueueServiceAnswer::Ticket { .. }
            | QueueServiceAnswer::Moved { .. }
            | QueueServiceAnswer::UnknownPlayer
            | QueueServiceAnswer::Refused(_) => {
                return Err(Error::Internal("a lobby answered another question".to_owned()));
            }
        }
    }
    let cursor = next.map(|place| place.to_string());
    Ok(Response::from_json(&json!({ "tickets": tickets, "cursor": cursor }))?)
}

/// Returns a request with the trace that its caller named.
fn traced(by: PlayerId, reason: String, action: QueueAction) -> QueueServiceRequest {
    QueueServiceRequest { by, reason, trace: trace::named(), action }
}

/// Asks the shard of the player, and the one that it names instead. Returns whether the ticket is new, and the ticket.
async fn ask(
    env: &Env,
    pool: &str,
    player: &PlayerId,
    request: QueueServiceRequest,
) -> Result<(bool, TicketStatus)> {
    let (name, pool) = configured(env, pool)?;
    let mut shard = home_shard(env, &name, &pool, player).await?;
    for _ in 0..limits::SHARD_MOVES_MAX {
        match object_rpc::serve_queue(env, &name, Shard::Child(shard), request.clone()).await? {
            QueueServiceAnswer::Ticket { created, ticket } => return Ok((created, *ticket)),
            QueueServiceAnswer::Moved { shard: next } => shard = next,
            QueueServiceAnswer::UnknownPlayer => {
                let detail = format!("The player `{player}` does not exist.");
                return Err(Error::refused(404, "player_not_found", detail));
            }
            QueueServiceAnswer::Refused(refusal) => return Err(refused(refusal)),
            QueueServiceAnswer::Tickets(_) => {
                return Err(Error::Internal("a lobby answered another question".to_owned()));
            }
        }
    }
    Err(Error::Unavailable(format!("the shard of {player} in {name} changes too often")))
}

/// Returns a pool by its name.
fn configured(env: &Env, pool: &str) -> Result<(PoolName, Pool)> {
    let missing =
        || Error::refused(404, "not_found", "This pool does not exist. `GET /v1/config` lists all.");
    let name: PoolName = pool.parse().map_err(|_| missing())?;
    let mut pools = bindings::pools(env)?;
    if let Some(fault) = pools.faults.get(name.as_str()) {
        return Err(Error::Unavailable(fault.clone()));
    }
    let pool = pools.pools.remove(&name).ok_or_else(missing)?;
    Ok((name, pool))
}

/// Reads the body: nothing, or an object with `attrs` and `wants`, which the lobby checks.
fn options(text: &str) -> Result<Value> {
    if text.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let body: Value =
        serde_json::from_str(text).map_err(|error| Error::refused(400, "bad_json", error.to_string()))?;
    let is_known = |name: &str| matches!(name, "attrs" | "wants");
    match body.as_object() {
        Some(fields) if fields.keys().all(|name| is_known(name)) => Ok(body),
        Some(_) | None => {
            let detail = "The body must be an object with `attrs` and `wants`, or empty.";
            Err(Error::refused(400, "bad_field", detail))
        }
    }
}

/// Returns the problem document of a refusal, whose own words are for the player.
fn refused(refusal: Refusal) -> Error {
    let Refusal { code, room, after_ms, field, message, .. } = refusal;
    let message = message.unwrap_or_default();
    let conflict = |code, detail: String| Error::refused(409, code, detail);
    match code {
        RefusalCode::BadField => {
            let field = field.unwrap_or_default();
            Error::refused(400, "bad_field", format!("{field}: {message}."))
        }
        RefusalCode::TooFast => Error::TooFast(after_ms.map_or(limits::RETRY_FIRST, Duration::from_millis)),
        RefusalCode::Unavailable => Error::Unavailable(message),
        RefusalCode::NoTicket => Error::refused(404, "no_ticket", message),
        RefusalCode::Banned => Error::refused(403, "banned", "The player is banned."),
        RefusalCode::InMatch => {
            let room = room.map(|room| format!(" `{room}`")).unwrap_or_default();
            conflict(
                "in_match",
                format!("The player is in the match{room}. It must end before another begins."),
            )
        }
        RefusalCode::Cooldown => {
            let seconds = after_ms.unwrap_or_default().div_ceil(1000);
            let detail = format!("The player declined or missed a match. Try again in {seconds} s.");
            conflict("cooldown", detail)
        }
        RefusalCode::NotLeader => {
            conflict("not_leader", "Only the leader of the player's party can enter with it.".to_owned())
        }
        RefusalCode::NotFound => conflict("not_connected", message),
        _ => conflict("lobby_full", message),
    }
}
