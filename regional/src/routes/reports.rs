//! The routes of reports: players report, rooms add evidence, and moderators list and resolve.

pub mod resolve;
pub mod view;

use crate::app::App;
use crate::clock::random_bytes;
use crate::cursor;
use crate::domain::report::{Case, check_report};
use crate::error::code::Code;
use crate::error::refusals::{full, page_size, player_not_found};
use crate::error::{Fault, Refusal};
use crate::http::caller::{ActivePlayer, Moderator};
use crate::http::extract::{Body, Query, parse_id};
use crate::http::idempotency::IdempotencyKey;
use crate::routes::lockout::too_many;
use crate::routes::reports::view::{ReportView, report_not_found, view};
use crate::store::matches::SaveOutcome;
use crate::store::reports::ReportOutcome;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::id::{PlayerId, ReportId, RoomId};
use shared::limits;
use shared::rpc::record::{Report, ReportReason};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// The body of `POST /v1/reports`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    player: PlayerId,
    room: Option<RoomId>,
    reason: ReportReason,
    #[serde(default)]
    #[schema(value_type = crate::schemas::FreeText)]
    text: String,
}

/// The confirmation that a report is stored.
#[derive(Serialize, ToSchema)]
pub struct ReportReceipt {
    report: ReportId,
    state: &'static str,
}

/// A page of reports.
#[derive(Serialize, ToSchema)]
pub struct ReportList {
    pub(super) reports: Vec<ReportView>,
    /// The cursor of the next page; `null` on the last page.
    pub(super) cursor: Option<String>,
}

/// The query of `GET /v1/reports?state=open&cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportPage {
    #[param(value_type = Option<crate::schemas::OpenState>)]
    state: Option<String>,
    #[param(value_type = Option<crate::schemas::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::schemas::PageSize>)]
    limit: Option<String>,
}

/// Reports a player without evidence.
///
/// A player who shared a room with them reports through the room, which adds the evidence.
#[utoipa::path(
    post,
    path = "/v1/reports",
    operation_id = "createReport",
    tag = "moderation",
    request_body = NewReport,
    responses(
        (status = 201, body = ReportReceipt, description = "The report is stored."),
        (status = 200, body = ReportReceipt, description = "The report was stored before."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`report_differs`, `in_progress`"),
    ),
    security(("access_token" = [])),
)]
pub async fn create_report(
    State(app): State<App>,
    caller: ActivePlayer,
    key: Option<IdempotencyKey>,
    Body(body): Body<NewReport>,
) -> Result<(StatusCode, Json<ReportReceipt>), Fault> {
    let id = match key {
        // The same key gives the same report, even if the first response was lost.
        Some(IdempotencyKey(key)) => ReportId::derive(&[caller.player.as_str(), &key]),
        None => ReportId::random(random_bytes()?),
    };
    let report = check_report(Report {
        id,
        by: caller.player,
        player: body.player,
        room: body.room,
        reason: body.reason,
        text: body.text,
        evidence: Vec::new(),
    })?;
    if app.store.status_strong(&report.player).await?.is_none() {
        return Err(player_not_found(&report.player).into());
    }
    store(&app, report, too_many).await
}

/// Stores a report with the evidence of the room.
///
/// The edge repeats the request until the report is stored: 201 the first time, 200 after that, and 409 if a
/// different report has the same id, or if the reporter has made as many reports as a day allows.
#[utoipa::path(
    post,
    path = "/internal/v1/reports",
    operation_id = "submitRoomReport",
    tag = "internal",
    request_body = Report,
    responses(
        (status = 201, body = ReportReceipt, description = "The report is stored."),
        (status = 200, body = ReportReceipt, description = "The report was stored before."),
        (status = 409, description = "`report_differs`, `full`"),
    ),
    security(("signature" = [])),
)]
pub async fn submit_room_report(
    State(app): State<App>,
    Body(report): Body<Report>,
) -> Result<(StatusCode, Json<ReportReceipt>), Fault> {
    // The edge repeats what is answered with 429. The limit holds for a day, so the report is refused for good.
    store(&app, check_report(report)?, |_| {
        let detail = format!("A player can make at most {} reports a day.", limits::REPORTS_MAX);
        full(detail, limits::REPORTS_MAX)
    })
    .await
}

/// Lists the open reports, oldest first.
#[utoipa::path(
    get,
    path = "/v1/reports",
    operation_id = "listReports",
    tag = "moderation",
    params(ReportPage),
    responses(
        (status = 200, body = ReportList, description = "A page of reports, oldest first."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn list_reports(
    State(app): State<App>,
    _: Moderator,
    Query(query): Query<ReportPage>,
) -> Result<Json<ReportList>, Fault> {
    if query.state.is_some_and(|state| state != "open") {
        let detail = "Only open reports can be listed: send `state=open`, or omit it.";
        return Err(Refusal::new(Code::BadQuery, detail).field("state").into());
    }
    let limit = page_size(query.limit.as_deref())?;
    let after = cursor::decode(query.cursor.as_deref(), Case::is_queue_key)?;
    let (cases, next) = Box::pin(app.store.open_reports(after.as_deref(), limit)).await?;
    Ok(Json(ReportList {
        reports: cases.into_iter().map(view).collect(),
        cursor: next.as_deref().map(cursor::encode),
    }))
}

/// Returns a report, open or resolved.
#[utoipa::path(
    get,
    path = "/v1/reports/{report}",
    operation_id = "getReport",
    tag = "moderation",
    params(("report" = ReportId, Path, description = "The report.")),
    responses(
        (status = 200, body = ReportView, description = "The report."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`report_not_found`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn get_report(
    State(app): State<App>,
    _: Moderator,
    Path(id): Path<String>,
) -> Result<Json<ReportView>, Fault> {
    let id = parse_id("report", &id)?;
    let case = app.store.report_strong(&id).await?;
    Ok(Json(view(case.ok_or_else(|| report_not_found(&id))?)))
}

/// Stores a report, or refuses it by `limit_reached` where its reporter has made too many.
async fn store(
    app: &App,
    report: Report,
    limit_reached: impl FnOnce(Duration) -> Refusal,
) -> Result<(StatusCode, Json<ReportReceipt>), Fault> {
    let id = report.id.clone();
    let case = Case { report, created: app.clock.now(), resolved: None };
    let status = match app.store.add_report(&case).await? {
        ReportOutcome::Saved(SaveOutcome::New) => StatusCode::CREATED,
        ReportOutcome::Saved(SaveOutcome::Duplicate) => StatusCode::OK,
        ReportOutcome::LimitReached(wait) => return Err(limit_reached(wait).into()),
        ReportOutcome::Saved(SaveOutcome::Conflict) => {
            let detail =
                format!("A different report {id} is already stored. The stored one does not change.");
            return Err(Refusal::new(Code::ReportDiffers, detail).field("id").into());
        }
    };
    let state = "open";
    Ok((status, Json(ReportReceipt { report: id, state })))
}
