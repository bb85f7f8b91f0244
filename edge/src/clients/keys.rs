//! The region's public keys, which verify access tokens: fetched when a token names an unknown key, and in the
//! background before they are too old.

use crate::bindings;
use crate::clients::region;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::telemetry::log;
use shared::limits;
use shared::token::{Claims, KeyCache, KeyDemand, KeySet, TokenError};
use std::cell::RefCell;
use worker::{Context, Delay, Env};

thread_local! {
    static CACHE: RefCell<KeyCache> = RefCell::default();
}

/// Verifies an access token. The outer `Err` means that the keys could not be fetched.
pub async fn verify(env: &Env, text: &str) -> Result<std::result::Result<Claims, TokenError>> {
    let fetched = satisfy(env, |cache| cache.demand(now(), text)).await;
    let (issuer, audience) = (bindings::issuer(env)?, bindings::audience(env)?);
    let verdict = CACHE.with_borrow_mut(|cache| cache.verify(text, &issuer, &audience, now()));
    // After a failed fetch the known keys still serve, but an unknown one may be good.
    if verdict == Err(TokenError::UnknownKey) {
        fetched?;
    }
    Ok(verdict)
}

/// Returns whether there are keys; fetches them if there are none.
pub async fn are_available(env: &Env) -> bool {
    // A failed fetch logs its reason.
    let _ = satisfy(env, |cache| cache.demand_any(now())).await;
    CACHE.with_borrow(KeyCache::has_keys)
}

/// Fetches the keys after a response, if they are getting old.
pub fn refresh_after_response(env: &Env, ctx: &Context) {
    if CACHE.with_borrow_mut(|cache| cache.start_refresh(now())) {
        let env = env.clone();
        ctx.wait_until(async move {
            // A failed fetch logs its reason.
            let _ = fetch(&env).await;
        });
    }
}

/// Fetches the keys if they are demanded, or waits until another request has fetched them.
async fn satisfy(env: &Env, demand: impl Fn(&mut KeyCache) -> KeyDemand) -> Result<()> {
    loop {
        match CACHE.with_borrow_mut(&demand) {
            KeyDemand::Known => return Ok(()),
            KeyDemand::Fetch => return fetch(env).await,
            KeyDemand::Unavailable => {
                let what = "the keys that verify tokens could not be fetched a moment ago";
                return Err(Error::Unavailable(what.to_owned()));
            }
            KeyDemand::Wait => Delay::from(limits::COALESCE_POLL_INTERVAL).await,
        }
    }
}

async fn fetch(env: &Env) -> Result<()> {
    let fetched = region::jwks(env).await.and_then(|text| {
        KeySet::from_jwks(&text).map_err(|_| Error::Internal("the region's JWKS is malformed".to_owned()))
    });
    CACHE.with_borrow_mut(|cache| match fetched {
        Ok(keys) => {
            cache.fetched(now(), keys);
            Ok(())
        }
        Err(error) => {
            cache.failed(now());
            log::error!("keys that verify tokens could not be fetched: {error:?}");
            Err(error)
        }
    })
}
