//! Who signs access tokens: the region's public keys, fetched when an unknown one is named, once a minute at most.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::{platform, region};
use shared::caps;
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

/// Verifies an access token. `Err` outside: the keys could not be had.
pub async fn verify(env: &Env, text: &str) -> Result<std::result::Result<Claims, TokenError>> {
    let known = |kid: &str| CACHE.with_borrow(|cache| cache.keys.has(kid));
    if let Some(kid) = token::kid(text)
        && !known(&kid)
        && CACHE.with_borrow(|cache| cache.next <= now())
    {
        refresh(env).await?;
    }
    let (issuer, audience) = (platform::issuer(env)?, platform::audience(env)?);
    Ok(CACHE.with_borrow(|cache| token::verify(text, &cache.keys, &issuer, &audience, now())))
}

/// Whether there are keys, fetched now where there are none.
pub async fn are_here(env: &Env) -> bool {
    let none = || CACHE.with_borrow(|cache| cache.keys == KeySet::default());
    if none() && CACHE.with_borrow(|cache| cache.next <= now()) {
        // It says in the log why there are none.
        let _ = refresh(env).await;
    }
    !none()
}

async fn refresh(env: &Env) -> Result<()> {
    let fetched = region::jwks(env).await.and_then(|text| {
        KeySet::from_jwks(&text).map_err(|_| Error::Ours("the region's JWKS cannot be read".to_owned()))
    });
    CACHE.with_borrow_mut(|cache| match fetched {
        Ok(keys) => {
            *cache = Cache { keys, next: now() + caps::KEYS_AGAIN };
            Ok(())
        }
        Err(error) => {
            cache.next = now() + caps::KEYS_SOON;
            console_error!("no keys to verify tokens with: {error:?}");
            Err(error)
        }
    })
}
