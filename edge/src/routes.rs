//! Which path leads where.

use crate::error::{Error, Result};
use crate::{calls, clock, identity, platform, upgrade};
use serde::Deserialize;
use serde_json::json;
use shared::caps;
use shared::id::{PoolName, RoomId};
use shared::protocol::Close;
use shared::room::seat::Seat;
use shared::room::{Rules, Setup};
use worker::{Env, Method, Request, Response};

/// Answers one request.
pub async fn answer(request: Request, env: &Env) -> Result<Response> {
    let path = request.path();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    if upgrade::wanted(&request) {
        return socket(&request, env, &parts).await;
    }
    match (request.method(), parts.as_slice()) {
        (Method::Get, ["health"]) => health(),
        (Method::Get, ["v1", "config"]) => config(env),
        (Method::Post, ["v1", "rooms"]) => open_room(request, env).await,
        (Method::Get, ["v1", "rooms", room]) => look(env, room).await,
        (_, ["v1", ..]) => Err(not_here(&path)),
        (Method::Get | Method::Head, _) => page(request, env).await,
        _ => Err(Error::refused(
            405,
            "method_not_allowed",
            "GET here, or a socket upgrade",
        )),
    }
}

async fn socket(request: &Request, env: &Env, parts: &[&str]) -> Result<Response> {
    upgrade::bring(request, env, || match parts {
        ["v1", "rooms", room] => match room.parse::<RoomId>() {
            Ok(room) => Ok(platform::room(env, &room)),
            Err(_) => Err(Close::NotFound),
        },
        ["v1", "lobbies", pool] => match (pool.parse::<PoolName>(), platform::pools(env)) {
            (Ok(pool), Ok(pools)) if pools.contains_key(&pool) => Ok(platform::lobby(env, &pool)),
            (_, Err(error)) => Ok(Err(error)),
            (Ok(_) | Err(_), Ok(_)) => Err(Close::NotFound),
        },
        _ => Err(Close::NotFound),
    })
    .await
}

fn health() -> Result<Response> {
    let body = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    Ok(Response::from_json(&body)?)
}

/// What a page must know to begin.
fn config(env: &Env) -> Result<Response> {
    let pools: Vec<PoolName> = platform::pools(env)?.into_keys().collect();
    let body = json!({ "region": platform::region_url(env)?, "pools": pools });
    let mut response = Response::from_json(&body)?;
    response.headers_mut().set("cache-control", "no-store")?;
    Ok(response)
}

/// The body of `POST /v1/rooms`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewRoom {
    seats: usize,
    rules: Rules,
}

impl Default for NewRoom {
    fn default() -> Self {
        Self {
            seats: 2,
            rules: Rules::default(),
        }
    }
}

/// An open room: whoever has its name may take a free seat, so the name is random and works as the code.
async fn open_room(mut request: Request, env: &Env) -> Result<Response> {
    let token = identity::bearer(request.headers());
    let owner = match identity::check(env, token.as_deref()).await? {
        Ok(claims) => claims.sub,
        Err(why) => {
            return Err(Error::refused(
                401,
                why.why(),
                "a valid access token as Authorization: Bearer",
            ));
        }
    };
    let text = request.text().await?;
    if text.len() > caps::RESULT_BYTES {
        return Err(Error::refused(
            413,
            "too_long",
            format!("a body of at most {} bytes", caps::RESULT_BYTES),
        ));
    }
    let wish: NewRoom = if text.is_empty() {
        NewRoom::default()
    } else if !text.trim_start().starts_with('{') {
        return Err(Error::refused(400, "bad_field", "an object: seats, rules"));
    } else {
        serde_json::from_str(&text)
            .map_err(|error| Error::refused(400, "bad_field", error.to_string()))?
    };
    if !(1..=caps::SEATS).contains(&wish.seats) {
        return Err(Error::refused(
            400,
            "bad_field",
            format!("seats: 1 to {}", caps::SEATS),
        ));
    }
    let id = RoomId::random(clock::chance()?);
    let seats = vec![Seat::free(); wish.seats];
    let setup = Setup {
        id: id.clone(),
        pool: None,
        owner: Some(owner),
        seats,
        rules: wish.rules,
    };
    calls::open_room(env, &setup).await?;
    Ok(Response::from_json(&json!({ "room": id }))?.with_status(201))
}

async fn look(env: &Env, room: &str) -> Result<Response> {
    let missing = || Error::refused(404, "not_found", "no such room, or it is over and gone");
    let id: RoomId = room.parse().map_err(|_| missing())?;
    let stub = platform::room(env, &id)?;
    let response =
        crate::region::in_time(stub.fetch_with_str("https://object/summary"), "a room").await?;
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
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let socket = format!("ws://{host}{port} wss://{host}{port}");
    headers.set(
        "content-security-policy",
        &format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self' {socket} {region}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    )?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("referrer-policy", "no-referrer")?;
    headers.set(
        "permissions-policy",
        "camera=(self), microphone=(self), geolocation=()",
    )?;
    Ok(response.with_headers(headers))
}

fn not_here(path: &str) -> Error {
    if path.starts_with("/v1/lobbies/") {
        return Error::refused(
            426,
            "upgrade_required",
            "this is a socket: ask with Upgrade: websocket",
        );
    }
    Error::refused(404, "not_found", "no such path")
}
