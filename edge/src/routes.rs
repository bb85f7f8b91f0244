//! Which path leads where.

use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::{
    body, calls, clock, identity, metrics, notices, platform, presence, profiles, ratelimit, ready, upgrade,
};
use shared::caps;
use shared::http::{Config, Health, NewRoom, Opened, Path, Queue};
use shared::id::{PlayerId, PoolName, RoomId};
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::pool::{Pool, Shard};
use shared::protocol::Close;
use shared::room::Setup;
use shared::room::seat::Seat;
use shared::token::Claims;
use worker::{Context, Env, Method, Request, Response, Stub};

/// Answers one request, and counts it.
pub async fn answer(request: Request, env: &Env, ctx: &Context) -> worker::Result<Response> {
    let begun = clock::now();
    let path = request.path();
    let path = Path::of(&path);
    let response = if upgrade::wanted(&request) {
        socket(&request, env, path).await.or_else(refused)?
    } else {
        guarded(request, env, ctx, path).await.or_else(refused)?
    };
    metrics::answered(path.template(), response.status_code(), begun);
    metrics::tell_behind(env, ctx);
    Ok(response)
}

fn refused(error: Error) -> worker::Result<Response> {
    metrics::refused(error.code());
    error.response()
}

async fn guarded(request: Request, env: &Env, ctx: &Context, path: Path<'_>) -> Result<Response> {
    let guard = Guard::of(&request, env)?;
    let answer = match request.method() {
        Method::Options => guard.preflight(path.allow()),
        _ => http(request, env, ctx, path).await,
    };
    guard.protect(answer.or_else(refused)?)
}

async fn http(request: Request, env: &Env, ctx: &Context, path: Path<'_>) -> Result<Response> {
    if path.is_paced() {
        ratelimit::address(env, request.headers()).await?;
    }
    // By its name: what has none in `Method` would be taken for GET.
    let method = request.inner().method();
    let read = matches!(method.as_str(), "GET" | "HEAD");
    match path {
        Path::Nothing => Err(Error::refused(404, "not_found", "no such path")),
        Path::Rooms if method == "POST" => open_room(request, env).await,
        Path::Notices if method == "POST" => notices::receive(request, env).await,
        Path::Health if read => health(),
        Path::Ready if read => ready::show(env).await,
        Path::Metrics if read => metrics::show(env, request.headers()).await,
        Path::Config if read => config(env),
        Path::Room(room) if read => look(env, room).await,
        Path::Presence if read => presence::look(&request, env).await,
        Path::Lobby(_) | Path::Me if read => {
            Err(Error::refused(426, "upgrade_required", "this is a socket: ask with Upgrade: websocket"))
        }
        Path::Profiles if read => profiles::several(&request, env, ctx).await,
        Path::Profile(player) if read => profiles::one(&request, env, ctx, player).await,
        Path::Page if read => page(request, env).await,
        Path::Health
        | Path::Ready
        | Path::Metrics
        | Path::Config
        | Path::Rooms
        | Path::Room(_)
        | Path::Lobby(_)
        | Path::Me
        | Path::Presence
        | Path::Notices
        | Path::Profiles
        | Path::Profile(_)
        | Path::Page => Err(Error::Method(path.allow())),
    }
}

async fn socket(request: &Request, env: &Env, path: Path<'_>) -> Result<Response> {
    upgrade::bring(request, env, async |claims: &Claims| match path {
        Path::Room(room) => match room.parse::<RoomId>() {
            Ok(room) => Ok(platform::room(env, &room)),
            Err(_) => Err(Close::NotFound),
        },
        Path::Lobby(pool) => match (pool.parse::<PoolName>(), platform::pools(env)) {
            (Ok(name), Ok(pools)) => match pools.get(&name) {
                Some(pool) => Ok(lobby(env, &name, pool, &claims.sub).await),
                None => Err(Close::NotFound),
            },
            (_, Err(error)) => Ok(Err(error)),
            (Err(_), Ok(_)) => Err(Close::NotFound),
        },
        Path::Me => Ok(platform::player(env, &claims.sub)),
        Path::Health
        | Path::Ready
        | Path::Metrics
        | Path::Config
        | Path::Rooms
        | Path::Notices
        | Path::Profiles
        | Path::Profile(_)
        | Path::Presence
        | Path::Nothing
        | Path::Page => Err(Close::NotFound),
    })
    .await
}

/// The part of a queue that somebody is in.
async fn lobby(env: &Env, name: &PoolName, pool: &Pool, player: &PlayerId) -> Result<Stub> {
    let Some(shards) = &pool.shards else {
        return platform::lobby(env, name, Shard::Part(0));
    };
    let ask = PlayerAsk::Home { pool: name.clone(), part: None };
    let known = match calls::player(env, player, &ask).await? {
        PlayerAnswer::Home { part } => part.filter(|&part| part < shards.count()),
        PlayerAnswer::Granted { .. }
        | PlayerAnswer::Full { .. }
        | PlayerAnswer::Barred { .. }
        | PlayerAnswer::Busy { .. } => None,
    };
    let part = known.unwrap_or_else(|| shards.front(player));
    platform::lobby(env, name, Shard::Part(part))
}

fn health() -> Result<Response> {
    Ok(Response::from_json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") })?)
}

/// What a page must know to begin.
fn config(env: &Env) -> Result<Response> {
    let pools = platform::pools(env)?;
    Ok(Response::from_json(&Config {
        region: platform::region_url(env)?,
        rules: pools.iter().map(|(name, pool)| (name.clone(), Queue::of(pool))).collect(),
        pools: pools.into_keys().collect(),
    })?)
}

/// An open room: whoever has its name may take a free seat, so the name is random and works as the code.
async fn open_room(mut request: Request, env: &Env) -> Result<Response> {
    let token = identity::bearer(request.headers());
    let owner = match identity::check(env, token.as_deref()).await? {
        Ok(claims) => claims.sub,
        Err(why) => {
            return Err(Error::refused(401, why.why(), "a valid access token as Authorization: Bearer"));
        }
    };
    ratelimit::player(env, &owner).await?;
    let text = body::text(&mut request, caps::RESULT_BYTES).await?;
    let wish: NewRoom = if text.is_empty() {
        NewRoom::default()
    } else if !text.trim_start().starts_with('{') {
        return Err(Error::refused(400, "bad_field", "an object: seats, rules"));
    } else {
        serde_json::from_str(&text).map_err(|error| Error::refused(400, "bad_field", error.to_string()))?
    };
    if !(1..=caps::SEATS).contains(&wish.seats) {
        return Err(Error::refused(400, "bad_field", format!("seats: 1 to {}", caps::SEATS)));
    }
    if let Some((key, reason)) = wish.rules.fault() {
        let detail = format!("rules.{key}: {reason}");
        return Err(Error::refused(400, "bad_field", detail));
    }
    let id = RoomId::random(clock::chance()?);
    let seats = vec![Seat::free(); wish.seats];
    let setup = Setup { id: id.clone(), pool: None, owner: Some(owner), seats, rules: wish.rules };
    calls::open_room(env, &setup).await?;
    Ok(Response::from_json(&Opened { room: id })?.with_status(201))
}

async fn look(env: &Env, room: &str) -> Result<Response> {
    let missing = || Error::refused(404, "not_found", "no such room, or it is over and gone");
    let id: RoomId = room.parse().map_err(|_| missing())?;
    let stub = platform::room(env, &id)?;
    let response = crate::region::in_time(stub.fetch_with_str("https://object/summary"), "a room").await?;
    match response.status_code() {
        200 => Ok(response),
        _ => Err(missing()),
    }
}

async fn page(request: Request, env: &Env) -> Result<Response> {
    let region = platform::region_url(env)?;
    let url = request.url()?;
    let response = platform::assets(env)?.fetch_request(request).await?;
    if response.status_code() == 404 {
        return Err(Error::refused(404, "not_found", "no such page or path"));
    }
    let headers = response.headers().clone();
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let socket = format!("ws://{host}{port} wss://{host}{port}");
    headers.set(
        "content-security-policy",
        &format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self' {socket} {region}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    )?;
    headers.set("permissions-policy", "camera=(self), microphone=(self), geolocation=()")?;
    Ok(response.with_headers(headers))
}
