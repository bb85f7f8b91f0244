//! Public profiles, served from caches. The private part of a profile is served by the region alone.

use crate::clock::now;
use crate::error::{Error, Result};
use crate::reads::cache::{self, Found};
use crate::telemetry::metrics;
use shared::cache::{CacheEntry, CachedProfile, tag};
use shared::http::RequestUrl;
use shared::http::entity_tag::{ProfileViewKind, is_known, profile_tag};
use shared::id::PlayerId;
use shared::limits;
use worker::{Context, Env, Headers, Request, Response};

/// Answers `GET /v1/profiles/{player}`.
pub async fn one(request: &Request, env: &Env, ctx: &Context, named: &str) -> Result<Response> {
    let player = parse_player(named)?;
    let found = cache::profiles(env, ctx, std::slice::from_ref(&player)).await?;
    match found.held.get(&player).map(|held| &held.profile) {
        Some(CachedProfile::Profile { version, text }) => {
            // The same tag as the region's, which accepts it as `If-Match`.
            let tag = match version {
                0 => tag(text),
                version => profile_tag(&player, ProfileViewKind::Public, *version),
            };
            respond(request, &found, &tag, text)
        }
        Some(CachedProfile::Missing) | None => {
            Err(Error::refused(404, "player_not_found", format!("No player has the id {player}.")))
        }
    }
}

/// Answers `GET /v1/profiles?ids=a,b`: profiles in the requested order, without players that do not exist.
pub async fn several(request: &Request, env: &Env, ctx: &Context) -> Result<Response> {
    let players = queried_players(RequestUrl::new(&request.inner().url()))?;
    let found = cache::profiles(env, ctx, &players).await?;
    let texts: Vec<&str> = players
        .iter()
        .filter_map(|player| match &found.held.get(player)?.profile {
            CachedProfile::Profile { text, .. } => Some(&**text),
            CachedProfile::Missing => None,
        })
        .collect();
    let body = format!("{{\"profiles\":[{}]}}", texts.join(","));
    respond(request, &found, &tag(&body), &body)
}

/// Returns the players that a query names, each once.
fn queried_players(url: RequestUrl) -> Result<Vec<PlayerId>> {
    let refuse = |detail: String| Err(Error::refused(400, "bad_query", detail));
    let mut pairs = url.query();
    let (Some((name, ids)), None) = (pairs.next(), pairs.next()) else {
        return refuse("The query must be `?ids=p_1,p_2` and nothing else.".to_owned());
    };
    if name != "ids" {
        return refuse(format!("{name}: unknown; the only parameter is `ids`."));
    }
    let mut players = Vec::new();
    for id in ids.split(',') {
        let player = parse_player(id)?;
        if !players.contains(&player) {
            players.push(player);
        }
        if players.len() > limits::PROFILES_BATCH_MAX {
            let detail = format!("ids: at most {} players in one request", limits::PROFILES_BATCH_MAX);
            return Err(Error::refused(400, "too_many", detail));
        }
    }
    Ok(players)
}

fn parse_player(text: &str) -> Result<PlayerId> {
    text.parse().map_err(|error| {
        let detail = format!("{text:?} is not a player id: {error}. Your own profile is at the region.");
        Error::refused(400, "bad_id", detail)
    })
}

fn respond(request: &Request, found: &Found, tag: &str, body: &str) -> Result<Response> {
    let known = request.headers().get("if-none-match")?;
    let mut response = if known.is_some_and(|known| is_known(&known, tag)) {
        Response::empty()?.with_status(304)
    } else {
        Response::ok(body)?
    };
    let headers: &mut Headers = response.headers_mut();
    headers.set("content-type", "application/json")?;
    headers.set("etag", tag)?;
    // Any cache may store it but must revalidate each time: that costs a 304, and this cache is told of changes.
    headers.set("cache-control", "public, no-cache")?;
    headers.set("x-cache", found.source.as_str())?;
    metrics::profile_read(found.source.as_str());
    let age = |held: &CacheEntry| now().since(held.since).as_secs();
    let oldest = found.held.values().map(age).max().unwrap_or_default();
    headers.set("age", &oldest.to_string())?;
    Ok(response)
}
