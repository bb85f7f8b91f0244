//! Reports: anybody makes them, the edge adds what a room saw, moderators resolve them.

use super::App;
use super::accounts::count;
use super::bans::nobody;
use crate::ban::{Sentence, Verdict, decide};
use crate::clock::chance;
use crate::error::{Error, Fault, Refusal};
use crate::http::active::{Active, Moderator};
use crate::http::cursor;
use crate::http::extract::{Body, Query};
use crate::http::idempotent::Key;
use crate::http::moment::{moment, rfc3339};
use crate::http::problem::Code;
use crate::lockout::REPORTS;
use crate::report::{Action, Case, Resolution, check, is_place};
use crate::store::matches::Kept;
use crate::store::reports::Sentenced;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::caps;
use shared::id::{BanId, PlayerId, ReportId, RoomId};
use shared::record::{Report, Wrong};
use utoipa::{IntoParams, ToSchema};

/// `POST /v1/reports`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReport)]
pub struct Made {
    player: PlayerId,
    room: Option<RoomId>,
    reason: Wrong,
    #[serde(default)]
    #[schema(value_type = crate::openapi::Words)]
    text: String,
}

/// That a report is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportKept)]
pub struct Answer {
    report: ReportId,
    state: &'static str,
}

/// A report, as moderators see it.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportCase)]
pub struct View {
    report: ReportId,
    state: &'static str,
    #[schema(value_type = crate::openapi::Moment)]
    created: String,
    by: PlayerId,
    player: PlayerId,
    room: Option<RoomId>,
    reason: Wrong,
    text: String,
    /// What their room saw; empty where nobody vouches for anything.
    #[schema(value_type = Vec<crate::openapi::Anything>)]
    evidence: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Resolved>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct Resolved {
    #[schema(value_type = crate::openapi::Moment)]
    at: String,
    by: PlayerId,
    action: Action,
}

/// Open reports.
#[derive(Serialize, ToSchema)]
#[schema(as = Reports)]
pub struct List {
    reports: Vec<View>,
    /// For the next page; none when this is the last.
    cursor: Option<String>,
}

/// `GET /v1/reports?state=open&cursor=…&limit=…`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    #[param(value_type = Option<crate::openapi::Open>)]
    state: Option<String>,
    #[param(value_type = Option<crate::openapi::Cursor>)]
    cursor: Option<String>,
    #[param(value_type = Option<crate::openapi::PageSize>)]
    limit: Option<usize>,
}

/// `POST /v1/reports/{report}/resolve`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    action: Action,
    /// Of a ban.
    #[schema(value_type = Option<crate::openapi::Reason>)]
    reason: Option<String>,
    /// Of a ban; absent is for good.
    #[schema(value_type = Option<crate::openapi::Moment>)]
    until: Option<String>,
}

/// How often a resolution is decided anew while others decide about the same player.
const ATTEMPTS: u32 = 5;

/// Reports somebody, without evidence: whoever was in a room with them reports through the room.
#[utoipa::path(
    post,
    path = "/v1/reports",
    operation_id = "reports_make",
    tag = "moderation",
    request_body = Made,
    responses(
        (status = 201, body = Answer, description = "Kept."),
        (status = 200, body = Answer, description = "Kept before."),
        (status = 403, description = "`banned`"),
        (status = 404, description = "`player_not_found`"),
        (status = 409, description = "`report_differs`, `in_progress`"),
    ),
    security(("access_token" = [])),
)]
pub async fn make(
    State(app): State<App>,
    own: Active,
    key: Option<Key>,
    Body(made): Body<Made>,
) -> Result<(StatusCode, Json<Answer>), Fault> {
    let id = match key {
        // The same key is the same report, whatever became of the answer.
        Some(Key(key)) => ReportId::derive(&[own.player.as_str(), &key]),
        None => ReportId::random(chance()?),
    };
    let report = check(Report {
        id,
        by: own.player,
        player: made.player,
        room: made.room,
        reason: made.reason,
        text: made.text,
        evidence: Vec::new(),
    })?;
    if app.store.status_strong(&report.player).await?.is_none() {
        return Err(nobody(&report.player).into());
    }
    if app.store.report_strong(&report.id).await?.is_none() {
        count(&app, &format!("reports:{}", report.by), REPORTS).await?;
    }
    keep(&app, report).await
}

/// Takes a report with what the room saw, from the edge. It is repeated until it is kept: 201 the first time, 200 after
/// that, 409 if it is another than the one kept.
#[utoipa::path(
    post,
    path = "/internal/v1/reports",
    operation_id = "reports_told",
    tag = "internal",
    request_body = Report,
    responses(
        (status = 201, body = Answer, description = "Kept."),
        (status = 200, body = Answer, description = "Kept before."),
        (status = 409, description = "`report_differs`"),
    ),
    security(("signature" = [])),
)]
pub async fn told(
    State(app): State<App>,
    Body(report): Body<Report>,
) -> Result<(StatusCode, Json<Answer>), Fault> {
    keep(&app, check(report)?).await
}

/// The open reports, the oldest first.
#[utoipa::path(
    get,
    path = "/v1/reports",
    operation_id = "reports_list",
    tag = "moderation",
    params(Asked),
    responses(
        (status = 200, body = List, description = "A page, the oldest first."),
        (status = 403, description = "`banned`, `not_moderator`"),
    ),
    security(("access_token" = [])),
)]
pub async fn list(
    State(app): State<App>,
    _: Moderator,
    Query(asked): Query<Asked>,
) -> Result<Json<List>, Fault> {
    if asked.state.is_some_and(|state| state != "open") {
        let detail = "Open reports alone are listed: `state=open`.";
        return Err(Refusal::new(Code::BadQuery, detail).field("state").into());
    }
    let limit = asked.limit.unwrap_or(caps::PAGE_UNASKED);
    if limit == 0 || limit > caps::PAGE {
        let detail = format!("A page has 1 to {} reports.", caps::PAGE);
        let refusal = Refusal::new(Code::BadQuery, detail).field("limit");
        return Err(refusal.limit(caps::PAGE).into());
    }
    let after = cursor::open(asked.cursor.as_deref(), is_place)?;
    let (cases, next) = Box::pin(app.store.open_reports(after.as_deref(), limit)).await?;
    Ok(Json(List {
        reports: cases.into_iter().map(view).collect(),
        cursor: next.as_deref().map(cursor::seal),
    }))
}

/// One report, open or not.
#[utoipa::path(
    get,
    path = "/v1/reports/{report}",
    operation_id = "reports_show",
    tag = "moderation",
    params(("report" = ReportId, Path, description = "The report.")),
    responses(
        (status = 200, body = View, description = "The report."),
        (status = 403, description = "`banned`, `not_moderator`"),
        (status = 404, description = "`report_not_found`"),
    ),
    security(("access_token" = [])),
)]
pub async fn show(
    State(app): State<App>,
    _: Moderator,
    Path(named): Path<String>,
) -> Result<Json<View>, Fault> {
    let id = report(&named)?;
    let case = app.store.report_strong(&id).await?;
    Ok(Json(view(case.ok_or_else(|| gone(&id))?)))
}

/// Resolves a report, and bans in the same step where that is what it takes.
#[utoipa::path(
    post,
    path = "/v1/reports/{report}/resolve",
    operation_id = "reports_resolve",
    tag = "moderation",
    params(("report" = ReportId, Path, description = "The report.")),
    request_body = Resolve,
    responses(
        (status = 200, body = View, description = "Resolved."),
        (status = 403, description = "`banned`, `not_moderator`"),
        (status = 404, description = "`report_not_found`, `player_not_found`"),
        (status = 409, description = "`report_resolved`, `in_progress`"),
    ),
    security(("access_token" = [])),
)]
pub async fn resolve(
    State(app): State<App>,
    Moderator(by): Moderator,
    Path(named): Path<String>,
    Body(body): Body<Resolve>,
) -> Result<Json<View>, Fault> {
    let (id, action) = (report(&named)?, body.action);
    let now = app.clock.now();
    let sentence = match action {
        Action::None if body.reason.is_some() || body.until.is_some() => {
            let detail = "`reason` and `until` are a ban's.";
            return Err(Refusal::new(Code::BadBody, detail).field("action").into());
        }
        Action::None => None,
        Action::Ban => {
            let until = body.until.as_deref().map(|text| moment("until", text));
            let reason = body.reason.as_deref().unwrap_or_default();
            Some(Sentence::new(now, reason, until.transpose()?)?)
        }
    };
    let sentence = sentence.is_some().then_some(Verdict { by: by.clone(), sentence });
    let ban = BanId::random(chance()?);
    for _ in 0..ATTEMPTS {
        let case = app.store.report_strong(&id).await?;
        let mut case = case.ok_or_else(|| gone(&id))?;
        if let Some(held) = &case.resolved {
            if held.by == by && held.action == action {
                return Ok(Json(view(case)));
            }
            let detail = "Another moderator was faster; `GET /v1/reports/{report}` says how.";
            return Err(Refusal::new(Code::ReportResolved, detail).into());
        }
        let now = app.clock.now();
        let resolution = Resolution { by: by.clone(), at: now, action };
        let player = case.report.player.clone();
        let mut found = None;
        if let Some(verdict) = &sentence {
            let status = app.store.status_strong(&player).await?;
            let status = status.ok_or_else(|| nobody(&player))?;
            let active = app.store.named_ban_strong(&player, &status).await?;
            let change = decide(now, &player, &status, active, verdict, ban.clone());
            found = change.map(|change| (status, change));
        }
        let sentenced = found.as_ref().map(|(status, change)| Sentenced { player: &player, status, change });
        if app.store.resolve_report(&id, &resolution, sentenced).await? {
            case.resolved = Some(resolution);
            return Ok(Json(view(case)));
        }
    }
    Err(Error::Contended { call: "resolve_report" }.into())
}

async fn keep(app: &App, report: Report) -> Result<(StatusCode, Json<Answer>), Fault> {
    let id = report.id.clone();
    let case = Case { report, created: app.clock.now(), resolved: None };
    let status = match app.store.add_report(&case).await? {
        Kept::New => StatusCode::CREATED,
        Kept::Before => StatusCode::OK,
        Kept::Another => {
            let detail = format!("{id} was made before, and differently. The first one stays.");
            return Err(Refusal::new(Code::ReportDiffers, detail).field("id").into());
        }
    };
    let state = "open";
    Ok((status, Json(Answer { report: id, state })))
}

fn report(text: &str) -> Result<ReportId, Refusal> {
    text.parse().map_err(|error| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("report"))
}

fn gone(id: &ReportId) -> Refusal {
    Refusal::new(Code::ReportNotFound, format!("There is no report {id}.")).field("report")
}

fn view(case: Case) -> View {
    let state = if case.resolved.is_some() { "resolved" } else { "open" };
    View {
        report: case.report.id,
        state,
        created: rfc3339(case.created),
        by: case.report.by,
        player: case.report.player,
        room: case.report.room,
        reason: case.report.reason,
        text: case.report.text,
        evidence: case.report.evidence,
        resolved: case.resolved.map(|held| Resolved {
            at: rfc3339(held.at),
            by: held.by,
            action: held.action,
        }),
    }
}
