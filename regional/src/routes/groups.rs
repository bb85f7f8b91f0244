//! The routes, grouped by the layers that a request passes before its handler. Each route carries its OpenAPI
//! description, so that no route is undocumented.

use crate::app::App;
use crate::routes::matches::{moderation, of_player};
use crate::routes::profiles::update;
use crate::routes::reports::resolve;
use crate::routes::sessions::{create, manage, refresh};
use crate::routes::{
    account, audit, bans, blocks, docs, follows, leaderboards, matches, matchmaking_profile, notes,
    open_rooms, operations, pictures, player_records, players, presence, profiles, ratings, reports,
    webhooks,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Returns the routes that require a signature: those for the edge and other internal services.
pub fn internal() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(matches::record_match))
        .routes(routes!(open_rooms::record_open_room))
        .routes(routes!(presence::get_visibility))
        .routes(routes!(reports::submit_room_report))
        .routes(routes!(audit::record_action))
        .routes(routes!(matchmaking_profile::get_matchmaking_profile))
}

/// Returns the routes that accept each signature once, because a replay would undo a later change.
pub fn internal_once() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(update::set_tier))
}

/// Returns the rate-limited routes that accept an `Idempotency-Key`.
pub fn keyed() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reports::create_report))
        .routes(routes!(resolve::resolve_report))
        .routes(routes!(bans::appeal_ban))
        .routes(routes!(notes::create_note))
}

/// Returns the rate-limited routes for players and moderators.
pub fn rate_limited() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_session, manage::list_sessions, manage::end_sessions))
        .routes(routes!(manage::end_session))
        .routes(routes!(refresh::refresh_session))
        .routes(routes!(blocks::list_blocks))
        .routes(routes!(blocks::block_player, blocks::unblock_player, blocks::get_block))
        .routes(routes!(follows::list_follows))
        .routes(routes!(follows::follow_player, follows::unfollow_player, follows::get_follow))
        .routes(routes!(presence::get_presence_settings, presence::update_presence_settings))
        .routes(routes!(reports::list_reports))
        .routes(routes!(reports::get_report))
        .routes(routes!(bans::ban_player, bans::lift_ban, bans::list_bans))
        .routes(routes!(bans::get_own_ban))
        .routes(routes!(update::update_profile, profiles::get_own_profile, account::delete_account))
        .routes(routes!(account::export_account))
        .routes(routes!(ratings::list_ratings))
        .routes(routes!(pictures::create_picture, pictures::list_pictures))
        .routes(routes!(pictures::delete_picture))
        .routes(routes!(matches::list_matches))
        .routes(routes!(moderation::get_match))
        .routes(routes!(moderation::list_disputes))
        .routes(routes!(audit::list_actions))
        .routes(routes!(webhooks::list_dead_messages))
        .routes(routes!(webhooks::replay_dead_message))
        .routes(routes!(open_rooms::list_open_rooms))
        .routes(routes!(player_records::get_player))
        .routes(routes!(players::sign_out_player, player_records::list_player_sessions))
        .routes(routes!(of_player::list_player_matches))
        .routes(routes!(player_records::list_player_reports))
        .routes(routes!(notes::list_notes))
        .routes(routes!(players::set_player_tier))
        .routes(routes!(leaderboards::get_leaderboard_position))
        .routes(routes!(profiles::list_profiles))
        .routes(routes!(profiles::get_profile))
        .routes(routes!(leaderboards::get_leaderboard))
}

/// Returns the routes without a rate limit: none reads more than a probe of the store.
pub fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(operations::get_jwks))
        .routes(routes!(operations::get_health))
        .routes(routes!(operations::get_readiness))
        .routes(routes!(docs::get_open_api_document))
        .routes(routes!(docs::get_docs_page))
        .routes(routes!(docs::get_docs_script))
        .routes(routes!(docs::get_docs_style))
}
