//! The service API of the edge: operators and the operator's own backend create rooms, speak in them, and look at them.

use crate::clients::object_rpc;
use crate::clock;
use crate::error::{Error, Result};
use crate::telemetry::trace;
use crate::worker::body;
use crate::worker::caller::{audit_reason, caller, intended_id};
use serde_json::json;
use shared::actor::Actor;
use shared::http::{CreatedRoom, NewRoom, RequestUrl};
use shared::id::{AuditId, RoomId};
use shared::limits;
use shared::room::seats::Seat;
use shared::rpc::Setup;
use shared::rpc::audit::AuditEntry;
use shared::rpc::room_service::{RoomAction, RoomServiceAnswer, RoomServiceRequest};
use shared::service_key::Scope;
use shared::wire::{Refusal, RefusalCode};
use worker::{Env, Request, Response};

/// Creates a room with named seats. A repetition with the same `Idempotency-Key` returns the same room.
pub async fn create_room(request: &Request, env: &Env, options: NewRoom) -> Result<Response> {
    let actor = caller(env, request.headers(), Scope::Rooms).await?;
    let id = intended_id(request.headers(), &actor, RoomId::derive, RoomId::random)?;
    let Actor { by, .. } = actor;
    let mode = options.chosen_mode();
    let named =
        options.players.into_iter().map(|seat| Seat { team: seat.team, ..Seat::of(seat.player, seat.name) });
    let mut seats: Vec<Seat> = named.collect();
    seats.resize_with(options.seats.max(seats.len()), Seat::free);
    let entry = AuditEntry {
        id: AuditId::derive(&["rooms.create", id.as_str()]),
        at: clock::now(),
        by,
        action: "rooms.create".to_owned(),
        room: Some(id.clone()),
        player: None,
        detail: format!("{} seats", seats.len()),
    };
    let (owner, rules, trace) = (options.owner, options.rules, trace::named());
    let setup = Setup { id: id.clone(), pool: None, owner, seats, rules, mode, trace };
    object_rpc::open_room(env, &setup, Some(entry)).await?;
    Ok(Response::from_json(&CreatedRoom { room: id })?.with_status(201))
}

/// Executes a frame of commands in a room, and returns a reply for each.
pub async fn command_room(mut request: Request, env: &Env, room: &str) -> Result<Response> {
    let Actor { by, .. } = caller(env, request.headers(), Scope::Rooms).await?;
    let reason = audit_reason(request.headers())?;
    let frame = body::text(&mut request, limits::FRAME_BYTES_MAX).await?;
    match ask(env, room, RoomServiceRequest { by, reason, action: RoomAction::Commands { frame } }).await? {
        RoomServiceAnswer::Replies(replies) => Ok(Response::from_json(&json!({ "replies": replies }))?),
        answer => Err(unexpected(&answer)),
    }
}

/// Returns a page of a room's log.
pub async fn read_log(request: &Request, env: &Env, room: &str) -> Result<Response> {
    let Actor { by, .. } = caller(env, request.headers(), Scope::Rooms).await?;
    let url = request.inner().url();
    let after = match RequestUrl::new(&url).parameter("after") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Error::refused(400, "bad_query", "after: a position of the log, from 0."))?,
    };
    let (reason, action) = (String::new(), RoomAction::Log { after });
    match ask(env, room, RoomServiceRequest { by, reason, action }).await? {
        RoomServiceAnswer::Log(log) => Ok(Response::from_json(&log)?),
        answer => Err(unexpected(&answer)),
    }
}

/// Returns a room with its members, sockets, board and match. It wakes a room that rests.
pub async fn inspect(request: &Request, env: &Env, room: &str) -> Result<Response> {
    let url = request.inner().url();
    let hidden = match RequestUrl::new(&url).parameter("hidden").as_deref() {
        None => false,
        Some("1") => true,
        Some(_) => return Err(Error::refused(400, "bad_query", "hidden: `1`, or leave it out.")),
    };
    let actor = caller(env, request.headers(), Scope::Rooms).await?;
    if hidden {
        actor.require(Scope::InspectHidden)?;
    }
    let (reason, action) = (audit_reason(request.headers())?, RoomAction::Inspect { hidden });
    match ask(env, room, RoomServiceRequest { by: actor.by, reason, action }).await? {
        RoomServiceAnswer::Inspection(room) => Ok(Response::from_json(&room)?),
        answer => Err(unexpected(&answer)),
    }
}

async fn ask(env: &Env, room: &str, request: RoomServiceRequest) -> Result<RoomServiceAnswer> {
    let missing = || Error::refused(404, "not_found", "This room does not exist; it may have ended.");
    let room: RoomId = room.parse().map_err(|_| missing())?;
    match object_rpc::serve_room(env, &room, request).await? {
        None => Err(missing()),
        Some(RoomServiceAnswer::Refused(refusal)) => Err(refused(&refusal)),
        Some(answer) => Ok(answer),
    }
}

/// Returns the error of a request that the room refused as a whole.
pub fn refused(refusal: &Refusal) -> Error {
    match refusal.code {
        RefusalCode::TooFast => Error::TooFast(limits::RETRY_FIRST),
        RefusalCode::BadJson => Error::refused(400, "bad_json", refusal.message.clone().unwrap_or_default()),
        _ => Error::refused(400, "bad_field", refusal.message.clone().unwrap_or_default()),
    }
}

fn unexpected(answer: &RoomServiceAnswer) -> Error {
    Error::Internal(format!("a room answered another question: {answer:?}"))
}
