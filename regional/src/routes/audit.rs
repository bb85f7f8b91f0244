//! The routes of the audit trail: the edge adds what services did in rooms, and moderators read all.

use crate::app::App;
use crate::clock::random_bytes;
use crate::cursor;
use crate::domain::history::TIME_MAX;
use crate::error::code::Code;
use crate::error::{Error, Fault, Refusal};
use crate::http::caller::Moderator;
use crate::http::extract::{Body, Query};
use crate::http::rfc3339::format_time;
use crate::routes::page::ListPage;
use crate::store::keys::parse_audit_sort_key;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::id::{AuditId, PlayerId, RoomId};
use shared::limits;
use shared::rpc::audit::AuditEntry;
use utoipa::ToSchema;

/// An action, as moderators see it.
#[derive(Serialize, ToSchema)]
pub struct AuditView {
    id: AuditId,
    #[schema(value_type = crate::schemas::Timestamp)]
    at: String,
    /// The moderator, or `p_service-` and the id of a service key.
    by: PlayerId,
    /// The kind of action, such as `rooms.create` or `PUT /v1/bans/{player}`.
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    player: Option<PlayerId>,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
pub struct AuditList {
    actions: Vec<AuditView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// Stores an action of a service key in a room.
///
/// The edge repeats the request until the action is stored.
#[utoipa::path(
    post,
    path = "/internal/v1/audit",
    operation_id = "recordAction",
    tag = "internal",
    request_body = AuditEntry,
    responses((status = 204, description = "The action is stored.")),
    security(("signature" = [])),
)]
pub async fn record_action(
    State(app): State<App>,
    Body(entry): Body<AuditEntry>,
) -> Result<StatusCode, Fault> {
    check(&entry)?;
    app.store.add_audit(&entry).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what moderators and service keys have done, newest first.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "listActions",
    tag = "moderation",
    params(ListPage),
    responses(
        (status = 200, body = AuditList, description = "A page of actions, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_actions(
    State(app): State<App>,
    _: Moderator,
    Query(query): Query<ListPage>,
) -> Result<Json<AuditList>, Fault> {
    let (after, limit) = query.check(|key| parse_audit_sort_key(key).is_some())?;
    let (entries, next) = app.store.audits(after.as_deref(), limit).await?;
    Ok(Json(AuditList {
        actions: entries.into_iter().map(view).collect(),
        cursor: next.as_deref().map(cursor::encode),
    }))
}

/// Returns an action on a player, for the transaction that carries it out.
pub fn action_on(
    app: &App,
    by: &PlayerId,
    action: &str,
    player: &PlayerId,
    detail: &str,
) -> Result<AuditEntry, Error> {
    let id = AuditId::random(random_bytes()?);
    let detail = detail.chars().take(limits::AUDIT_TEXT_CHARS_MAX).collect();
    let (at, player) = (app.clock.now(), Some(player.clone()));
    let (by, action) = (by.clone(), action.to_owned());
    Ok(AuditEntry { id, at, by, action, room: None, player, detail })
}

/// Adds an action on a player to the audit trail, after the action. A caller whose action is not in the trail gets an error.
pub async fn note(
    app: &App,
    by: &PlayerId,
    action: &str,
    player: &PlayerId,
    detail: &str,
) -> Result<(), Fault> {
    Ok(app.store.add_audit(&action_on(app, by, action, player, detail)?).await?)
}

/// Checks what the store and the list rely on.
fn check(entry: &AuditEntry) -> Result<(), Refusal> {
    let bad = |field: &str, detail: String| Err(Refusal::new(Code::BadBody, detail).field(field));
    if entry.at > TIME_MAX {
        return bad("at", "An action must happen before the year 2286.".into());
    }
    for (field, text) in [("action", &entry.action), ("detail", &entry.detail)] {
        let most = limits::AUDIT_TEXT_CHARS_MAX;
        if text.chars().count() > most {
            return bad(field, format!("A text of an action has at most {most} characters."));
        }
    }
    Ok(())
}

fn view(entry: AuditEntry) -> AuditView {
    let AuditEntry { id, at, by, action, room, player, detail } = entry;
    AuditView { id, at: format_time(at), by, action, room, player, detail }
}
