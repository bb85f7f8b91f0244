//! The routes of follows: players who follow each other see each other's presence.

use crate::app::App;
use crate::error::Fault;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::http::caller::ActivePlayer;
use crate::http::extract::{PathPlayer, Query};
use crate::http::rfc3339::format_time;
use crate::routes::page::PlayerPage;
use crate::routes::ties::{answer, reject_self};
use crate::store::follows::Follow;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::id::PlayerId;
use shared::limits;
use utoipa::ToSchema;

/// A player that the caller follows.
#[derive(Serialize, ToSchema)]
#[schema(as = Follow)]
pub struct FollowView {
    player: PlayerId,
    #[schema(value_type = crate::schemas::Timestamp)]
    since: String,
    /// True if the player follows the caller back.
    mutual: bool,
}

/// A page of the players that the caller follows.
#[derive(Serialize, ToSchema)]
pub struct FollowList {
    follows: Vec<FollowView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<PlayerId>,
}

/// Follows a player.
///
/// Players who follow each other see each other's presence.
#[utoipa::path(
    put,
    path = "/v1/follows/{player}",
    operation_id = "followPlayer",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 204, description = "The player is followed."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`full`"),
    ),
    security(("access_token" = [])),
)]
pub async fn follow_player(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<StatusCode, Fault> {
    reject_self(&other, &caller.player)?;
    let outcome = app.store.follow(&caller.player, &other, app.clock.now()).await?;
    answer(outcome, &other, "follow", limits::FOLLOWS_MAX)
}

/// Unfollows a player.
///
/// Nothing changes if the caller does not follow them.
#[utoipa::path(
    delete,
    path = "/v1/follows/{player}",
    operation_id = "unfollowPlayer",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 204, description = "The player is not followed."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn unfollow_player(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<StatusCode, Fault> {
    reject_self(&other, &caller.player)?;
    app.store.unfollow(&caller.player, &other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the caller's follow of a player.
#[utoipa::path(
    get,
    path = "/v1/follows/{player}",
    operation_id = "getFollow",
    tag = "people",
    params(("player" = PlayerId, Path, description = "Another player.")),
    responses(
        (status = 200, body = FollowView, description = "The player is followed."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`not_found`: the player is not followed."),
    ),
    security(("access_token" = [])),
)]
pub async fn get_follow(
    State(app): State<App>,
    caller: ActivePlayer,
    PathPlayer(other): PathPlayer,
) -> Result<Json<FollowView>, Fault> {
    let follow = app.store.follow_strong(&caller.player, &other).await?;
    let follow =
        follow.ok_or_else(|| not_found(Code::NotFound, "player", "You do not follow this player."))?;
    Ok(Json(view(follow)))
}

/// Lists the players that the caller follows, ordered by id.
#[utoipa::path(
    get,
    path = "/v1/follows",
    operation_id = "listFollows",
    tag = "people",
    params(PlayerPage),
    responses(
        (status = 200, body = FollowList, description = "A page of follows."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list_follows(
    State(app): State<App>,
    caller: ActivePlayer,
    Query(page): Query<PlayerPage>,
) -> Result<Json<FollowList>, Fault> {
    let (after, limit) = page.check()?;
    let (found, more) = app.store.follows_strong(&caller.player, after.as_ref(), limit).await?;
    let last = found.last().map(|last| last.player.clone());
    Ok(Json(FollowList { follows: found.into_iter().map(view).collect(), cursor: last.filter(|_| more) }))
}

fn view(follow: Follow) -> FollowView {
    FollowView { player: follow.player, since: format_time(follow.since), mutual: follow.mutual }
}
