//! The two-level profile cache: this isolate's memory, then the location's cache, then the region.
//!
//! ```text
//! isolate    a map in memory, 10,000 profiles
//! location   the platform's cache, keyed by the profile's URL at the region
//! region     one request for all missing profiles; at most one in flight for each profile
//! ```
//!
//! A request never awaits another request's promise: the platform ties a promise to the request that made it. A request
//! that finds a fetch in flight polls the cache instead.

use crate::bindings;
use crate::clients::region;
use crate::clock::now;
use crate::error::{Error, Result};
use crate::telemetry::{log, metrics};
use futures_util::future::join_all;
use shared::cache::{CacheEntry, CachedProfile, Freshness, ProfileCache};
use shared::id::PlayerId;
use shared::limits;
use shared::metrics::Counter;
use shared::resilience::single_flight::{FlightRole, SingleFlight};
use shared::time::{self, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use worker::{Cache, Context, Delay, Env, Headers, Response};

thread_local! {
    static CACHE: RefCell<ProfileCache> = RefCell::default();
    static FLIGHTS: RefCell<SingleFlight> = RefCell::default();
}

/// The source of a response, as in `x-cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Every profile came from a cache.
    Hit,
    /// The region was asked for some of the profiles.
    Miss,
    /// The region does not answer, and some profiles are older than their freshness.
    Stale,
}

impl Source {
    /// Returns the value of `x-cache`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
        }
    }
}

/// The result of a lookup of several players.
#[derive(Debug)]
pub struct Found {
    /// An entry for each requested player, including players that do not exist.
    pub held: BTreeMap<PlayerId, CacheEntry>,
    pub source: Source,
    fresh: Duration,
}

/// Returns the public profiles of these players.
pub async fn profiles(env: &Env, ctx: &Context, players: &[PlayerId]) -> Result<Found> {
    let mut found =
        Found { held: BTreeMap::new(), source: Source::Hit, fresh: bindings::profile_fresh_for(env) };
    let mut missing = players.to_vec();
    let mut renew = found.take_cached(&mut missing);
    if !missing.is_empty() {
        load_from_colo(env, &missing).await;
        renew.extend(found.take_cached(&mut missing));
    }
    if !renew.is_empty() {
        let env = env.clone();
        ctx.wait_until(async move { refresh(&env, &renew).await });
    }
    let deadline = now() + limits::CALL_TIMEOUT;
    while !missing.is_empty() {
        found.source = Source::Miss;
        let (to_fetch, others_fetch) = start_fetches(&missing);
        if !to_fetch.is_empty() {
            let fetched = fetch(env, &to_fetch).await;
            missing.retain(|player| !fetched.contains_key(player));
            found.held.extend(fetched.clone());
            let env = env.clone();
            ctx.wait_until(async move { store_in_colo(&env, fetched).await });
        } else if others_fetch && now() < deadline {
            Delay::from(limits::COALESCE_POLL_INTERVAL).await;
        } else {
            break;
        }
        found.take_cached(&mut missing);
    }
    found.use_stale(missing)
}

/// Drops entries older than `version` from this isolate and from the location's cache. Other isolates keep theirs until
/// they are no longer fresh.
pub async fn invalidate(env: &Env, player: &PlayerId, version: u64) -> Result<()> {
    CACHE.with_borrow_mut(|cache| cache.invalidate(player, version));
    metrics::add(Counter::ToCache);
    Cache::default().delete(url(env, player)?, false).await?;
    Ok(())
}

impl Found {
    /// Takes the usable entries of this isolate out of `missing`. Returns the ones to refresh after the response.
    fn take_cached(&mut self, missing: &mut Vec<PlayerId>) -> Vec<PlayerId> {
        let (at, mut renew) = (now(), Vec::new());
        missing.retain(|player| match CACHE.with_borrow_mut(|cache| cache.get(player, at, self.fresh)) {
            Some((held, age @ (Freshness::Fresh | Freshness::Revalidate))) => {
                if age == Freshness::Revalidate {
                    renew.push(player.clone());
                }
                self.held.insert(player.clone(), held);
                false
            }
            Some((_, Freshness::StaleIfError)) | None => true,
        });
        renew
    }

    /// Completes the result with stale entries; fails if a player has no entry at all.
    fn use_stale(mut self, missing: Vec<PlayerId>) -> Result<Self> {
        for player in missing {
            let held = CACHE.with_borrow_mut(|cache| cache.get(&player, now(), self.fresh));
            let Some((held, _)) = held else {
                let what = format!("no cached profile of {player}, and the region does not answer");
                return Err(Error::Unavailable(what));
            };
            self.source = Source::Stale;
            self.held.insert(player, held);
        }
        Ok(self)
    }
}

/// Returns the players that this request must fetch, and whether other requests are fetching some of the rest.
fn start_fetches(missing: &[PlayerId]) -> (Vec<PlayerId>, bool) {
    let (at, mut to_fetch, mut others_fetch) = (now(), Vec::new(), false);
    for player in missing {
        match FLIGHTS.with_borrow_mut(|flights| flights.begin(player, at)) {
            FlightRole::Lead => to_fetch.push(player.clone()),
            FlightRole::Follow => others_fetch = true,
            FlightRole::BackOff => {}
        }
    }
    (to_fetch, others_fetch)
}

/// Fetches these from the region; returns nothing if it does not answer.
async fn fetch(env: &Env, players: &[PlayerId]) -> BTreeMap<PlayerId, CacheEntry> {
    let since = now();
    let mut read: BTreeMap<PlayerId, CachedProfile> = match region::profiles(env, players).await {
        Ok(read) => read.into_iter().collect(),
        Err(error) => {
            log::error!("{error:?}; stale profiles are served");
            let at = now();
            FLIGHTS.with_borrow_mut(|flights| {
                for player in players {
                    flights.failed(player, at);
                }
            });
            return BTreeMap::new();
        }
    };
    let mut fetched = BTreeMap::new();
    for player in players {
        let copy = read.remove(player).unwrap_or(CachedProfile::Missing);
        let held = CacheEntry { profile: copy, since };
        // An entry that is known to be stale is not cached, but is still the best answer available.
        CACHE.with_borrow_mut(|cache| cache.insert(player, held.clone()));
        FLIGHTS.with_borrow_mut(|flights| flights.completed(player));
        fetched.insert(player.clone(), held);
    }
    fetched
}

async fn refresh(env: &Env, players: &[PlayerId]) {
    let (to_fetch, _) = start_fetches(players);
    if !to_fetch.is_empty() {
        let fetched = fetch(env, &to_fetch).await;
        store_in_colo(env, fetched).await;
    }
}

const VERSION: &str = "x-version";
const SINCE: &str = "x-since";

/// Returns the key of a profile in the location's cache: its URL at the region.
fn url(env: &Env, player: &PlayerId) -> Result<String> {
    Ok(format!("{}/v1/profiles/{player}", bindings::region_url(env)?))
}

/// Copies these profiles from the location's cache into this isolate.
async fn load_from_colo(env: &Env, players: &[PlayerId]) {
    let looked = players.iter().take(limits::CACHE_LOOKUPS_MAX);
    let reads = looked.map(|player| async move { (player, read_colo(env, player).await) });
    for (player, read) in join_all(reads).await {
        match read {
            Ok(Some(held)) => {
                CACHE.with_borrow_mut(|cache| cache.insert(player, held));
            }
            Ok(None) => {}
            Err(error) => {
                log::error!("{error:?}; the location's copy of {player} is ignored");
            }
        }
    }
}

async fn read_colo(env: &Env, player: &PlayerId) -> Result<Option<CacheEntry>> {
    metrics::add(Counter::ToCache);
    let Some(mut cached) = Cache::default().get(url(env, player)?, false).await? else {
        return Ok(None);
    };
    let number = |name| -> Result<Option<u64>> {
        let text = cached.headers().get(name)?;
        Ok(text.and_then(|text| text.parse().ok()))
    };
    let (Some(version), Some(since)) = (number(VERSION)?, number(SINCE)?) else {
        return Ok(None);
    };
    let text = cached.text().await?.into();
    Ok(Some(CacheEntry { profile: CachedProfile::Profile { version, text }, since: Time::from_ms(since) }))
}

/// Stores these in the location's cache for other isolates.
async fn store_in_colo(env: &Env, fetched: BTreeMap<PlayerId, CacheEntry>) {
    let puts =
        fetched.iter().take(limits::CACHE_LOOKUPS_MAX).map(|(player, held)| write_colo(env, player, held));
    for put in join_all(puts).await {
        if let Err(error) = put {
            log::error!("{error:?}; the location's cache was not written");
        }
    }
}

async fn write_colo(env: &Env, player: &PlayerId, held: &CacheEntry) -> Result<()> {
    let CachedProfile::Profile { version, text } = &held.profile else {
        return Ok(());
    };
    // The profile may have changed during the fetch.
    let fresh = bindings::profile_fresh_for(env);
    let current = CACHE.with_borrow_mut(|cache| cache.get(player, now(), fresh));
    if current.is_none_or(|(current, _)| current.profile.version() != *version) {
        return Ok(());
    }
    let headers = Headers::new();
    let seconds = time::ms(limits::STALE_IF_ERROR) / 1000;
    headers.set("cache-control", &format!("public, max-age={seconds}"))?;
    headers.set("content-type", "application/json")?;
    headers.set(VERSION, &version.to_string())?;
    headers.set(SINCE, &held.since.ms().to_string())?;
    let response = Response::ok(text.to_string())?.with_headers(headers);
    Ok(Cache::default().put(url(env, player)?, response).await?)
}
