//! The bindings, variables and secrets of wrangler.toml. No other file contains their names.

use crate::error::{Error, Result};
use crate::telemetry::metrics;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::limits;
use shared::metrics::Counter;
use shared::pool::{self, ConfiguredPools, Shard};
use shared::room::Switches;
use shared::rpc::ObjectName;
use shared::service_key::ServiceKeys;
use shared::sign::SignKeys;
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::{Env, Fetcher, RateLimiter, Stub, js_sys};

/// Returns the stub of a room's object.
pub fn room(env: &Env, id: &RoomId) -> Result<Stub> {
    object(env, "ROOM", id.as_str())
}

/// Returns the stub of a player's object, which holds a share of all players.
pub fn player(env: &Env, id: &PlayerId) -> Result<Stub> {
    object(env, "PLAYER", &shared::player::object_name(id))
}

/// Returns the stub of a lobby: one shard of a pool's queue.
pub fn lobby(env: &Env, pool: &PoolName, shard: Shard) -> Result<Stub> {
    object(env, "LOBBY", &shard.object_name(pool))
}

/// Returns the stub of the room or lobby with this name.
pub fn host(env: &Env, name: &ObjectName) -> Result<Stub> {
    match name {
        ObjectName::Room(id) => room(env, id),
        ObjectName::Lobby(pool, shard) => lobby(env, pool, *shard),
    }
}

/// Returns the stub of an object, for one request.
fn object(env: &Env, binding: &str, name: &str) -> Result<Stub> {
    metrics::add(match binding {
        "ROOM" => Counter::ToRoom,
        "LOBBY" => Counter::ToLobby,
        "PLAYER" => Counter::ToPlayer,
        _ => Counter::ToMetrics,
    });
    Ok(env.durable_object(binding)?.get_by_name(name)?)
}

/// Returns the static pages of the site.
pub fn assets(env: &Env) -> Result<Fetcher> {
    metrics::add(Counter::ToPages);
    Ok(env.assets("ASSETS")?)
}

/// Returns the platform's rate limiter for WebSocket upgrades.
pub fn openings(env: &Env) -> Result<RateLimiter> {
    Ok(env.rate_limiter("OPENINGS")?)
}

/// Returns the platform's rate limiter for HTTP requests.
pub fn requests(env: &Env) -> Result<RateLimiter> {
    Ok(env.rate_limiter("REQUESTS")?)
}

/// Returns whether HTTP requests are rate limited (`HTTP_PACE`).
pub fn is_http_rate_limited(env: &Env) -> bool {
    !text(env, "HTTP_PACE").is_ok_and(|on| on == "off")
}

/// Returns how long a cached profile is fresh (`PROFILE_FRESH_S`).
pub fn profile_fresh_for(env: &Env) -> Duration {
    let seconds = text(env, "PROFILE_FRESH_S").ok();
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    seconds.map_or(limits::PROFILE_CACHE_TTL, Duration::from_secs)
}

/// Returns the stub of the object that adds up the counts of all isolates.
pub fn metrics(env: &Env) -> Result<Stub> {
    object(env, "METRICS", "all")
}

/// Returns whether any caller may read the metrics where no token is set (`METRICS_OPEN`).
pub fn is_metrics_open(env: &Env) -> bool {
    text(env, "METRICS_OPEN").is_ok_and(|on| on == "on")
}

/// Returns the bearer token that `GET /metrics` requires, if one is set.
pub fn metrics_token(env: &Env) -> Option<String> {
    let token = env.secret("METRICS_TOKEN").ok()?.to_string();
    (!token.is_empty()).then_some(token)
}

/// Returns the platform's id of the deployed version (`VERSION`); none where the platform has none.
pub fn build(env: &Env) -> Option<String> {
    let version = js_sys::Reflect::get(env, &JsValue::from_str("VERSION")).ok()?;
    js_sys::Reflect::get(&version, &JsValue::from_str("id")).ok()?.as_string()
}

/// Returns the configured pools, and the faults of those that are invalid.
pub fn pools(env: &Env) -> Result<ConfiguredPools> {
    let value = js_sys::Reflect::get(env, &JsValue::from_str("POOLS")).unwrap_or_default();
    let text = js_sys::JSON::stringify(&value).map(String::from).unwrap_or_default();
    pool::read_each(&text).map_err(Error::Internal)
}

/// Returns the region's base URL, without a slash at the end.
pub fn region_url(env: &Env) -> Result<String> {
    Ok(text(env, "REGION_URL")?.trim_end_matches('/').to_owned())
}

/// Returns the issuer that access tokens must name.
pub fn issuer(env: &Env) -> Result<String> {
    text(env, "ISSUER")
}

/// Returns the audience that access tokens must name.
pub fn audience(env: &Env) -> Result<String> {
    text(env, "AUDIENCE")
}

/// Returns the other origins whose pages may call and open sockets.
pub fn origins(env: &Env) -> Result<Vec<String>> {
    Ok(text(env, "ORIGINS")?.split(',').map(|origin| origin.trim().to_owned()).collect())
}

/// Returns the switches of rooms: `DEBUG_COMMANDS` is off and `MESSAGE_PACE` is on in production.
pub fn switches(env: &Env) -> Switches {
    Switches {
        debug_commands: text(env, "DEBUG_COMMANDS").is_ok_and(|on| on == "on"),
        unlimited_rate: text(env, "MESSAGE_PACE").is_ok_and(|on| on == "off"),
    }
}

/// Returns the keys that sign the edge's requests to the region.
pub fn edge_keys(env: &Env) -> Result<SignKeys> {
    let keys = env.secret("EDGE_TO_REGION_KEYS")?.to_string();
    keys.parse()
        .map_err(|_| Error::Internal("EDGE_TO_REGION_KEYS must be base64 keys, comma separated".to_owned()))
}

/// Returns the keys that verify the region's requests to the edge.
pub fn region_keys(env: &Env) -> Result<SignKeys> {
    let keys = env.secret("REGION_TO_EDGE_KEYS")?.to_string();
    keys.parse()
        .map_err(|_| Error::Internal("REGION_TO_EDGE_KEYS must be base64 keys, comma separated".to_owned()))
}

/// Returns the keys of the service API (`SERVICE_KEYS`); none by default.
pub fn service_keys(env: &Env) -> Result<ServiceKeys> {
    let text = env.secret("SERVICE_KEYS").map(|secret| secret.to_string()).unwrap_or_default();
    ServiceKeys::read(&text).map_err(|error| Error::Internal(error.to_string()))
}

fn text(env: &Env, name: &str) -> Result<String> {
    Ok(env.var(name)?.to_string())
}
