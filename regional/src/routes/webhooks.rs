//! The routes of dead events, which no attempt could deliver to the operator's backend: they are listed and sent again.

use crate::app::App;
use crate::clock::random_bytes;
use crate::cursor;
use crate::error::Fault;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::http::caller::Moderator;
use crate::http::extract::{Query, parse_id};
use crate::http::rfc3339::format_time;
use crate::routes::page::ListPage;
use crate::store::keys::is_dead_sort_key;
use crate::store::webhooks::dead::DeadDelivery;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use shared::id::{AuditId, MessageId};
use shared::rpc::audit::AuditEntry;
use shared::webhook::EventType;
use utoipa::ToSchema;

/// An event that no attempt could deliver.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadMessage)]
pub struct DeadMessageView {
    /// The `webhook-id` of all attempts.
    message: MessageId,
    /// The id of the endpoint in `WEBHOOKS`.
    endpoint: String,
    #[serde(rename = "type")]
    kind: EventType,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    #[schema(value_type = crate::schemas::Timestamp)]
    died: String,
    /// The attempts that were made.
    attempts: u32,
    /// Why the last attempt failed: the status of the answer, or a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The body of the message.
    #[schema(value_type = crate::schemas::AnyJson)]
    body: Value,
}

/// A page of dead events.
#[derive(Serialize, ToSchema)]
pub struct DeadMessageList {
    messages: Vec<DeadMessageView>,
    /// The cursor of the next page; `null` on the last page.
    cursor: Option<String>,
}

/// The confirmation that an event is due again.
#[derive(Serialize, ToSchema)]
pub struct ReplayedMessage {
    message: MessageId,
}

/// Lists the events that no attempt could deliver, newest first.
///
/// They are kept for 30 days.
#[utoipa::path(
    get,
    path = "/v1/webhooks/dead",
    operation_id = "listDeadMessages",
    tag = "webhooks",
    params(ListPage),
    responses(
        (status = 200, body = DeadMessageList, description = "A page of events, newest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_dead_messages(
    State(app): State<App>,
    _: Moderator,
    Query(query): Query<ListPage>,
) -> Result<Json<DeadMessageList>, Fault> {
    let (after, limit) = query.check(is_dead_sort_key)?;
    let (dead, next) = app.store.dead_deliveries(after.as_deref(), limit, app.clock.now()).await?;
    Ok(Json(DeadMessageList {
        messages: dead.into_iter().map(view).collect(),
        cursor: next.as_deref().map(cursor::encode),
    }))
}

/// Sends a dead event again, with another day of attempts.
///
/// It has the same `webhook-id` and body. It may arrive after later events of its match.
#[utoipa::path(
    post,
    path = "/v1/webhooks/dead/{message}/replay",
    operation_id = "replayDeadMessage",
    tag = "webhooks",
    params(("message" = MessageId, Path, description = "The `webhook-id` of the event.")),
    responses(
        (status = 202, body = ReplayedMessage, description = "The event is due again."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`message_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn replay_dead_message(
    State(app): State<App>,
    Moderator(by): Moderator,
    Path(message): Path<String>,
) -> Result<(StatusCode, Json<ReplayedMessage>), Fault> {
    let message: MessageId = parse_id("message", &message)?;
    let now = app.clock.now();
    let audit = AuditEntry {
        id: AuditId::random(random_bytes()?),
        at: now,
        by,
        action: "POST /v1/webhooks/dead/{message}/replay".into(),
        room: None,
        player: None,
        detail: message.to_string(),
    };
    if !app.store.replay_delivery(&message, now, &audit).await? {
        let detail = format!("There is no dead event {message}. `GET /v1/webhooks/dead` lists them.");
        return Err(not_found(Code::MessageNotFound, "message", detail).into());
    }
    Ok((StatusCode::ACCEPTED, Json(ReplayedMessage { message })))
}

fn view(dead: DeadDelivery) -> DeadMessageView {
    let DeadDelivery { delivery, died } = dead;
    DeadMessageView {
        message: delivery.id,
        endpoint: delivery.line.endpoint,
        kind: delivery.event,
        created: format_time(delivery.created),
        died: format_time(died),
        attempts: delivery.tries,
        error: delivery.error,
        body: serde_json::from_str(&delivery.body).unwrap_or_default(),
    }
}
