//! Who plays best in a pool, and where one stands oneself.

use super::App;
use super::profiles::gone;
use crate::board::{Place, ranks};
use crate::error::{Error, Fault, Refusal};
use crate::http::bearer::Bearer;
use crate::http::moment::rfc3339;
use crate::http::problem::Code;
use crate::profile::Profile;
use crate::store::boards::From;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::id::{PlayerId, PoolName};
use shared::time::{self, Time};
use shared::{caps, id};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Those who play best.
#[derive(Serialize, ToSchema)]
#[schema(as = Leaderboard)]
pub struct Leaders {
    pool: PoolName,
    #[schema(value_type = crate::openapi::Moment)]
    as_of: String,
    /// A match that was kept so long before `as_of` counts.
    max_staleness_ms: u64,
    /// The best one first.
    places: Vec<View>,
}

/// Where somebody stands.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnPlace)]
pub struct Own {
    pool: PoolName,
    #[schema(value_type = crate::openapi::Moment)]
    as_of: String,
    /// A match that was kept so long before `as_of` counts; one's own always do.
    max_staleness_ms: u64,
    me: View,
    /// Ranks are not counted further than this; there only where they are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<u64>,
    /// Those just above, the best one first.
    above: Vec<View>,
    /// Those just below.
    below: Vec<View>,
}

/// A place, as everybody sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Place)]
pub struct View {
    /// The same for equal scores.
    rank: Option<u64>,
    player: PlayerId,
    name: String,
    /// The rating less two deviations, as of the last match.
    score: f64,
    /// When that was over.
    #[schema(value_type = crate::openapi::Moment)]
    last: String,
}

/// Somebody on the board with their rank, if that was counted.
type Ranked<'a> = (&'a Place, Option<u64>);

/// The best of a pool.
#[utoipa::path(
    get,
    path = "/v1/leaderboards/{pool}",
    operation_id = "boards_best",
    tag = "profiles",
    params(("pool" = PoolName, Path, description = "A pool with ratings.")),
    responses(
        (status = 200, body = Leaders, description = "The best 100, without those who are banned."),
        (status = 404, description = "`pool_unrated`"),
    ),
)]
pub async fn best(State(app): State<App>, Path(pool): Path<String>) -> Result<Response, Fault> {
    let pool = rated(&app, &pool)?;
    let now = app.clock.now();
    let board = app.store.board_eventual(&pool, From::Best, caps::LEADERS).await?;
    let ranked = ranks(&board, 0, 0);
    let ranked: Vec<Ranked> = ranked.into_iter().map(|(p, rank)| (p, Some(rank))).collect();
    let mut places = Vec::new();
    // Whoever is not shown keeps the place, and the next one moves up on the page.
    for some in ranked.chunks(caps::PROFILES) {
        if places.len() >= caps::LEADERS {
            break;
        }
        let named = names(&app, some, now).await?;
        places.extend(some.iter().filter_map(|one| view(one, &named)));
    }
    places.truncate(caps::LEADERS);
    let leaders = Leaders { pool, as_of: rfc3339(now), max_staleness_ms: time::ms(caps::BOARD_LATE), places };
    let keep = format!("public, max-age={}", caps::BOARD_FRESH.as_secs());
    Ok(([(CACHE_CONTROL, keep)], Json(leaders)).into_response())
}

/// One's own rank, and those around.
#[utoipa::path(
    get,
    path = "/v1/leaderboards/{pool}/me",
    operation_id = "boards_own",
    tag = "profiles",
    params(("pool" = PoolName, Path, description = "A pool with ratings.")),
    responses(
        (status = 200, body = Own, description = "One's own place, and ten above and below it."),
        (status = 404, description = "`unrated`, `pool_unrated`, `player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn own(
    State(app): State<App>,
    Path(pool): Path<String>,
    Bearer(claims): Bearer,
) -> Result<Response, Fault> {
    let pool = rated(&app, &pool)?;
    let (player, now) = (claims.sub, app.clock.now());
    let rated = app.store.rating_strong(&pool, &player).await?;
    let rated = rated.ok_or_else(|| {
        let detail = format!(
            "No match of yours in {pool} has been rated yet. The first one that is puts you on its leaderboard."
        );
        Refusal::new(Code::Unrated, detail).field("pool")
    })?;
    let place = rated.place(&player);
    // Twice as many as are shown: some may be banned.
    let (mut above, below) = tokio::try_join!(
        app.store.board_eventual(&pool, From::Above(&place), 2 * caps::NEIGHBOURS),
        app.store.board_eventual(&pool, From::Below(&place), 2 * caps::NEIGHBOURS),
    )?;
    above.truncate(2 * caps::NEIGHBOURS);
    above.reverse();
    let below = below.iter().take(2 * caps::NEIGHBOURS);
    let all: Vec<&Place> = above.iter().chain([&place]).chain(below).collect();
    let first = all.first().copied().unwrap_or(&place);
    let before = app.store.before_eventual(&pool, first).await?;
    let ranked: Vec<Ranked> = match before {
        Some((better, same)) => ranks(all, better, same)
            .into_iter()
            .map(|(place, rank)| (place, Some(rank).filter(|&rank| rank <= caps::RANKED)))
            .collect(),
        None => all.into_iter().map(|place| (place, None)).collect(),
    };
    let named = names(&app, &ranked, now).await?;
    let (above, rest) = ranked.split_at(above.len());
    let (own, below) = rest.split_at(1);
    let me = app.store.profile_strong(&player).await?;
    let me = me.ok_or_else(|| gone(&player))?;
    let rank = own.first().and_then(|(_, rank)| *rank);
    let shown = |some: &[Ranked]| -> Vec<View> { some.iter().filter_map(|one| view(one, &named)).collect() };
    let (mut above, mut below) = (shown(above), shown(below));
    above.drain(..above.len().saturating_sub(caps::NEIGHBOURS));
    below.truncate(caps::NEIGHBOURS);
    let own = Own {
        pool,
        as_of: rfc3339(now),
        max_staleness_ms: time::ms(caps::BOARD_LATE),
        me: View::new(&(&place, rank), me.name),
        beyond: rank.is_none().then_some(caps::RANKED),
        above,
        below,
    };
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(own)).into_response())
}

impl View {
    fn new((place, rank): &Ranked, name: String) -> Self {
        Self {
            rank: *rank,
            player: place.player.clone(),
            name,
            score: place.score.shown(),
            last: rfc3339(place.at),
        }
    }
}

/// The names of those who are shown: who is not banned, and not on the way out.
async fn names(app: &App, some: &[Ranked<'_>], now: Time) -> Result<BTreeMap<PlayerId, String>, Error> {
    let ids: Vec<PlayerId> = some.iter().map(|(place, _)| place.player.clone()).collect();
    let profiles = app.store.profiles_eventual(&ids).await?;
    let seen = profiles.into_iter().filter(|one| !one.banned(now));
    let name = |Profile { player, name, .. }| (player, name);
    Ok(seen.map(name).collect())
}

fn view(one: &Ranked, named: &BTreeMap<PlayerId, String>) -> Option<View> {
    let name = named.get(&one.0.player)?;
    Some(View::new(one, name.clone()))
}

/// A pool that has a leaderboard.
fn rated(app: &App, text: &str) -> Result<PoolName, Refusal> {
    let pool: PoolName = text
        .parse()
        .map_err(|error: id::BadId| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("pool"))?;
    if app.config.rated.contains(&pool) {
        return Ok(pool);
    }
    let detail = format!("No pool {pool} has ratings; the region's `RATED_POOLS` names those that do.");
    Err(Refusal::new(Code::PoolUnrated, detail).field("pool"))
}
