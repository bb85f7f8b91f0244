//! The routes of presence: the setting that hides a player, and the players who may see one.

use crate::app::App;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::http::caller::ActivePlayer;
use crate::http::extract::{Body, PathPlayer};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::id::PlayerId;
use shared::rpc::record::Visibility;
use utoipa::ToSchema;

/// The presence settings of a player: the body and the response of `PUT /v1/presence/me`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceSettings {
    /// True if the player appears offline to all other players.
    hidden: bool,
}

/// Returns the caller's presence settings.
#[utoipa::path(
    get,
    path = "/v1/presence/me",
    operation_id = "getPresenceSettings",
    tag = "people",
    responses(
        (status = 200, body = PresenceSettings, description = "The settings."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn get_presence_settings(caller: ActivePlayer) -> Json<PresenceSettings> {
    let hidden = caller.status.hidden;
    Json(PresenceSettings { hidden })
}

/// Hides or shows the caller's presence.
#[utoipa::path(
    put,
    path = "/v1/presence/me",
    operation_id = "updatePresenceSettings",
    tag = "people",
    request_body = PresenceSettings,
    responses(
        (status = 200, body = PresenceSettings, description = "The new settings."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn update_presence_settings(
    State(app): State<App>,
    caller: ActivePlayer,
    Body(body): Body<PresenceSettings>,
) -> Result<Json<PresenceSettings>, Fault> {
    if !app.store.hide(&caller.player, body.hidden).await? {
        return Err(player_not_found(&caller.player).into());
    }
    Ok(Json(body))
}

/// Returns the players who may see a player's presence.
///
/// Players see each other if both follow the other. The edge reads this when it publishes presence.
#[utoipa::path(
    get,
    path = "/internal/v1/players/{player}/circle",
    operation_id = "getVisibility",
    tag = "internal",
    params(("player" = PlayerId, Path, description = "A player.")),
    responses(
        (status = 200, body = Visibility, description = "The mutual followers, and whether the player is hidden."),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("signature" = [])),
)]
pub async fn get_visibility(
    State(app): State<App>,
    PathPlayer(player): PathPlayer,
) -> Result<Json<Visibility>, Fault> {
    let visibility = Box::pin(app.store.visibility_strong(&player)).await?;
    Ok(Json(visibility.ok_or_else(|| player_not_found(&player))?))
}
