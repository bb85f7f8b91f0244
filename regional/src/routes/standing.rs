//! What the edge asks when somebody enters a queue.

use super::App;
use super::profiles::gone;
use crate::error::{Fault, Refusal};
use crate::http::extract::{Named, Query};
use crate::http::problem::Code;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::id::{PlayerId, PoolName};
use shared::rating::Rating;
use shared::record::Standing;
use utoipa::IntoParams;

/// `GET /internal/v1/players/{player}?pool=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Whose rating counts; without it they are as if they had not played.
    pool: Option<PoolName>,
}

/// Who somebody is to a queue: name, rating, ban, attributes, who is kept apart from them, and whom they met lately.
#[utoipa::path(
    get,
    path = "/internal/v1/players/{player}",
    operation_id = "standing_standing",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "Somebody else."), Asked),
    responses(
        (status = 200, body = Standing, description = "Who they are to a queue."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn standing(
    State(app): State<App>,
    Named(named): Named,
    Query(asked): Query<Asked>,
) -> Result<Json<Standing>, Fault> {
    let player = named.ok_or_else(|| Refusal::new(Code::BadId, "Name the player here.").field("player"))?;
    let now = app.clock.now();
    let (around, recent) = tokio::try_join!(
        app.store.around_strong(&player, asked.pool.as_ref()),
        app.store.recent_eventual(&player, now),
    )?;
    let around = around.ok_or_else(|| gone(&player))?;
    let rating = around.rating.map_or(Rating::NEW, |rated| rated.now(now));
    Ok(Json(Standing {
        name: around.profile.name.clone(),
        rating: rating.rating,
        deviation: rating.deviation,
        banned: around.profile.banned(now),
        ep: around.profile.epoch,
        attrs: around.profile.standing_attrs(),
        apart: around.apart.into_iter().collect(),
        recent,
        player,
    }))
}
