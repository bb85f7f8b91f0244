//! Profiles as everybody sees them, from copies where there are any. Whoever asks, it is the public view: the private
//! part is at the region alone.

use crate::cache::{self, Found};
use crate::clock::now;
use crate::error::{Error, Result};
use crate::metrics;
use shared::cache::{Copy, Held, knows, tag};
use shared::caps;
use shared::id::PlayerId;
use worker::{Context, Env, Headers, Request, Response, Url};

/// `GET /v1/profiles/{player}`.
pub async fn one(request: &Request, env: &Env, ctx: &Context, named: &str) -> Result<Response> {
    let player = player(named)?;
    let found = cache::profiles(env, ctx, std::slice::from_ref(&player)).await?;
    match found.held.get(&player).map(|held| &held.copy) {
        Some(Copy::Profile { version, text }) => {
            // The same as the region's, which takes it as `If-Match`.
            let tag = match version {
                0 => tag(text),
                version => format!("\"{version}\""),
            };
            answer(request, &found, &tag, text)
        }
        Some(Copy::Missing) | None => {
            Err(Error::refused(404, "player_not_found", format!("there is no player {player}")))
        }
    }
}

/// `GET /v1/profiles?ids=a,b`: in the order asked, without those who are not there.
pub async fn several(request: &Request, env: &Env, ctx: &Context) -> Result<Response> {
    let players = asked(&request.url()?)?;
    let found = cache::profiles(env, ctx, &players).await?;
    let texts: Vec<&str> = players
        .iter()
        .filter_map(|player| match &found.held.get(player)?.copy {
            Copy::Profile { text, .. } => Some(&**text),
            Copy::Missing => None,
        })
        .collect();
    let body = format!("{{\"profiles\":[{}]}}", texts.join(","));
    answer(request, &found, &tag(&body), &body)
}

/// The players that a query names, each once.
fn asked(url: &Url) -> Result<Vec<PlayerId>> {
    let refuse = |detail: String| Err(Error::refused(400, "bad_query", detail));
    let mut pairs = url.query_pairs();
    let (Some((name, ids)), None) = (pairs.next(), pairs.next()) else {
        return refuse("ids: a list of players, `?ids=p_1,p_2`, and nothing else".to_owned());
    };
    if name != "ids" {
        return refuse(format!("{name}: there is `ids` and nothing else"));
    }
    let mut players = Vec::new();
    for id in ids.split(',') {
        let player = player(id)?;
        if !players.contains(&player) {
            players.push(player);
        }
        if players.len() > caps::PROFILES {
            let detail = format!("ids: at most {} players at once", caps::PROFILES);
            return Err(Error::refused(400, "too_many", detail));
        }
    }
    Ok(players)
}

fn player(text: &str) -> Result<PlayerId> {
    text.parse().map_err(|error| {
        let detail = format!("{text:?} is no player: {error}; one's own profile is at the region");
        Error::refused(400, "bad_id", detail)
    })
}

fn answer(request: &Request, found: &Found, tag: &str, body: &str) -> Result<Response> {
    let known = request.headers().get("if-none-match")?;
    let mut response = if known.is_some_and(|known| knows(&known, tag)) {
        Response::empty()?.with_status(304)
    } else {
        Response::ok(body)?
    };
    let headers: &mut Headers = response.headers_mut();
    headers.set("content-type", "application/json")?;
    headers.set("etag", tag)?;
    // Kept by whoever likes, and asked for again each time: that is a 304, and the copy here hears of changes.
    headers.set("cache-control", "public, no-cache")?;
    headers.set("x-cache", found.how.as_str())?;
    metrics::read(found.how.as_str());
    let age = |held: &Held| now().since(held.since).as_secs();
    let oldest = found.held.values().map(age).max().unwrap_or_default();
    headers.set("age", &oldest.to_string())?;
    Ok(response)
}
