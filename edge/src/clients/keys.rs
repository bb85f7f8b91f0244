//! The region's public keys, which verify access tokens: fetched when a token names an unknown key, once a minute at most.

use crate::bindings;
use crate::clients::region;
use crate::clock::now;
use crate::error::{Error, Result};
use shared::limits;
use shared::time::Time;
use shared::token::{self, Claims, KeySet, TokenError};
use std::cell::RefCell;
use worker::{Env, console_error};

#[derive(Default)]
struct Cache {
    keys: KeySet,
    next: Time,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Verifies an access token. The outer `Err` means that the keys could not be fetched.
pub async fn verify(env: &Env, text: &str) -> Result<std::result::Result<Claims, TokenError>> {
    let known = |kid: &str| CACHE.with_borrow(|cache| cache.keys.has(kid));
    if let Some(kid) = token::kid(text)
        && !known(&kid)
        && CACHE.with_borrow(|cache| cache.next <= now())
    {
        refresh(env).await?;
    }
    let (issuer, audience) = (bindings::issuer(env)?, bindings::audience(env)?);
    Ok(CACHE.with_borrow(|cache| token::verify(text, &cache.keys, &issuer, &audience, now())))
}

/// Returns whether there are keys; fetches them if there are none.
pub async fn are_available(env: &Env) -> bool {
    let none = || CACHE.with_borrow(|cache| cache.keys == KeySet::default());
    if none() && CACHE.with_borrow(|cache| cache.next <= now()) {
        // `refresh` logs why there are none.
        let _ = refresh(env).await;
    }
    !none()
}

async fn refresh(env: &Env) -> Result<()> {
    let fetched = region::jwks(env).await.and_then(|text| {
        KeySet::from_jwks(&text).map_err(|_| Error::Internal("the region's JWKS is malformed".to_owned()))
    });
    CACHE.with_borrow_mut(|cache| match fetched {
        Ok(keys) => {
            *cache = Cache { keys, next: now() + limits::JWKS_REFETCH_MIN };
            Ok(())
        }
        Err(error) => {
            cache.next = now() + limits::JWKS_RETRY_MIN;
            console_error!("keys that verify tokens could not be fetched: {error:?}");
            Err(error)
        }
    })
}
