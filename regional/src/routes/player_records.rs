//! The routes with which moderators read a player: the account, the sessions, and the reports about the player.

use crate::app::App;
use crate::cursor;
use crate::domain::profile::Profile;
use crate::domain::status::Status;
use crate::error::Fault;
use crate::error::refusals::player_not_found;
use crate::http::caller::Moderator;
use crate::http::extract::{PathPlayer, Query};
use crate::http::rfc3339::format_time;
use crate::routes::bans::{self, BanView};
use crate::routes::page::ListPage;
use crate::routes::reports::ReportList;
use crate::routes::reports::view::{ReportView, view};
use crate::routes::sessions::manage::{SessionList, active_sessions};
use crate::store::keys::parse_report_about_sort_key;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::id::PlayerId;
use utoipa::ToSchema;

/// A player, as moderators see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Player)]
pub struct PlayerView {
    player: PlayerId,
    name: String,
    bio: String,
    #[schema(value_type = crate::schemas::Attrs)]
    attrs: Map<String, Value>,
    tier: Option<String>,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    /// The time of the last change of the profile.
    #[schema(value_type = crate::schemas::Timestamp)]
    updated: String,
    /// True if the player appears offline to all other players.
    hidden: bool,
    /// The auth epoch; incremented to end all sessions.
    epoch: u64,
    /// The active ban.
    #[serde(skip_serializing_if = "Option::is_none")]
    ban: Option<BanView>,
}

/// Returns a player with the active ban.
#[utoipa::path(
    get,
    path = "/v1/players/{player}",
    operation_id = "getPlayer",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player.")),
    responses(
        (status = 200, body = PlayerView, description = "The player."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn get_player(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
) -> Result<Json<PlayerView>, Fault> {
    let (status, profile) = account(&app, &player).await?;
    let ban = app.store.named_ban_strong(&player, &status).await?;
    let ban = ban.filter(|ban| ban.is_active(app.clock.now()));
    Ok(Json(PlayerView {
        player,
        name: profile.name,
        bio: profile.bio,
        attrs: profile.attrs,
        tier: profile.tier,
        created: format_time(profile.created),
        updated: format_time(profile.updated),
        hidden: status.hidden,
        epoch: status.epoch,
        ban: ban.map(|ban| bans::view(ban, &app, true)),
    }))
}

/// Lists a player's active sessions, newest first.
///
/// The list has at most 100 sessions. None of them is `current`.
#[utoipa::path(
    get,
    path = "/v1/players/{player}/sessions",
    operation_id = "listPlayerSessions",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player.")),
    responses(
        (status = 200, body = SessionList, description = "The active sessions."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_player_sessions(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
) -> Result<Json<SessionList>, Fault> {
    let (status, _) = account(&app, &player).await?;
    Ok(Json(active_sessions(&app, &player, &status, None).await?))
}

/// Lists the reports about a player, open and resolved, newest first.
#[utoipa::path(
    get,
    path = "/v1/players/{player}/reports",
    operation_id = "listPlayerReports",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "A player."), ListPage),
    responses(
        (status = 200, body = ReportList, description = "A page of reports, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_player_reports(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
    Query(query): Query<ListPage>,
) -> Result<Json<ReportList>, Fault> {
    let (after, limit) = query.check(|key| parse_report_about_sort_key(key).is_some())?;
    let (cases, next) = Box::pin(app.store.reports_about(&player, after.as_deref(), limit)).await?;
    let reports: Vec<ReportView> = cases.into_iter().map(view).collect();
    Ok(Json(ReportList { reports, cursor: next.as_deref().map(cursor::encode) }))
}

async fn account(app: &App, player: &PlayerId) -> Result<(Status, Profile), Fault> {
    let account = app.store.account_profile_strong(player).await?;
    Ok(account.ok_or_else(|| player_not_found(player))?)
}
