//! One's logins: which devices there are, and ending one, all others, or all.

use super::App;
use crate::error::{Fault, Refusal};
use crate::http::active::Active;
use crate::http::extract::Query;
use crate::http::moment::rfc3339;
use crate::http::problem::Code;
use crate::session::Session;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use futures_util::stream::{self, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::SessionId;
use utoipa::{IntoParams, ToSchema};

/// One's logins.
#[derive(Serialize, ToSchema)]
#[schema(as = Logins)]
pub struct List {
    sessions: Vec<View>,
}

/// A login, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub struct View {
    sid: SessionId,
    #[schema(value_type = crate::openapi::Moment)]
    created: String,
    /// When it was last refreshed.
    #[schema(value_type = crate::openapi::Moment)]
    used: String,
    #[schema(value_type = crate::openapi::Moment)]
    expires: String,
    agent: String,
    label: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// `DELETE /v1/sessions?except=current`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Except {
    #[param(value_type = Option<crate::openapi::Current>)]
    except: Option<String>,
}

/// Calls of the store at once while others are ended: each is a row.
const AT_ONCE: usize = 16;

/// One's logins that go on, the newest first, up to [`caps::SESSIONS`].
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "devices_list",
    tag = "sessions",
    responses(
        (status = 200, body = List, description = "One's logins."),
        (status = 403, description = "`banned`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list(State(app): State<App>, own: Active) -> Result<Json<List>, Fault> {
    let now = app.clock.now();
    let sessions = app.store.sessions_of(&own.player, Some(caps::SESSIONS)).await?;
    let sessions = sessions
        .into_iter()
        .filter(|one| one.goes_on(now, own.status.epoch))
        .map(|one| view(one, &own.sid))
        .collect();
    Ok(Json(List { sessions }))
}

/// Ends one of one's logins. It may be the one that asks.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{sid}",
    operation_id = "devices_end",
    tag = "sessions",
    params(("sid" = SessionId, Path, description = "One of one's logins.")),
    responses(
        (status = 204, description = "Ended."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`session_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn end(State(app): State<App>, own: Active, Path(sid): Path<String>) -> Result<StatusCode, Fault> {
    let sid: SessionId =
        sid.parse().map_err(|error| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("sid"))?;
    let session = app.store.session_strong(&sid).await?;
    if session.is_none_or(|session| session.player != own.player) {
        let detail = format!("You have no login {sid}. `GET /v1/sessions` lists them.");
        return Err(Refusal::new(Code::SessionNotFound, detail).field("sid").into());
    }
    app.store.revoke_session(&sid, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's logins, at once and whatever they are; or, one by one, all that are listed but the one that asks.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    operation_id = "devices_end_many",
    tag = "sessions",
    params(Except),
    responses(
        (status = 204, description = "Ended."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn end_many(
    State(app): State<App>,
    own: Active,
    Query(query): Query<Except>,
) -> Result<StatusCode, Fault> {
    let now = app.clock.now();
    match query.except.as_deref() {
        None => {
            app.store.raise_epoch(&own.player, now).await?;
        }
        Some("current") => {
            let sessions = app.store.sessions_of(&own.player, None).await?;
            let others = sessions.iter().filter(|one| one.sid != own.sid);
            stream::iter(others.map(Ok))
                .try_for_each_concurrent(AT_ONCE, |one| app.store.revoke_session(&one.sid, now))
                .await?;
        }
        Some(_) => {
            let detail = "Say `except=current`, or leave it out to end this login too.";
            return Err(Refusal::new(Code::BadQuery, detail).field("except").into());
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn view(session: Session, current: &SessionId) -> View {
    View {
        current: session.sid == *current,
        sid: session.sid,
        created: rfc3339(session.created),
        used: rfc3339(session.rotated),
        expires: rfc3339(session.expires),
        agent: session.device.agent,
        label: session.device.label,
    }
}
