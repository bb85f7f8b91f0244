//! The routes of leaderboards: the best players of a pool, and the caller's position.

use crate::app::App;
use crate::domain::leaderboard::{RankKey, ranks};
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::error::{Error, Fault, Refusal};
use crate::http::caller::SignedIn;
use crate::http::extract::parse_id;
use crate::http::layers::PRIVATE;
use crate::http::rfc3339::format_time;
use crate::store::leaderboards::BoardRange;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::time::{self, Time};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The best players of a pool.
#[derive(Serialize, ToSchema)]
pub struct Leaderboard {
    pool: PoolName,
    #[schema(value_type = crate::schemas::Timestamp)]
    as_of: String,
    /// A match that was stored longer than this before `as_of` is counted.
    max_staleness_ms: u64,
    /// The entries, best first.
    places: Vec<LeaderboardEntry>,
}

/// The caller's position on a leaderboard.
#[derive(Serialize, ToSchema)]
pub struct LeaderboardPosition {
    pool: PoolName,
    #[schema(value_type = crate::schemas::Timestamp)]
    as_of: String,
    /// A match that was stored longer than this before `as_of` is counted; the caller's own matches always
    /// are.
    max_staleness_ms: u64,
    me: LeaderboardEntry,
    /// The last rank that is counted; present if the caller is below it and has no rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<u64>,
    /// The entries just above the caller, best first.
    above: Vec<LeaderboardEntry>,
    /// The entries just below the caller, best first.
    below: Vec<LeaderboardEntry>,
}

/// An entry of a leaderboard.
#[derive(Serialize, ToSchema)]
pub struct LeaderboardEntry {
    /// The rank; equal scores share one.
    rank: Option<u64>,
    player: PlayerId,
    name: String,
    /// The rating minus two deviations, after the last match.
    score: f64,
    /// The end of the last rated match.
    #[schema(value_type = crate::schemas::Timestamp)]
    last: String,
}

/// A stored entry with its rank, if ranks are counted that far.
type Ranked<'a> = (&'a RankKey, Option<u64>);

/// The names of the players that a leaderboard shows.
type Names = BTreeMap<PlayerId, String>;

/// Returns the leaderboard of a pool.
#[utoipa::path(
    get,
    path = "/v1/leaderboards/{pool}",
    operation_id = "getLeaderboard",
    tag = "profiles",
    params(("pool" = PoolName, Path, description = "A pool with ratings.")),
    responses(
        (status = 200, body = Leaderboard, description = "The best 100 players, without banned ones."),
        (status = 404, description = "`pool_unrated`"),
    ),
)]
pub async fn get_leaderboard(State(app): State<App>, Path(pool): Path<String>) -> Result<Response, Fault> {
    let pool = parse_rated_pool(&app, &pool)?;
    let now = app.clock.now();
    let board = app.store.leaderboard_eventual(&pool, BoardRange::Best, limits::LEADERS_MAX).await?;
    let ranked = ranks(&board, 0, 0);
    let ranked: Vec<Ranked> = ranked.into_iter().map(|(key, rank)| (key, Some(rank))).collect();
    let mut places = Vec::new();
    // A banned player keeps their rank but is not shown, and the next one moves up on the page.
    for batch in ranked.chunks(limits::PROFILES_BATCH_MAX) {
        if places.len() >= limits::LEADERS_MAX {
            break;
        }
        let names = visible_names(&app, batch, now).await?;
        places.extend(visible_entries(batch, &names));
    }
    places.truncate(limits::LEADERS_MAX);
    let leaderboard = Leaderboard {
        pool,
        as_of: format_time(now),
        max_staleness_ms: time::ms(limits::LEADERBOARD_LAG_MAX),
        places,
    };
    let cache_control = format!("public, max-age={}", limits::LEADERBOARD_TTL.as_secs());
    Ok(([(CACHE_CONTROL, cache_control)], Json(leaderboard)).into_response())
}

/// Returns the caller's rank and the entries around it.
#[utoipa::path(
    get,
    path = "/v1/leaderboards/{pool}/me",
    operation_id = "getLeaderboardPosition",
    tag = "profiles",
    params(("pool" = PoolName, Path, description = "A pool with ratings.")),
    responses(
        (status = 200, body = LeaderboardPosition, description = "The caller's entry, and up to ten above and below it."),
        (status = 404, description = "`unrated`, `pool_unrated`"),
    ),
    security(("access_token" = [])),
)]
pub async fn get_leaderboard_position(
    State(app): State<App>,
    Path(pool): Path<String>,
    caller: SignedIn,
) -> Result<Response, Fault> {
    let pool = parse_rated_pool(&app, &pool)?;
    let (player, now) = (caller.player, app.clock.now());
    let rating = app.store.rating_strong(&pool, &player).await?;
    let own = rating.ok_or_else(|| unrated(&pool))?.rank_key(&player);
    let (above, below) = neighbours(&app, &pool, &own).await?;
    let all: Vec<&RankKey> = above.iter().chain([&own]).chain(&below).collect();
    let ranked = rank(&app, &pool, all).await?;
    let names = visible_names(&app, &ranked, now).await?;
    let (ranked_above, rest) = ranked.split_at(above.len());
    let (ranked_own, ranked_below) = rest.split_at(1);
    let own_rank = ranked_own.first().and_then(|(_, rank)| *rank);
    let (mut above, mut below) =
        (visible_entries(ranked_above, &names), visible_entries(ranked_below, &names));
    above.drain(..above.len().saturating_sub(limits::NEIGHBOURS_MAX));
    below.truncate(limits::NEIGHBOURS_MAX);
    let position = LeaderboardPosition {
        pool,
        as_of: format_time(now),
        max_staleness_ms: time::ms(limits::LEADERBOARD_LAG_MAX),
        me: entry(&(&own, own_rank), caller.profile.name),
        beyond: own_rank.is_none().then_some(limits::EXACT_RANKS_MAX),
        above,
        below,
    };
    Ok(([(CACHE_CONTROL, PRIVATE)], Json(position)).into_response())
}

/// Returns the stored entries around one, best first: twice as many as are shown, because some players may be
/// banned.
async fn neighbours(
    app: &App,
    pool: &PoolName,
    own: &RankKey,
) -> Result<(Vec<RankKey>, Vec<RankKey>), Error> {
    const FETCHED: usize = 2 * limits::NEIGHBOURS_MAX;
    let (mut above, mut below) = tokio::try_join!(
        app.store.leaderboard_eventual(pool, BoardRange::Above(own), FETCHED),
        app.store.leaderboard_eventual(pool, BoardRange::Below(own), FETCHED),
    )?;
    above.truncate(FETCHED);
    above.reverse();
    below.truncate(FETCHED);
    Ok((above, below))
}

/// Ranks consecutive entries; those beyond [`limits::EXACT_RANKS_MAX`] have no rank.
async fn rank<'a>(app: &App, pool: &PoolName, entries: Vec<&'a RankKey>) -> Result<Vec<Ranked<'a>>, Error> {
    let Some(first) = entries.first() else {
        return Ok(Vec::new());
    };
    let Some((better, equal)) = app.store.ranked_ahead_eventual(pool, first).await? else {
        return Ok(entries.into_iter().map(|key| (key, None)).collect());
    };
    let ranked = ranks(entries, better, equal).into_iter();
    let limited = |rank: u64| Some(rank).filter(|&rank| rank <= limits::EXACT_RANKS_MAX);
    Ok(ranked.map(|(key, rank)| (key, limited(rank))).collect())
}

/// Returns the names of the players who are neither banned nor erased.
async fn visible_names(app: &App, ranked: &[Ranked<'_>], now: Time) -> Result<Names, Error> {
    let ids: Vec<PlayerId> = ranked.iter().map(|(key, _)| key.player.clone()).collect();
    let profiles = app.store.profiles_eventual(&ids).await?;
    let visible = profiles.into_iter().filter(|profile| !profile.banned(now));
    Ok(visible.map(|profile| (profile.player, profile.name)).collect())
}

/// Returns the entries of the players whose names are visible.
fn visible_entries(ranked: &[Ranked], names: &Names) -> Vec<LeaderboardEntry> {
    let entry = |ranked: &Ranked| Some(entry(ranked, names.get(&ranked.0.player)?.clone()));
    ranked.iter().filter_map(entry).collect()
}

fn entry((key, rank): &Ranked, name: String) -> LeaderboardEntry {
    LeaderboardEntry {
        rank: *rank,
        player: key.player.clone(),
        name,
        score: key.score.to_rating_scale(),
        last: format_time(key.at),
    }
}

fn unrated(pool: &PoolName) -> Refusal {
    let detail = format!("You have no rated match in {pool}. Play one to appear on its leaderboard.");
    not_found(Code::Unrated, "pool", detail)
}

/// Parses the name of a pool that has a leaderboard.
fn parse_rated_pool(app: &App, text: &str) -> Result<PoolName, Refusal> {
    let pool: PoolName = parse_id("pool", text)?;
    if app.config.rated_pools.contains(&pool) {
        return Ok(pool);
    }
    let detail =
        format!("Pool {pool} has no leaderboard. The region's `RATED_POOLS` names the pools with ratings.");
    Err(not_found(Code::PoolUnrated, "pool", detail))
}
