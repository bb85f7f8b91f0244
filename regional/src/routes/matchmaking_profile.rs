//! The route from which a lobby reads a player's matchmaking profile.

use crate::app::App;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::http::extract::{PathPlayer, Query};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::id::{PlayerId, PoolName};
use shared::rating::Rating;
use shared::rpc::record::MatchmakingProfile;
use utoipa::IntoParams;

/// The query of `GET /internal/v1/players/{player}?pool=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PoolQuery {
    /// The pool of the rating. Without it, the rating is that of a new player.
    pool: Option<PoolName>,
}

/// Returns what a lobby needs to match a player.
///
/// The profile has the player's name, rating, ban, attributes, blocked players and recent opponents.
#[utoipa::path(
    get,
    path = "/internal/v1/players/{player}",
    operation_id = "getMatchmakingProfile",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "A player."), PoolQuery),
    responses(
        (status = 200, body = MatchmakingProfile, description = "The matchmaking profile."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn get_matchmaking_profile(
    State(app): State<App>,
    PathPlayer(player): PathPlayer,
    Query(query): Query<PoolQuery>,
) -> Result<Json<MatchmakingProfile>, Fault> {
    let now = app.clock.now();
    let (data, recent) = tokio::try_join!(
        app.store.matchmaking_data_strong(&player, query.pool.as_ref()),
        app.store.recent_opponents_eventual(&player, now),
    )?;
    let data = data.ok_or_else(|| player_not_found(&player))?;
    let rating = data.rating.map_or(Rating::NEW, |rated| rated.at_time(now));
    Ok(Json(MatchmakingProfile {
        name: data.profile.name.clone(),
        rating: rating.rating,
        deviation: rating.deviation,
        banned: data.profile.banned(now),
        ep: data.profile.epoch,
        attrs: data.profile.matchmaking_attrs(),
        blocked: data.blocked.into_iter().collect(),
        recent,
        player,
    }))
}
