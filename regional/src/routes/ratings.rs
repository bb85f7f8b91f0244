//! How well somebody plays, pool by pool.

use super::App;
use super::profiles::missing;
use crate::error::Fault;
use crate::http::bearer::Bearer;
use crate::http::extract::Named;
use crate::http::moment::rfc3339;
use crate::rating::{Rated, hundredths};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::id::{PlayerId, PoolName};
use shared::time::Time;
use utoipa::ToSchema;

/// The ratings of a player; without the pools where they have not played.
#[derive(Serialize, ToSchema)]
#[schema(as = Ratings)]
pub struct List {
    player: PlayerId,
    ratings: Vec<View>,
}

/// A rating, as everybody sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = PoolRating)]
pub struct View {
    pool: PoolName,
    rating: f64,
    /// As uncertain as it is now.
    deviation: f64,
    volatility: f64,
    /// How many matches it is made of.
    matches: u64,
    /// When the last one was over.
    #[schema(value_type = crate::openapi::Moment)]
    last: String,
}

/// Somebody's ratings.
#[utoipa::path(
    get,
    path = "/v1/profiles/{player}/ratings",
    operation_id = "ratings_list",
    tag = "profiles",
    params(("player" = crate::openapi::Who, Path, description = "A player, or `me`.")),
    responses(
        (status = 200, body = List, description = "The ratings; none of somebody who has not played."),
    ),
    security((), ("access_token" = [])),
)]
pub async fn list(
    State(app): State<App>,
    Named(named): Named,
    bearer: Option<Bearer>,
) -> Result<Json<List>, Fault> {
    let player = named.or_else(|| bearer.map(|bearer| bearer.0.sub));
    let player = player.ok_or_else(missing)?;
    let now = app.clock.now();
    let ratings = app.store.ratings_of_strong(&player).await?;
    let ratings = ratings.into_iter().map(|(pool, rated)| view(pool, &rated, now));
    Ok(Json(List { ratings: ratings.collect(), player }))
}

fn view(pool: PoolName, rated: &Rated, now: Time) -> View {
    let rating = rated.now(now);
    View {
        pool,
        rating: hundredths(rating.rating),
        deviation: hundredths(rating.deviation),
        volatility: rating.volatility,
        matches: rated.matches,
        last: rfc3339(rated.at),
    }
}
