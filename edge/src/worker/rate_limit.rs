//! Rate limits of requests and openings: an exact token bucket in each isolate, and the platform's approximate limiter
//! per location.

use crate::bindings;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::telemetry::metrics;
use shared::id::PlayerId;
use shared::limits;
use shared::metrics::Counter;
use shared::resilience::token_bucket::{Buckets, Pace};
use shared::service_key;
use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;
use worker::{Env, Headers};

const PACE: Pace = Pace { per_s: limits::HTTP_RATE_PER_S, burst: limits::HTTP_RATE_BURST };
const OPENING_PACE: Pace = Pace { per_s: limits::OPENING_RATE_PER_S, burst: limits::OPENING_RATE_BURST };

const ABSENT_PACE: Pace =
    Pace { per_s: limits::ABSENT_ROOM_RATE_PER_S, burst: limits::ABSENT_ROOM_RATE_BURST };

thread_local! {
    static BUCKETS: RefCell<Buckets> = RefCell::new(Buckets::new(limits::HTTP_RATE_BUCKETS_MAX));
}

/// Takes one request from the budget of the caller's address.
pub async fn address(env: &Env, headers: &Headers) -> Result<()> {
    take(env, &network_of(headers)?).await.inspect_err(|_| metrics::add(Counter::LimitedAddress))
}

/// Returns the network of the caller's address.
pub fn network_of(headers: &Headers) -> Result<String> {
    let address = headers.get("cf-connecting-ip")?.unwrap_or_default();
    Ok(network(&address))
}

/// Takes one opening from the budget of a network, before anything of the request is verified. False if none is left.
pub fn opening(env: &Env, network: &str) -> bool {
    if !bindings::is_http_rate_limited(env) {
        return true;
    }
    let key = format!("opening {network}");
    BUCKETS.with_borrow_mut(|buckets| buckets.take(&key, OPENING_PACE, now())).is_ok()
}

/// Returns whether a network may look for a room: it has not just looked for many that do not exist.
pub fn may_look_for_room(env: &Env, network: &str) -> bool {
    let key = absent_key(network);
    let left = BUCKETS.with_borrow(|buckets| buckets.has_token(&key, ABSENT_PACE, now()));
    left || !bindings::is_http_rate_limited(env)
}

/// Notes that a network looked for a room that does not exist.
pub fn note_absent_room(network: &str) {
    // An empty bucket stays empty.
    let _ = BUCKETS.with_borrow_mut(|buckets| buckets.take(&absent_key(network), ABSENT_PACE, now()));
}

fn absent_key(network: &str) -> String {
    format!("absent {network}")
}

/// Takes one request from a player's budget.
pub async fn player(env: &Env, player: &PlayerId) -> Result<()> {
    take(env, player.as_str()).await.inspect_err(|_| metrics::add(Counter::LimitedPlayer))
}

/// Takes one request from the budget of a service key.
pub fn service(env: &Env, id: &str) -> Result<()> {
    if !bindings::is_http_rate_limited(env) {
        return Ok(());
    }
    let key = format!("service {id}");
    BUCKETS.with_borrow_mut(|buckets| buckets.take(&key, service_key::PACE, now())).map_err(|wait| {
        metrics::add(Counter::LimitedService);
        Error::TooFast(wait)
    })
}

async fn take(env: &Env, key: &str) -> Result<()> {
    if !bindings::is_http_rate_limited(env) {
        return Ok(());
    }
    BUCKETS.with_borrow_mut(|buckets| buckets.take(key, PACE, now())).map_err(Error::TooFast)?;
    let count = bindings::requests(env)?.limit(key.to_owned()).await?;
    if count.success {
        return Ok(());
    }
    Err(Error::TooFast(Duration::from_secs(1)))
}

/// Returns the key of an address. IPv6 counts by its /64 network, because one household has 2⁶⁴ addresses.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => String::from("unknown"),
    }
}
