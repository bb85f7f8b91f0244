//! The names of bindings and variables in wrangler.toml. No other file knows them.

use crate::error::{Error, Result};
use shared::caps;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::pool::{self, Pools, Shard};
use shared::sign::SignKeys;
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::{Env, Fetcher, RateLimiter, Stub, js_sys};

/// The object of a room.
pub fn room(env: &Env, id: &RoomId) -> Result<Stub> {
    object(env, "ROOM", id.as_str())
}

/// The object of a player.
pub fn player(env: &Env, id: &PlayerId) -> Result<Stub> {
    object(env, "PLAYER", id.as_str())
}

/// The object of a pool's queue, or of a part of it.
pub fn lobby(env: &Env, pool: &PoolName, shard: Shard) -> Result<Stub> {
    object(env, "LOBBY", &shard.object(pool))
}

/// The object that a lease names.
pub fn leased(env: &Env, lease: &str) -> Result<Stub> {
    match lease.split_once(':') {
        Some(("room", name)) => object(env, "ROOM", name),
        Some(("lobby", name)) => object(env, "LOBBY", name),
        Some(_) | None => Err(Error::Ours(format!("no object is called {lease:?}"))),
    }
}

fn object(env: &Env, binding: &str, name: &str) -> Result<Stub> {
    Ok(env.durable_object(binding)?.get_by_name(name)?)
}

/// The pages.
pub fn assets(env: &Env) -> Result<Fetcher> {
    Ok(env.assets("ASSETS")?)
}

/// The shield in front of the upgrades.
pub fn openings(env: &Env) -> Result<RateLimiter> {
    Ok(env.rate_limiter("OPENINGS")?)
}

/// The shield in front of everything else.
pub fn requests(env: &Env) -> Result<RateLimiter> {
    Ok(env.rate_limiter("REQUESTS")?)
}

/// Whether the pace of HTTP requests counts.
pub fn http_pace(env: &Env) -> bool {
    !text(env, "HTTP_PACE").is_ok_and(|on| on == "off")
}

/// How long a copy of a profile counts.
pub fn copy_fresh(env: &Env) -> Duration {
    let seconds = text(env, "PROFILE_FRESH_S").ok();
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    seconds.map_or(caps::COPY_FRESH, Duration::from_secs)
}

/// The object that adds up what isolates count.
pub fn metrics(env: &Env) -> Result<Stub> {
    object(env, "METRICS", "all")
}

/// Who may read the metrics; none, anybody.
pub fn metrics_token(env: &Env) -> Option<String> {
    let token = env.secret("METRICS_TOKEN").ok()?.to_string();
    (!token.is_empty()).then_some(token)
}

/// The pools, as configured.
pub fn pools(env: &Env) -> Result<Pools> {
    let value = js_sys::Reflect::get(env, &JsValue::from_str("POOLS")).unwrap_or_default();
    let text = js_sys::JSON::stringify(&value).map(String::from).unwrap_or_default();
    pool::read(&text).map_err(Error::Ours)
}

/// Where the region is, without a slash at the end.
pub fn region_url(env: &Env) -> Result<String> {
    Ok(text(env, "REGION_URL")?.trim_end_matches('/').to_owned())
}

/// Who signs access tokens.
pub fn issuer(env: &Env) -> Result<String> {
    text(env, "ISSUER")
}

/// Whom access tokens are for.
pub fn audience(env: &Env) -> Result<String> {
    text(env, "AUDIENCE")
}

/// Pages of other origins that may open sockets and call.
pub fn origins(env: &Env) -> Result<Vec<String>> {
    Ok(text(env, "ORIGINS")?.split(',').map(|origin| origin.trim().to_owned()).collect())
}

/// Whether faults on purpose are allowed.
pub fn debug(env: &Env) -> bool {
    text(env, "DEBUG_COMMANDS").is_ok_and(|on| on == "on")
}

/// What signs the edge's requests to the region.
pub fn edge_keys(env: &Env) -> Result<SignKeys> {
    let keys = env.secret("EDGE_TO_REGION_KEYS")?.to_string();
    keys.parse().map_err(|_| Error::Ours("EDGE_TO_REGION_KEYS: base64 keys, comma separated".to_owned()))
}

/// What verifies the region's requests to the edge.
pub fn region_keys(env: &Env) -> Result<SignKeys> {
    let keys = env.secret("REGION_TO_EDGE_KEYS")?.to_string();
    keys.parse().map_err(|_| Error::Ours("REGION_TO_EDGE_KEYS: base64 keys, comma separated".to_owned()))
}

fn text(env: &Env, name: &str) -> Result<String> {
    Ok(env.var(name)?.to_string())
}
