//! The route that lists a player's ratings by pool.

use crate::app::App;
use crate::domain::leaderboard::round_to_hundredths;
use crate::domain::rating::PlayerRating;
use crate::error::Fault;
use crate::error::refusals::token_missing;
use crate::http::bearer::Bearer;
use crate::http::caller::SignedIn;
use crate::http::extract::PathPlayerOrMe;
use crate::http::rfc3339::format_time;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::id::{PlayerId, PoolName};
use shared::time::Time;
use utoipa::ToSchema;

/// The ratings of a player; pools without a rated match are absent.
#[derive(Serialize, ToSchema)]
pub struct RatingList {
    player: PlayerId,
    ratings: Vec<PoolRating>,
}

/// The public rating of a player in one pool.
#[derive(Serialize, ToSchema)]
pub struct PoolRating {
    pool: PoolName,
    rating: f64,
    /// The deviation at the time of the request; it grows while the player does not play.
    deviation: f64,
    volatility: f64,
    /// The number of rated matches.
    matches: u64,
    /// The end of the last rated match.
    #[schema(value_type = crate::schemas::Timestamp)]
    last: String,
}

/// Lists the ratings of a player.
#[utoipa::path(
    get,
    path = "/v1/profiles/{player}/ratings",
    operation_id = "listRatings",
    tag = "profiles",
    params(("player" = crate::schemas::PlayerOrMe, Path, description = "A player, or `me`.")),
    responses(
        (status = 200, body = RatingList, description = "The ratings; empty if the player has no rated match."),
    ),
    security((), ("access_token" = [])),
)]
pub async fn list_ratings(
    State(app): State<App>,
    PathPlayerOrMe(named): PathPlayerOrMe,
    bearer: Option<Bearer>,
) -> Result<Json<RatingList>, Fault> {
    let player = if let Some(player) = named {
        player
    } else {
        let Bearer(claims) = bearer.ok_or_else(token_missing)?;
        SignedIn::verify(&app, claims).await?.player
    };
    let now = app.clock.now();
    let ratings = app.store.ratings_of_strong(&player).await?;
    let ratings = ratings.into_iter().map(|(pool, rating)| view(pool, &rating, now));
    Ok(Json(RatingList { ratings: ratings.collect(), player }))
}

fn view(pool: PoolName, stored: &PlayerRating, now: Time) -> PoolRating {
    let rating = stored.at_time(now);
    PoolRating {
        pool,
        rating: round_to_hundredths(rating.rating),
        deviation: round_to_hundredths(rating.deviation),
        volatility: rating.volatility,
        matches: stored.matches,
        last: format_time(stored.at),
    }
}
