//! The routes with which a player lists and ends their sessions.

use crate::app::App;
use crate::domain::session::Session;
use crate::domain::status::Status;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::error::{Fault, Refusal};
use crate::http::caller::ActivePlayer;
use crate::http::extract::{Query, parse_id};
use crate::http::rfc3339::format_time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use futures_util::stream::{self, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use shared::id::{PlayerId, SessionId};
use shared::limits;
use utoipa::{IntoParams, ToSchema};

/// The sessions of a player.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    sessions: Vec<SessionView>,
}

/// A session, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    sid: SessionId,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    /// The time of the last refresh.
    #[schema(value_type = crate::schemas::Timestamp)]
    used: String,
    #[schema(value_type = crate::schemas::Timestamp)]
    expires: String,
    agent: String,
    label: String,
    /// True for the session that makes the request.
    current: bool,
}

/// The query of `DELETE /v1/sessions?except=current`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExceptQuery {
    #[param(value_type = Option<crate::schemas::ExceptCurrent>)]
    except: Option<String>,
}

/// The number of sessions that are ended concurrently; each is a row of its own.
const CONCURRENT_MAX: usize = 16;

/// Lists the caller's active sessions, newest first.
///
/// The list has at most 100 sessions.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    responses(
        (status = 200, body = SessionList, description = "The active sessions."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list_sessions(State(app): State<App>, caller: ActivePlayer) -> Result<Json<SessionList>, Fault> {
    Ok(Json(active_sessions(&app, &caller.player, &caller.status, Some(&caller.sid)).await?))
}

/// Ends one of the caller's sessions.
///
/// It may be the session that makes the request.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{sid}",
    operation_id = "endSession",
    tag = "sessions",
    params(("sid" = SessionId, Path, description = "A session of the caller.")),
    responses(
        (status = 204, description = "The session is over."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`session_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn end_session(
    State(app): State<App>,
    caller: ActivePlayer,
    Path(sid): Path<String>,
) -> Result<StatusCode, Fault> {
    let sid: SessionId = parse_id("sid", &sid)?;
    let session = app.store.session_strong(&sid).await?;
    if session.is_none_or(|session| session.player != caller.player) {
        let detail = format!("You have no session {sid}. `GET /v1/sessions` lists your sessions.");
        return Err(not_found(Code::SessionNotFound, "sid", detail).into());
    }
    app.store.revoke_session(&sid, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of the caller's sessions, or all but the current one.
///
/// Without `except`, every session ends at once, including those that are not listed. With `except=current`,
/// the listed sessions end one by one.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    operation_id = "endSessions",
    tag = "sessions",
    params(ExceptQuery),
    responses(
        (status = 204, description = "The sessions are over."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn end_sessions(
    State(app): State<App>,
    caller: ActivePlayer,
    Query(query): Query<ExceptQuery>,
) -> Result<StatusCode, Fault> {
    let now = app.clock.now();
    match query.except.as_deref() {
        None => {
            app.store.raise_epoch(&caller.player, now, None).await?;
        }
        Some("current") => {
            let sessions = app.store.sessions_of(&caller.player, None).await?;
            let others = sessions.iter().filter(|session| session.sid != caller.sid);
            stream::iter(others.map(Ok))
                .try_for_each_concurrent(CONCURRENT_MAX, |session| {
                    app.store.revoke_session(&session.sid, now)
                })
                .await?;
        }
        Some(_) => {
            let detail = "Send `except=current`, or omit it to end the current session too.";
            return Err(Refusal::new(Code::BadQuery, detail).field("except").into());
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the active sessions of a player with this status, of which `current` makes the request.
pub async fn active_sessions(
    app: &App,
    player: &PlayerId,
    status: &Status,
    current: Option<&SessionId>,
) -> Result<SessionList, Fault> {
    let now = app.clock.now();
    let sessions = app.store.sessions_of(player, Some(limits::SESSIONS_LISTED_MAX)).await?;
    let active = sessions.into_iter().filter(|session| session.is_active(now, status.epoch));
    Ok(SessionList { sessions: active.map(|session| view(session, current)).collect() })
}

fn view(session: Session, current: Option<&SessionId>) -> SessionView {
    SessionView {
        current: current == Some(&session.sid),
        sid: session.sid,
        created: format_time(session.created),
        used: format_time(session.rotated),
        expires: format_time(session.expires),
        agent: session.device.agent,
        label: session.device.label,
    }
}
