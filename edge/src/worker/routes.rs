//! Routes of the Worker: answers HTTP requests and forwards upgrades to objects.

use crate::bearer::bearer;
use crate::clients::timeout::with_timeout;
use crate::clients::{keys, object_rpc};
use crate::error::{Error, Result};
use crate::ops::{health, ready, report, status};
use crate::reads::{presence, profiles};
use crate::telemetry::trace::{self, Origin};
use crate::telemetry::{log, metrics};
use crate::worker::response_headers::ResponseHeaders;
use crate::worker::{body, caller, notices, players, queues, rate_limit, service, upgrade};
use crate::{bindings, clock, identity};
use shared::actor::Actor;
use shared::http::{self, Config, CreatedRoom, NewRoom, Path, PoolInfo, RequestUrl};
use shared::id::{PlayerId, PoolName, RoomId};
use shared::limits;
use shared::metrics::Counter;
use shared::pool::{ConfiguredPools, Pool, Shard};
use shared::room::seats::Seat;
use shared::rpc::Setup;
use shared::rpc::{OwnRoomRequest, OwnRoomResponse};
use shared::service_key::Scope;
use shared::token::Claims;
use shared::wire::CloseCode;
use std::time::Duration;
use worker::{Context, Env, Headers, Method, Request, Response, Stub};

/// Answers one request and counts it in the metrics.
pub async fn answer(request: Request, env: &Env, ctx: &Context) -> worker::Result<Response> {
    let begun = clock::now();
    health::began(begun);
    let path = request.path();
    let path = http::normalized(&path);
    let path = Path::of(&path);
    let origin = Origin::of_request(request.headers(), path.template());
    let work = async {
        if upgrade::is_upgrade(&request) {
            upgrade_to_object(&request, env, path).await.or_else(error_response)
        } else {
            respond(request, env, ctx, path).await.or_else(error_response)
        }
    };
    let response = trace::within(Some(origin), work).await?;
    metrics::answered(path.template(), response.status_code(), begun);
    report::after_response(env, ctx);
    keys::refresh_after_response(env, ctx);
    Ok(response)
}

fn error_response(error: Error) -> worker::Result<Response> {
    metrics::refused(error.code());
    error.response()
}

async fn respond(request: Request, env: &Env, ctx: &Context, path: Path<'_>) -> Result<Response> {
    let headers = ResponseHeaders::new(&request, env)?;
    let answer = match request.method() {
        Method::Options => headers.preflight(path.allow()),
        _ => answer_http(request, env, ctx, path).await,
    };
    headers.apply(answer.or_else(error_response)?)
}

async fn answer_http(request: Request, env: &Env, ctx: &Context, path: Path<'_>) -> Result<Response> {
    if path.is_rate_limited() {
        rate_limit::address(env, request.headers()).await?;
    }
    // The method by name: the platform library maps unknown methods to GET.
    let method = request.inner().method();
    let read = matches!(method.as_str(), "GET" | "HEAD");
    match path {
        Path::Unknown => Err(Error::refused(404, "not_found", "This path does not exist.")),
        Path::Rooms if method == "POST" => open_room(request, env).await,
        Path::RoomCommands(room) if method == "POST" => service::command_room(request, env, room).await,
        Path::RoomLog(room) if read => service::read_log(&request, env, room).await,
        Path::Queues if read => queues::list(&request, env).await,
        Path::QueueTickets(pool) if read => queues::list_tickets(&request, env, pool).await,
        Path::QueueTicket(pool, player) if read || matches!(method.as_str(), "PUT" | "DELETE") => {
            queues::ticket(request, env, pool, player).await
        }
        Path::RoomInspection(room) if read => service::inspect(&request, env, room).await,
        Path::PlayerInspection(player) if read => players::inspect(&request, env, player).await,
        Path::PlayerRelease(player) if method == "POST" => players::release(request, env, player).await,
        Path::PlayerNotices(player) if method == "POST" => players::notify(request, env, ctx, player).await,
        Path::Notices if method == "POST" => notices::receive(request, env).await,
        Path::Health if read => health::show(env),
        Path::Ready if read => ready::show(env).await,
        Path::Status | Path::StatusJson if read => status::show(env, path == Path::Status).await,
        Path::Metrics if read => show_metrics(env, request.headers()).await,
        Path::Config if read => config(env),
        Path::Room(room) if read => room_summary(env, request.headers(), room).await,
        Path::Presence if read => presence::show(&request, env).await,
        Path::Lobby(_) | Path::Me if read => Err(socket_only()),
        Path::Profiles if read => profiles::several(&request, env, ctx).await,
        Path::Profile(player) if read => profiles::one(&request, env, ctx, player).await,
        Path::Page if read => page(request, env).await,
        Path::Health
        | Path::Ready
        | Path::Status
        | Path::StatusJson
        | Path::Metrics
        | Path::Config
        | Path::Rooms
        | Path::Room(_)
        | Path::RoomCommands(_)
        | Path::RoomLog(_)
        | Path::RoomInspection(_)
        | Path::PlayerInspection(_)
        | Path::PlayerRelease(_)
        | Path::PlayerNotices(_)
        | Path::Queues
        | Path::QueueTickets(_)
        | Path::QueueTicket(..)
        | Path::Lobby(_)
        | Path::Me
        | Path::Presence
        | Path::Notices
        | Path::Profiles
        | Path::Profile(_)
        | Path::Page => Err(Error::MethodNotAllowed(path.allow())),
    }
}

fn socket_only() -> Error {
    Error::refused(426, "upgrade_required", "This path is a WebSocket. Send `Upgrade: websocket`.")
}

async fn upgrade_to_object(request: &Request, env: &Env, path: Path<'_>) -> Result<Response> {
    let to_room = matches!(path, Path::Room(_));
    upgrade::forward_upgrade(request, env, to_room, async |claims: &Claims| match path {
        Path::Room(room) => match room.parse::<RoomId>() {
            Ok(room) => Ok(bindings::room(env, &room)),
            Err(_) => Err(CloseCode::NotFound),
        },
        Path::Lobby(pool) => match (pool.parse::<PoolName>(), bindings::pools(env)) {
            (Ok(name), Ok(configured)) => {
                match (configured.pools.get(&name), configured.faults.get(name.as_str())) {
                    (Some(pool), _) => Ok(lobby(env, &name, pool, &claims.sub).await),
                    (None, Some(fault)) => {
                        log::error!("{fault}");
                        Err(CloseCode::Misconfigured)
                    }
                    (None, None) => Err(CloseCode::NotFound),
                }
            }
            (_, Err(error)) => Ok(Err(error)),
            (Err(_), Ok(_)) => Err(CloseCode::NotFound),
        },
        Path::Me => Ok(bindings::player(env, &claims.sub)),
        Path::Health
        | Path::Ready
        | Path::Status
        | Path::StatusJson
        | Path::Metrics
        | Path::Config
        | Path::Rooms
        | Path::RoomCommands(_)
        | Path::RoomLog(_)
        | Path::RoomInspection(_)
        | Path::PlayerInspection(_)
        | Path::PlayerRelease(_)
        | Path::PlayerNotices(_)
        | Path::Queues
        | Path::QueueTickets(_)
        | Path::QueueTicket(..)
        | Path::Notices
        | Path::Profiles
        | Path::Profile(_)
        | Path::Presence
        | Path::Unknown
        | Path::Page => Err(CloseCode::NotFound),
    })
    .await
}

/// Returns the shard of a pool's queue that a player belongs to.
async fn lobby(env: &Env, name: &PoolName, pool: &Pool, player: &PlayerId) -> Result<Stub> {
    let shard = queues::home_shard(env, name, pool, player).await?;
    bindings::lobby(env, name, Shard::Child(shard))
}

/// Answers `GET /metrics` for the bearer of `METRICS_TOKEN`, and for operators and services with the scope `moderation`.
async fn show_metrics(env: &Env, headers: &Headers) -> Result<Response> {
    if !report::is_open_to(env, headers) {
        match caller::caller(env, headers, Scope::Moderation).await {
            Err(Error::Refused { status: 401, .. }) => {
                let detail = "Send the secret METRICS_TOKEN, or the token of an operator or a service with the scope `moderation`, as \
                              `Authorization: Bearer`.";
                return Err(Error::refused(401, "token_invalid", detail));
            }
            other => other?,
        };
    }
    report::show(env).await
}

/// Answers `GET /v1/config`: what a client needs to know first.
fn config(env: &Env) -> Result<Response> {
    let ConfiguredPools { pools, faults } = bindings::pools(env)?;
    for fault in faults.values() {
        log::error!("{fault}");
    }
    Ok(Response::from_json(&Config {
        misconfigured: faults.into_keys().collect(),
        region: bindings::region_url(env)?,
        rules: pools.iter().map(|(name, pool)| (name.clone(), PoolInfo::of(pool))).collect(),
        pools: pools.into_keys().collect(),
    })?)
}

/// Creates an open room. Any player who knows its id may take a free seat, so the id is random and acts as a code.
/// The player's object is asked first: it knows of ended logins, and how many rooms the player owns.
async fn open_room(mut request: Request, env: &Env) -> Result<Response> {
    if caller::is_service(request.headers()) {
        let options = room_options(&body::text(&mut request, limits::SERVICE_ROOM_BYTES_MAX).await?)?;
        return service::create_room(&request, env, options).await;
    }
    let token = bearer(request.headers());
    let claims = identity::check(env, token.as_deref()).await?.map_err(caller::refused_token)?;
    rate_limit::player(env, &claims.sub).await?;
    let is_operator = Actor::of_claims(&claims).is_some();
    let most = if is_operator { limits::SERVICE_ROOM_BYTES_MAX } else { limits::RESULT_BYTES_MAX };
    let options = room_options(&body::text(&mut request, most).await?)?;
    if !options.players.is_empty() || options.owner.is_some() {
        if is_operator {
            return service::create_room(&request, env, options).await;
        }
        let detail = "players, owner: only a service may name them. Send a service key, or leave them out.";
        return Err(Error::refused(400, "bad_field", detail));
    }
    let id = RoomId::random(clock::random_bytes()?);
    let until = clock::now() + options.rules.age() + options.rules.linger();
    let ask = OwnRoomRequest { room: id.clone(), until, ep: claims.ep, sid: claims.sid };
    match object_rpc::own_room(env, &claims.sub, &ask).await? {
        OwnRoomResponse::Granted => {}
        OwnRoomResponse::Denied(why) => return Err(caller::refused_token(why.close())),
        OwnRoomResponse::Full => {
            let most = limits::ROOMS_OWNED_MAX;
            let detail = format!("A player owns at most {most} open rooms. End one first.");
            return Err(Error::refused(409, "too_many_rooms", detail));
        }
    }
    let seats = vec![Seat::free(); options.seats];
    let setup = Setup {
        id: id.clone(),
        pool: None,
        owner: Some(claims.sub),
        seats,
        rules: options.rules,
        mode: options.chosen_mode(),
        trace: trace::named(),
    };
    object_rpc::open_room(env, &setup, None).await?;
    Ok(Response::from_json(&CreatedRoom { room: id })?.with_status(201))
}

fn room_options(text: &str) -> Result<NewRoom> {
    let refuse = |detail: String| Err(Error::refused(400, "bad_field", detail));
    let options: NewRoom = if text.is_empty() {
        NewRoom::default()
    } else if !text.trim_start().starts_with('{') {
        return refuse(
            "The body must be an object with `seats`, `rules`, `mode` and `mode_config`.".to_owned(),
        );
    } else {
        serde_json::from_str(text).map_err(|error| Error::refused(400, "bad_field", error.to_string()))?
    };
    match options.check() {
        Err(error) => refuse(error),
        Ok(()) => Ok(options),
    }
}

async fn room_summary(env: &Env, headers: &Headers, room: &str) -> Result<Response> {
    let missing = || Error::refused(404, "not_found", "This room does not exist; it may have ended.");
    let id: RoomId = room.parse().map_err(|_| missing())?;
    let network = rate_limit::network_of(headers)?;
    if !rate_limit::may_look_for_room(env, &network) {
        metrics::add(Counter::LimitedRooms);
        return Err(Error::TooFast(Duration::from_secs(1)));
    }
    let stub = bindings::room(env, &id)?;
    let response = with_timeout(stub.fetch_with_str("https://object/summary"), "a room").await?;
    if response.status_code() == 200 {
        return Ok(response);
    }
    rate_limit::note_absent_room(&network);
    Err(missing())
}

async fn page(request: Request, env: &Env) -> Result<Response> {
    let region = bindings::region_url(env)?;
    let url = request.inner().url();
    let host = RequestUrl::new(&url).host();
    let response = bindings::assets(env)?.fetch_request(request).await?;
    if response.status_code() == 404 {
        return Err(Error::refused(404, "not_found", "This page does not exist."));
    }
    let headers = response.headers().clone();
    let socket = format!("ws://{host} wss://{host}");
    headers.set(
        "content-security-policy",
        &format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self' {socket} {region}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    )?;
    headers.set("permissions-policy", "camera=(self), microphone=(self), geolocation=()")?;
    Ok(response.with_headers(headers))
}
