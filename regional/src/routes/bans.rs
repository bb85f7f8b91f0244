//! The routes of bans: moderators ban players and lift bans; a banned player reads the ban and appeals.

pub mod decide;

use crate::app::App;
use crate::cursor;
use crate::domain::ban::{Ban, BanDecision, BanTerms, PERMANENT};
use crate::domain::text::check_text;
use crate::error::code::Code;
use crate::error::{Error, Fault, Refusal};
use crate::http::audit_reason::Reason;
use crate::http::caller::{Moderator, SignedIn};
use crate::http::extract::{Body, PathPlayer, Query};
use crate::http::rfc3339::{format_time, parse_time};
use crate::routes::audit::action_on;
use crate::routes::bans::decide::apply_ban;
use crate::store::keys::parse_ban_sort_key;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::id::{BanId, PlayerId};
use shared::limits;
use utoipa::{IntoParams, ToSchema};

/// The body of `PUT /v1/bans/{player}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BanTerms)]
pub struct NewBan {
    #[schema(value_type = crate::schemas::Reason)]
    reason: String,
    /// The end of the ban; absent for a permanent one.
    #[schema(value_type = Option<crate::schemas::Timestamp>)]
    until: Option<String>,
}

/// The body of `POST /v1/bans/me/appeal`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppeal {
    #[schema(value_type = crate::schemas::Reason)]
    text: String,
}

/// A ban. Moderators see who decided; the banned player does not.
#[derive(Serialize, ToSchema)]
#[schema(as = Ban)]
pub struct BanView {
    ban: BanId,
    player: PlayerId,
    reason: String,
    #[schema(value_type = crate::schemas::Timestamp)]
    decided: String,
    /// The end of the ban; `null` for a permanent one.
    #[schema(value_type = Option<crate::schemas::Timestamp>)]
    until: Option<String>,
    /// True if the ban is in force now.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<PlayerId>,
    /// The time at which the ban was lifted or replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::schemas::Timestamp>)]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<PlayerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal: Option<Appeal>,
}

/// The appeal of a banned player.
#[derive(Serialize, ToSchema)]
pub struct Appeal {
    #[schema(value_type = crate::schemas::Timestamp)]
    at: String,
    text: String,
}

/// A page of a player's bans.
#[derive(Serialize, ToSchema)]
pub struct BanList {
    bans: Vec<BanView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// The query of `GET /v1/bans/{player}?cursor=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BanPageQuery {
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
}

/// Bans a player, or changes the reason and the end of the active ban.
///
/// The response is 201 for a new decision, and 200 if the same ban is already active.
#[utoipa::path(
    put,
    path = "/v1/bans/{player}",
    operation_id = "banPlayer",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "Another player.")),
    request_body = NewBan,
    responses(
        (status = 201, body = BanView, description = "The new ban."),
        (status = 200, body = BanView, description = "The ban that was already active."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn ban_player(
    State(app): State<App>,
    Moderator(by): Moderator,
    PathPlayer(player): PathPlayer,
    Body(body): Body<NewBan>,
) -> Result<(StatusCode, Json<BanView>), Fault> {
    let until = body.until.as_deref().map(|text| parse_time("until", text));
    let terms = BanTerms::new(app.clock.now(), &body.reason, until.transpose()?)?;
    if player == by {
        let detail = "A moderator cannot ban themselves.";
        return Err(Refusal::new(Code::BadId, detail).field("player").into());
    }
    let decision = BanDecision { by, terms: Some(terms) };
    let audit = action_on(&app, &decision.by, "PUT /v1/bans/{player}", &player, &body.reason)?;
    let (ban, changed) = apply_ban(&app, &player, &decision, &audit).await?;
    let ban = ban.ok_or(Error::Contended { call: "change_ban" })?;
    let status = if changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(ban, &app, true))))
}

/// Lifts the active ban of a player.
///
/// Nothing changes if no ban is active. The reason is kept in the audit trail.
#[utoipa::path(
    delete,
    path = "/v1/bans/{player}",
    operation_id = "liftBan",
    tag = "moderation",
    params(
        ("player" = PlayerId, Path, description = "Another player."),
        ("Audit-Reason" = Option<crate::schemas::AuditReason>, Header, description = "The reason, for the audit trail."),
    ),
    responses(
        (status = 204, description = "No ban is active."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn lift_ban(
    State(app): State<App>,
    Moderator(by): Moderator,
    PathPlayer(player): PathPlayer,
    Reason(reason): Reason,
) -> Result<StatusCode, Fault> {
    let decision = BanDecision { by, terms: None };
    let audit = action_on(&app, &decision.by, "DELETE /v1/bans/{player}", &player, &reason)?;
    apply_ban(&app, &player, &decision, &audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists every ban of a player, newest first.
#[utoipa::path(
    get,
    path = "/v1/bans/{player}",
    operation_id = "listBans",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "Another player."), BanPageQuery),
    responses(
        (status = 200, body = BanList, description = "A page of bans, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_bans(
    State(app): State<App>,
    _: Moderator,
    PathPlayer(player): PathPlayer,
    Query(query): Query<BanPageQuery>,
) -> Result<Json<BanList>, Fault> {
    let after = cursor::decode(query.cursor.as_deref(), |key| parse_ban_sort_key(key).is_some())?;
    let page = app.store.bans_eventual(&player, after.as_deref(), limits::PAGE_SIZE_MAX).await?;
    Ok(Json(BanList {
        bans: page.bans.into_iter().map(|ban| view(ban, &app, true)).collect(),
        cursor: page.next.as_deref().map(cursor::encode),
    }))
}

/// Returns the caller's active ban.
#[utoipa::path(
    get,
    path = "/v1/bans/me",
    operation_id = "getOwnBan",
    tag = "moderation",
    responses(
        (status = 200, body = BanView, description = "The active ban."),
        (status = 404, description = "`not_banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn get_own_ban(State(app): State<App>, caller: SignedIn) -> Result<Json<BanView>, Fault> {
    Ok(Json(view(active_ban(&app, &caller).await?, &app, false)))
}

/// Appeals the caller's active ban, once per ban.
///
/// An access token from before the ban is accepted until it expires.
#[utoipa::path(
    post,
    path = "/v1/bans/me/appeal",
    operation_id = "appealBan",
    tag = "moderation",
    request_body = NewAppeal,
    responses(
        (status = 201, body = BanView, description = "The ban with the new appeal."),
        (status = 200, body = BanView, description = "The ban, which already had this appeal."),
        (status = 404, description = "`not_banned`"),
        (status = 409, description = "`already_appealed`, `in_progress`"),
    ),
    security(("access_token" = [])),
)]
pub async fn appeal_ban(
    State(app): State<App>,
    caller: SignedIn,
    Body(body): Body<NewAppeal>,
) -> Result<(StatusCode, Json<BanView>), Fault> {
    let text = check_text("text", &body.text, 1)?;
    let (ban, now) = (active_ban(&app, &caller).await?, app.clock.now());
    match app.store.appeal(&ban, &text, now).await? {
        Ok(()) => {
            let appeal = Some((now, text));
            let ban = Ban { appeal, ..ban };
            Ok((StatusCode::CREATED, Json(view(ban, &app, false))))
        }
        Err(stored) if stored.appeal.as_ref().is_some_and(|(_, earlier)| *earlier == text) => {
            Ok((StatusCode::OK, Json(view(stored, &app, false))))
        }
        Err(stored) if stored.is_active(now) => {
            let detail = "This ban was already appealed. Each ban can be appealed once.";
            Err(Refusal::new(Code::AlreadyAppealed, detail).into())
        }
        Err(_) => Err(not_banned().into()),
    }
}

async fn active_ban(app: &App, caller: &SignedIn) -> Result<Ban, Fault> {
    let now = app.clock.now();
    let ban = app.store.named_ban_strong(&caller.player, &caller.status).await?;
    let ban = ban.filter(|ban| ban.is_active(now));
    Ok(ban.ok_or_else(not_banned)?)
}

fn not_banned() -> Refusal {
    Refusal::new(Code::NotBanned, "You have no active ban.")
}

/// Returns a ban as a moderator or as the banned player sees it.
pub fn view(ban: Ban, app: &App, to_moderator: bool) -> BanView {
    let active = ban.is_active(app.clock.now());
    let (ended, ended_by) = ban.ended.unzip();
    BanView {
        ban: ban.id,
        player: ban.player,
        reason: ban.reason,
        decided: format_time(ban.decided),
        until: (ban.until < PERMANENT).then(|| format_time(ban.until)),
        active,
        by: to_moderator.then_some(ban.by),
        ended: ended.map(format_time),
        ended_by: ended_by.filter(|_| to_moderator),
        appeal: ban.appeal.map(|(at, text)| Appeal { at: format_time(at), text }),
    }
}
