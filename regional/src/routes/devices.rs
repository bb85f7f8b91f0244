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

/// One's logins.
#[derive(Serialize)]
pub struct List {
    sessions: Vec<View>,
}

/// A login, as its owner sees it.
#[derive(Serialize)]
pub struct View {
    sid: SessionId,
    created: String,
    /// When it was last refreshed.
    used: String,
    expires: String,
    agent: String,
    label: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// `DELETE /v1/sessions?except=current`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Except {
    except: Option<String>,
}

/// Calls of the store at once while others are ended: each is a row.
const AT_ONCE: usize = 16;

/// One's logins that go on, the newest first, up to [`caps::SESSIONS`].
pub async fn list(State(app): State<App>, own: Active) -> Result<Json<List>, Fault> {
    let now = app.clock.now();
    let sessions = app
        .store
        .sessions_of(&own.player, Some(caps::SESSIONS))
        .await?;
    let sessions = sessions
        .into_iter()
        .filter(|one| one.goes_on(now, own.status.epoch))
        .map(|one| view(one, &own.sid))
        .collect();
    Ok(Json(List { sessions }))
}

/// Ends one of one's logins. It may be the one that asks.
pub async fn end(
    State(app): State<App>,
    own: Active,
    Path(sid): Path<String>,
) -> Result<StatusCode, Fault> {
    let sid: SessionId = sid
        .parse()
        .map_err(|error| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("sid"))?;
    let session = app.store.session_strong(&sid).await?;
    if session.is_none_or(|session| session.player != own.player) {
        let detail = format!("You have no login {sid}. `GET /v1/sessions` lists them.");
        return Err(Refusal::new(Code::SessionNotFound, detail)
            .field("sid")
            .into());
    }
    app.store.revoke_session(&sid, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's logins, at once and whatever they are; or, one by one, all that are listed but the one that asks.
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
