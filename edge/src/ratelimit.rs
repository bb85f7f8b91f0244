//! Who asks too often: an exact bucket in each isolate, and the platform's forgiving count of a whole location.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::platform;
use shared::caps;
use shared::id::PlayerId;
use shared::limit::{Buckets, Pace};
use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;
use worker::{Env, Headers};

const PACE: Pace = Pace { per_s: caps::HTTP_PER_S, burst: caps::HTTP_BURST };

thread_local! {
    static BUCKETS: RefCell<Buckets> = RefCell::new(Buckets::new(caps::HTTP_BUCKETS));
}

/// Takes one from the address that asks.
pub async fn address(env: &Env, headers: &Headers) -> Result<()> {
    let address = headers.get("cf-connecting-ip")?.unwrap_or_default();
    take(env, &network(&address)).await
}

/// Takes one from a player.
pub async fn player(env: &Env, player: &PlayerId) -> Result<()> {
    take(env, player.as_str()).await
}

async fn take(env: &Env, whose: &str) -> Result<()> {
    if !platform::http_pace(env) {
        return Ok(());
    }
    BUCKETS.with_borrow_mut(|buckets| buckets.take(whose, PACE, now())).map_err(Error::TooFast)?;
    let count = platform::requests(env)?.limit(whose.to_owned()).await?;
    if count.success {
        return Ok(());
    }
    Err(Error::TooFast(Duration::from_secs(1)))
}

/// Whom an address stands for: of IPv6 a household has 2⁶⁴, so its network counts.
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
