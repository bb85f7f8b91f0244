//! Profiles without asking the region each time: copies in this isolate, copies in this location, then the region.
//!
//! ```text
//! isolate    a map in memory, 10,000 profiles         nothing is asked of anybody
//! location   the platform's cache, under the URL that the profile has at the region
//! region     one request for all that are missing, one at a time for each profile
//! ```
//!
//! No request waits for another's promise: a promise belongs to the request that made it, and ends with it. Who finds
//! that somebody is fetching looks again after a moment, in time of its own.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::{platform, region};
use futures_util::future::join_all;
use shared::cache::{Age, Copies, Copy, Held};
use shared::caps;
use shared::flight::{Flights, Turn};
use shared::id::PlayerId;
use shared::time::{self, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use worker::{Cache, Context, Delay, Env, Headers, Response, console_error};

thread_local! {
    static COPIES: RefCell<Copies> = RefCell::default();
    static FLIGHTS: RefCell<Flights> = RefCell::default();
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Copies that count.
    Hit,
    /// The region was asked for some of it.
    Miss,
    /// The region does not answer, and some of it is old.
    Stale,
}

impl How {
    /// As it stands in `x-cache`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
        }
    }
}

/// What was found of those asked for.
#[derive(Debug)]
pub struct Found {
    /// All of them, those that are missing too.
    pub held: BTreeMap<PlayerId, Held>,
    /// Where it came from.
    pub how: How,
    fresh: Duration,
}

/// Finds the public views of these players.
pub async fn profiles(env: &Env, ctx: &Context, players: &[PlayerId]) -> Result<Found> {
    let mut found = Found { held: BTreeMap::new(), how: How::Hit, fresh: platform::copy_fresh(env) };
    let mut missing = players.to_vec();
    let mut renew = found.look(&mut missing);
    if !missing.is_empty() {
        take_from_location(env, &missing).await;
        renew.extend(found.look(&mut missing));
    }
    if !renew.is_empty() {
        let env = env.clone();
        ctx.wait_until(async move { fetch_again(&env, &renew).await });
    }
    let deadline = now() + caps::CALL;
    while !missing.is_empty() {
        found.how = How::Miss;
        let (go, waits) = begin(&missing);
        if !go.is_empty() {
            let fetched = fetch(env, &go).await;
            missing.retain(|player| !fetched.contains_key(player));
            found.held.extend(fetched.clone());
            let env = env.clone();
            ctx.wait_until(async move { put_in_location(&env, fetched).await });
        } else if waits && now() < deadline {
            Delay::from(caps::COPY_AGAIN).await;
        } else {
            break;
        }
        found.look(&mut missing);
    }
    found.fall_back(missing)
}

/// A profile has changed: no copy of an earlier version is given out by this isolate any more, nor by this location to
/// isolates that have none. Others keep theirs for as long as they are fresh.
pub async fn forget(env: &Env, player: &PlayerId, version: u64) -> Result<()> {
    COPIES.with_borrow_mut(|copies| copies.announce(player, version));
    Cache::default().delete(url(env, player)?, false).await?;
    Ok(())
}

impl Found {
    /// Takes what this isolate has and counts. Returns what should be fetched again behind the answer.
    fn look(&mut self, missing: &mut Vec<PlayerId>) -> Vec<PlayerId> {
        let (at, mut renew) = (now(), Vec::new());
        missing.retain(|player| match COPIES.with_borrow_mut(|copies| copies.look(player, at, self.fresh)) {
            Some((held, age @ (Age::Fresh | Age::Renew))) => {
                if age == Age::Renew {
                    renew.push(player.clone());
                }
                self.held.insert(player.clone(), held);
                false
            }
            Some((_, Age::Old)) | None => true,
        });
        renew
    }

    /// What cannot be had fresh is given old; what was never here, not at all.
    fn fall_back(mut self, missing: Vec<PlayerId>) -> Result<Self> {
        for player in missing {
            let held = COPIES.with_borrow_mut(|copies| copies.look(&player, now(), self.fresh));
            let Some((held, _)) = held else {
                let what = format!("no copy of {player}, and the region does not answer");
                return Err(Error::Unavailable(what));
            };
            self.how = How::Stale;
            self.held.insert(player, held);
        }
        Ok(self)
    }
}

/// Those that it is our turn to fetch, and whether others are being fetched.
fn begin(missing: &[PlayerId]) -> (Vec<PlayerId>, bool) {
    let (at, mut go, mut waits) = (now(), Vec::new(), false);
    for player in missing {
        match FLIGHTS.with_borrow_mut(|flights| flights.begin(player, at)) {
            Turn::Go => go.push(player.clone()),
            Turn::Wait => waits = true,
            Turn::Rest => {}
        }
    }
    (go, waits)
}

/// Asks the region for these. None of them where it does not answer.
async fn fetch(env: &Env, players: &[PlayerId]) -> BTreeMap<PlayerId, Held> {
    let since = now();
    let mut read: BTreeMap<PlayerId, Copy> = match region::profiles(env, players).await {
        Ok(read) => read.into_iter().collect(),
        Err(error) => {
            console_error!("{error:?}; old copies must do");
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
        let copy = read.remove(player).unwrap_or(Copy::Missing);
        let held = Held { copy, since };
        // Where it is known to be stale already it is no copy, but still the best answer there is.
        COPIES.with_borrow_mut(|copies| copies.keep(player, held.clone()));
        FLIGHTS.with_borrow_mut(|flights| flights.landed(player));
        fetched.insert(player.clone(), held);
    }
    fetched
}

async fn fetch_again(env: &Env, players: &[PlayerId]) {
    let (go, _) = begin(players);
    if !go.is_empty() {
        let fetched = fetch(env, &go).await;
        put_in_location(env, fetched).await;
    }
}

const VERSION: &str = "x-version";
const SINCE: &str = "x-since";

/// The name of a copy in the location's cache: where the region has the original.
fn url(env: &Env, player: &PlayerId) -> Result<String> {
    Ok(format!("{}/v1/profiles/{player}", platform::region_url(env)?))
}

/// Keeps in this isolate what the location has of these.
async fn take_from_location(env: &Env, players: &[PlayerId]) {
    let looked = players.iter().take(caps::COPIES_LOOKED);
    let reads = looked.map(|player| async move { (player, read_location(env, player).await) });
    for (player, read) in join_all(reads).await {
        match read {
            Ok(Some(held)) => {
                COPIES.with_borrow_mut(|copies| copies.keep(player, held));
            }
            Ok(None) => {}
            Err(error) => {
                console_error!("{error:?}; the location's copy of {player} is passed over");
            }
        }
    }
}

async fn read_location(env: &Env, player: &PlayerId) -> Result<Option<Held>> {
    let Some(mut kept) = Cache::default().get(url(env, player)?, false).await? else {
        return Ok(None);
    };
    let number = |name| -> Result<Option<u64>> {
        let text = kept.headers().get(name)?;
        Ok(text.and_then(|text| text.parse().ok()))
    };
    let (Some(version), Some(since)) = (number(VERSION)?, number(SINCE)?) else {
        return Ok(None);
    };
    let text = kept.text().await?.into();
    Ok(Some(Held { copy: Copy::Profile { version, text }, since: Time::from_ms(since) }))
}

/// Keeps these in the location, for isolates that have none.
async fn put_in_location(env: &Env, fetched: BTreeMap<PlayerId, Held>) {
    let puts =
        fetched.iter().take(caps::COPIES_LOOKED).map(|(player, held)| write_location(env, player, held));
    for put in join_all(puts).await {
        if let Err(error) = put {
            console_error!("{error:?}; the location keeps no copy");
        }
    }
}

async fn write_location(env: &Env, player: &PlayerId, held: &Held) -> Result<()> {
    let Copy::Profile { version, text } = &held.copy else {
        return Ok(());
    };
    // It may have changed while it was fetched.
    let fresh = platform::copy_fresh(env);
    let current = COPIES.with_borrow_mut(|copies| copies.look(player, now(), fresh));
    if current.is_none_or(|(current, _)| current.copy.version() != *version) {
        return Ok(());
    }
    let headers = Headers::new();
    let seconds = time::ms(caps::COPY_OLD) / 1000;
    headers.set("cache-control", &format!("public, max-age={seconds}"))?;
    headers.set("content-type", "application/json")?;
    headers.set(VERSION, &version.to_string())?;
    headers.set(SINCE, &held.since.ms().to_string())?;
    let response = Response::ok(text.to_string())?.with_headers(headers);
    Ok(Cache::default().put(url(env, player)?, response).await?)
}
