//! Calls between Durable Objects, over requests that no client can make.

use crate::bindings;
use crate::clients::exchange;
use crate::clients::timeout::with_timeout;
use crate::error::{Error, Result};
use crate::telemetry::trace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::connection::Conn;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::pool::Shard;
use shared::rpc::Setup;
use shared::rpc::audit::AuditEntry;
use shared::rpc::notice::Notice;
use shared::rpc::player_notice::{NoticeAnswer, NoticeRequest};
use shared::rpc::queue_figures::{QueueIndexRequest, ShardFigures};
use shared::rpc::queue_service::{QueueServiceAnswer, QueueServiceRequest};
use shared::rpc::room_service::{RoomServiceAnswer, RoomServiceRequest};
use shared::rpc::shard::{ShardRequest, ShardResponse};
use shared::rpc::{
    Denial, ForcedClose, HostRequest, HostResponse, LoginCheck, ObjectName, OwnRoomRequest, OwnRoomResponse,
    PeerRequest, PeerResponse, PlayerInspection, PlayerRequest, PlayerResponse, PresenceRequest,
    PresenceResponse,
};
use worker::wasm_bindgen::JsValue;
use worker::{Env, Headers, Method, RequestInit, Stub};

/// The path of a host or player request.
pub const ASK: &str = "/request";
/// The path of notices of the region about a player.
pub const NOTICES: &str = "/notices";
/// The path of a request from one player's object to another's.
pub const PEER: &str = "/peer";
/// The path of a presence query.
pub const PRESENCE: &str = "/presence";
/// The path of a request to create a room.
pub const OWN_ROOM: &str = "/own-room";
/// The path of an operator's look at a player.
pub const INSPECT: &str = "/inspect";
/// The path of a notice of the operator's backend to a player.
pub const NOTIFY: &str = "/notify";
/// The path of the index of queues at the metrics object.
pub const QUEUES: &str = "/queues";
/// The path of a check of a login.
pub const LOGIN: &str = "/login";

/// Sends a request to a player's object.
pub async fn player(env: &Env, id: &PlayerId, request: &PlayerRequest) -> Result<PlayerResponse> {
    call_player(env, id, ASK, request).await
}

/// Creates a room. Idempotent. `audit` is what the audit trail says of it, where a service creates it.
pub async fn open_room(env: &Env, setup: &Setup, audit: Option<AuditEntry>) -> Result<()> {
    let stub = bindings::room(env, &setup.id)?;
    let request = HostRequest::Create { setup: Box::new(setup.clone()), audit: audit.map(Box::new) };
    let _: HostResponse = call(stub, ASK, &request, "a room").await?;
    Ok(())
}

/// Sends a request of the operator's backend to a room. None if the room does not exist.
pub async fn serve_room(
    env: &Env,
    room: &RoomId,
    request: RoomServiceRequest,
) -> Result<Option<RoomServiceAnswer>> {
    let request = HostRequest::Service { request };
    match call(bindings::room(env, room)?, ASK, &request, "a room").await? {
        HostResponse::Service { answer } => Ok(Some(answer)),
        HostResponse::Missing
        | HostResponse::Done
        | HostResponse::Queue { .. }
        | HostResponse::Holds { .. }
        | HostResponse::Shard { .. } => Ok(None),
    }
}

/// Sends a request of the operator's backend to a shard of a queue.
pub async fn serve_queue(
    env: &Env,
    pool: &PoolName,
    shard: Shard,
    request: QueueServiceRequest,
) -> Result<QueueServiceAnswer> {
    let request = HostRequest::Queue { request };
    match call(bindings::lobby(env, pool, shard)?, ASK, &request, "a lobby").await? {
        HostResponse::Queue { answer } => Ok(answer),
        HostResponse::Missing
        | HostResponse::Done
        | HostResponse::Service { .. }
        | HostResponse::Holds { .. }
        | HostResponse::Shard { .. } => {
            Err(Error::Internal("a lobby answered with the response of a room".to_owned()))
        }
    }
}

/// Keeps the figures of a shard of a queue in the index.
pub async fn store_figures(env: &Env, figures: ShardFigures) -> Result<()> {
    call(bindings::metrics(env)?, QUEUES, &QueueIndexRequest::Store(figures), "the index of queues").await
}

/// Returns the figures of all shards of all queues. It wakes none of them.
pub async fn list_figures(env: &Env) -> Result<Vec<ShardFigures>> {
    call(bindings::metrics(env)?, QUEUES, &QueueIndexRequest::List, "the index of queues").await
}

/// Asks a player's object whether the player may create a room.
pub async fn own_room(env: &Env, id: &PlayerId, request: &OwnRoomRequest) -> Result<OwnRoomResponse> {
    call_player(env, id, OWN_ROOM, request).await
}

/// Asks a player's object whether a login of the player has ended.
pub async fn check_login(env: &Env, id: &PlayerId, login: &LoginCheck) -> Result<Option<Denial>> {
    call_player(env, id, LOGIN, login).await
}

/// Asks a player's object what it knows of the player.
pub async fn inspect_player(env: &Env, id: &PlayerId) -> Result<PlayerInspection> {
    call_player(env, id, INSPECT, &()).await
}

/// Leaves a notice of the operator's backend with a player's object.
pub async fn notify_player(env: &Env, id: &PlayerId, request: &NoticeRequest) -> Result<NoticeAnswer> {
    call_player(env, id, NOTIFY, request).await
}

/// Tells a player's object that the player has left a match.
pub async fn release_player(env: &Env, player_id: &PlayerId, room: &RoomId) -> Result<()> {
    player(env, player_id, &PlayerRequest::Free { room: room.clone() }).await.map(drop)
}

/// Returns the connections of a player that a host holds.
pub async fn list_connections(env: &Env, host: &ObjectName, player: &PlayerId) -> Result<Vec<Conn>> {
    let request = HostRequest::Holds { player: player.clone() };
    match call(bindings::host(env, host)?, ASK, &request, &host.to_string()).await? {
        HostResponse::Holds { conns } => Ok(conns),
        HostResponse::Done
        | HostResponse::Missing
        | HostResponse::Service { .. }
        | HostResponse::Queue { .. }
        | HostResponse::Shard { .. } => Ok(Vec::new()),
    }
}

/// Makes a host close connections of a player; returns the ones that remain.
pub async fn force_close(
    env: &Env,
    host: &ObjectName,
    player: &PlayerId,
    close: &ForcedClose,
) -> Result<Vec<Conn>> {
    let request = HostRequest::ForceClose { player: player.clone(), close: close.clone() };
    match call(bindings::host(env, host)?, ASK, &request, &host.to_string()).await? {
        HostResponse::Holds { conns } => Ok(conns),
        HostResponse::Done
        | HostResponse::Missing
        | HostResponse::Service { .. }
        | HostResponse::Queue { .. }
        | HostResponse::Shard { .. } => Ok(Vec::new()),
    }
}

/// Sends a request to another shard of the same queue.
pub async fn shard(
    env: &Env,
    pool: &PoolName,
    shard: Shard,
    request: &ShardRequest,
) -> Result<ShardResponse> {
    let request = HostRequest::Shard { request: request.clone() };
    let stub = bindings::lobby(env, pool, shard)?;
    match call(stub, ASK, &request, "a lobby shard").await? {
        HostResponse::Shard { response } => Ok(response),
        HostResponse::Done
        | HostResponse::Missing
        | HostResponse::Service { .. }
        | HostResponse::Queue { .. }
        | HostResponse::Holds { .. } => {
            Err(Error::Internal("a lobby shard answered with the response of a room".to_owned()))
        }
    }
}

/// Sends a request from one player's object to another's.
pub async fn peer(env: &Env, id: &PlayerId, request: &PeerRequest) -> Result<PeerResponse> {
    call_player(env, id, PEER, request).await
}

/// Asks a player's object for the presence of other players.
pub async fn presence(env: &Env, id: &PlayerId, request: &PresenceRequest) -> Result<PresenceResponse> {
    call_player(env, id, PRESENCE, request).await
}

/// Delivers notices to the object of the player they concern. They are on disk once this returns.
pub async fn notify(env: &Env, id: &PlayerId, notices: &[Notice]) -> Result<()> {
    call_player(env, id, NOTICES, &notices).await
}

/// Sends a request to the object that holds a player; the path begins with the player's id.
async fn call_player<A: Serialize, B: DeserializeOwned>(
    env: &Env,
    id: &PlayerId,
    path: &str,
    request: &A,
) -> Result<B> {
    call(bindings::player(env, id)?, &format!("/{id}{path}"), request, "a player's object").await
}

async fn call<A: Serialize, B: DeserializeOwned>(
    stub: Stub,
    path: &str,
    request: &A,
    callee: &str,
) -> Result<B> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post);
    init.with_body(Some(JsValue::from_str(&serde_json::to_string(request)?)));
    let headers = Headers::new();
    headers.set(shared::trace::HEADER, &trace::current().traceparent())?;
    init.with_headers(headers);
    let url = format!("https://object{path}");
    match with_timeout(exchange::with_object(stub, &url, &init), callee).await? {
        (200, text) => Ok(serde_json::from_str(&text)?),
        (status, _) => Err(Error::Unavailable(format!("{callee} answered {status}"))),
    }
}
