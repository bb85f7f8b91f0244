//! The routes with which operators and the operator's own backend manage players.

use crate::app::App;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::http::audit_reason::Reason;
use crate::http::caller::Acting;
use crate::http::extract::{Body, PathPlayer};
use crate::routes::audit::action_on;
use crate::routes::profiles::update::{NewTier, PlayerTier, change_tier};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::id::PlayerId;
use shared::service_key::Scope;

/// Ends every session of a player.
///
/// The reason is kept in the audit trail.
#[utoipa::path(
    delete,
    path = "/v1/players/{player}/sessions",
    operation_id = "signOutPlayer",
    tag = "service",
    params(
        ("player" = PlayerId, Path, description = "A player."),
        ("Audit-Reason" = Option<crate::schemas::AuditReason>, Header, description = "The reason, for the audit trail."),
    ),
    responses(
        (status = 204, description = "The sessions are over."),
        (status = 403, description = "`banned`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn sign_out_player(
    State(app): State<App>,
    Acting(actor): Acting,
    PathPlayer(player): PathPlayer,
    Reason(reason): Reason,
) -> Result<StatusCode, Fault> {
    actor.require(Scope::Players)?;
    if app.store.status_strong(&player).await?.is_none() {
        return Err(player_not_found(&player).into());
    }
    let audit = action_on(&app, &actor.by, "DELETE /v1/players/{player}/sessions", &player, &reason)?;
    app.store.raise_epoch(&player, app.clock.now(), Some(&audit)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the tier that a player has paid for.
#[utoipa::path(
    put,
    path = "/v1/players/{player}/tier",
    operation_id = "setPlayerTier",
    tag = "service",
    params(("player" = PlayerId, Path, description = "A player.")),
    request_body = NewTier,
    responses(
        (status = 200, body = PlayerTier, description = "The new tier."),
        (status = 403, description = "`banned`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn set_player_tier(
    State(app): State<App>,
    Acting(actor): Acting,
    PathPlayer(player): PathPlayer,
    Body(body): Body<NewTier>,
) -> Result<Json<PlayerTier>, Fault> {
    actor.require(Scope::Players)?;
    Ok(Json(change_tier(&app, player, body, Some(&actor.by)).await?))
}
