//! Bans: moderators set and lift them, the banned one reads and answers.

use super::App;
use crate::ban::{Ban, FOR_GOOD, Sentence, Verdict, decide, text};
use crate::clock::chance;
use crate::error::{Error, Fault, Refusal};
use crate::http::active::{Here, Moderator};
use crate::http::cursor;
use crate::http::extract::{Body, Query, player};
use crate::http::moment::{moment, rfc3339};
use crate::http::problem::Code;
use crate::store::bans::place;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::{BanId, PlayerId};
use utoipa::{IntoParams, ToSchema};

/// `PUT /v1/bans/{player}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Sentence)]
pub struct Put {
    #[schema(value_type = crate::openapi::Reason)]
    reason: String,
    #[schema(value_type = Option<crate::openapi::Moment>)]
    until: Option<String>,
}

/// `POST /v1/bans/me/appeal`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appeal {
    #[schema(value_type = crate::openapi::Reason)]
    text: String,
}

/// A ban, as moderators see it; without who decided, as the banned one does.
#[derive(Serialize, ToSchema)]
#[schema(as = Ban)]
pub struct View {
    ban: BanId,
    player: PlayerId,
    reason: String,
    #[schema(value_type = crate::openapi::Moment)]
    decided: String,
    /// None for one that has no end.
    #[schema(value_type = Option<crate::openapi::Moment>)]
    until: Option<String>,
    /// Whether it holds now.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<PlayerId>,
    /// When it was lifted or replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::openapi::Moment>)]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<PlayerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal: Option<Appealed>,
}

/// What the banned one said to it.
#[derive(Serialize, ToSchema)]
#[schema(as = Appealed)]
pub struct Appealed {
    #[schema(value_type = crate::openapi::Moment)]
    at: String,
    text: String,
}

/// All that was decided about somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = Bans)]
pub struct List {
    bans: Vec<View>,
    /// For the next page; none when this is the last.
    cursor: Option<String>,
}

/// `GET /v1/bans/{player}?cursor=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    #[param(value_type = Option<crate::openapi::Cursor>)]
    cursor: Option<String>,
}

/// How often a decision is made anew while other moderators decide too.
const ATTEMPTS: u32 = 5;

/// Bans somebody, or says anew why and until when: 201 for a new decision, 200 where it is so already.
#[utoipa::path(
    put,
    path = "/v1/bans/{player}",
    operation_id = "bans_put",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    request_body = Put,
    responses(
        (status = 201, body = View, description = "A new decision."),
        (status = 200, body = View, description = "It is so already."),
        (status = 403, description = "`banned`, `not_moderator`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn put(
    State(app): State<App>,
    Moderator(by): Moderator,
    Path(named): Path<String>,
    Body(body): Body<Put>,
) -> Result<(StatusCode, Json<View>), Fault> {
    let player = player(&named)?;
    let now = app.clock.now();
    let until = body.until.as_deref().map(|text| moment("until", text));
    let sentence = Sentence::new(now, &body.reason, until.transpose()?)?;
    if player == by {
        let detail = "A moderator cannot ban themselves.";
        return Err(Refusal::new(Code::BadId, detail).field("player").into());
    }
    let verdict = Verdict { by, sentence: Some(sentence) };
    let (ban, new) = judge(&app, &player, &verdict).await?;
    let ban = ban.ok_or(Error::Contended { call: "change_ban" })?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view(ban, &app, true))))
}

/// Lifts a ban. Where none holds, nothing changes.
#[utoipa::path(
    delete,
    path = "/v1/bans/{player}",
    operation_id = "bans_lift",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "Somebody else.")),
    responses(
        (status = 204, description = "No ban holds."),
        (status = 403, description = "`banned`, `not_moderator`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn lift(
    State(app): State<App>,
    Moderator(by): Moderator,
    Path(named): Path<String>,
) -> Result<StatusCode, Fault> {
    let player = player(&named)?;
    let verdict = Verdict { by, sentence: None };
    judge(&app, &player, &verdict).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All that was ever decided about somebody, the newest first.
#[utoipa::path(
    get,
    path = "/v1/bans/{player}",
    operation_id = "bans_list",
    tag = "moderation",
    params(("player" = PlayerId, Path, description = "Somebody else."), Asked),
    responses(
        (status = 200, body = List, description = "A page, newest first."),
        (status = 403, description = "`banned`, `not_moderator`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list(
    State(app): State<App>,
    _: Moderator,
    Path(named): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<List>, Fault> {
    let player = player(&named)?;
    let after = cursor::open(asked.cursor.as_deref(), |key| place(key).is_some())?;
    let page = app.store.bans_eventual(&player, after.as_deref(), caps::PAGE).await?;
    Ok(Json(List {
        bans: page.bans.into_iter().map(|ban| view(ban, &app, true)).collect(),
        cursor: page.next.as_deref().map(cursor::seal),
    }))
}

/// The ban that holds against oneself.
#[utoipa::path(
    get,
    path = "/v1/bans/me",
    operation_id = "bans_own",
    tag = "moderation",
    responses(
        (status = 200, body = View, description = "The ban that holds."),
        (status = 404, description = "`not_banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn own(State(app): State<App>, here: Here) -> Result<Json<View>, Fault> {
    Ok(Json(view(active(&app, &here).await?, &app, false)))
}

/// Says something to one's ban, once. The access token from before the ban is good for this while it lives.
#[utoipa::path(
    post,
    path = "/v1/bans/me/appeal",
    operation_id = "bans_appeal",
    tag = "moderation",
    request_body = Appeal,
    responses(
        (status = 201, body = View, description = "Said."),
        (status = 200, body = View, description = "Said before."),
        (status = 404, description = "`not_banned`"),
        (status = 409, description = "`already_appealed`, `in_progress`"),
    ),
    security(("access_token" = [])),
)]
pub async fn appeal(
    State(app): State<App>,
    here: Here,
    Body(body): Body<Appeal>,
) -> Result<(StatusCode, Json<View>), Fault> {
    let said = text("text", &body.text, 1)?;
    let (ban, now) = (active(&app, &here).await?, app.clock.now());
    match app.store.appeal(&ban, &said, now).await? {
        Ok(()) => {
            let appeal = Some((now, said));
            let ban = Ban { appeal, ..ban };
            Ok((StatusCode::CREATED, Json(view(ban, &app, false))))
        }
        Err(held) if held.appeal.as_ref().is_some_and(|(_, text)| *text == said) => {
            Ok((StatusCode::OK, Json(view(held, &app, false))))
        }
        Err(held) if held.holds(now) => {
            let detail = "An appeal was sent before, and is read once by a moderator.";
            Err(Refusal::new(Code::AlreadyAppealed, detail).into())
        }
        Err(_) => Err(not_banned().into()),
    }
}

/// Carries a verdict out: the ban that holds then, and whether this changed anything.
pub(super) async fn judge(
    app: &App,
    player: &PlayerId,
    verdict: &Verdict,
) -> Result<(Option<Ban>, bool), Fault> {
    let id = BanId::random(chance()?);
    for _ in 0..ATTEMPTS {
        let status = app.store.status_strong(player).await?;
        let status = status.ok_or_else(|| nobody(player))?;
        let active = app.store.named_ban_strong(player, &status).await?;
        let now = app.clock.now();
        let Some(change) = decide(now, player, &status, active.clone(), verdict, id.clone()) else {
            return Ok((active.filter(|ban| ban.holds(now)), false));
        };
        if app.store.change_ban(player, &status, &change).await? {
            return Ok((change.new, true));
        }
    }
    Err(Error::Contended { call: "change_ban" }.into())
}

async fn active(app: &App, here: &Here) -> Result<Ban, Fault> {
    let now = app.clock.now();
    let ban = app.store.named_ban_strong(&here.player, &here.status).await?;
    let ban = ban.filter(|ban| ban.holds(now));
    Ok(ban.ok_or_else(not_banned)?)
}

fn not_banned() -> Refusal {
    Refusal::new(Code::NotBanned, "No ban holds against you.")
}

pub(super) fn nobody(player: &PlayerId) -> Refusal {
    Refusal::new(Code::PlayerNotFound, format!("There is no player {player}.")).field("player")
}

pub(super) fn view(ban: Ban, app: &App, to_moderator: bool) -> View {
    let active = ban.holds(app.clock.now());
    let (ended, ended_by) = ban.ended.unzip();
    View {
        ban: ban.id,
        player: ban.player,
        reason: ban.reason,
        decided: rfc3339(ban.decided),
        until: (ban.until < FOR_GOOD).then(|| rfc3339(ban.until)),
        active,
        by: to_moderator.then_some(ban.by),
        ended: ended.map(rfc3339),
        ended_by: ended_by.filter(|_| to_moderator),
        appeal: ban.appeal.map(|(at, text)| Appealed { at: rfc3339(at), text }),
    }
}
