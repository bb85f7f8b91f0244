//! The route with which a moderator resolves a report, and bans the reported player in the same transaction.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::ban::{BanDecision, BanTerms};
use crate::domain::report::{Action, Case, Resolution};
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::caller::Moderator;
use crate::http::extract::{Body, parse_id};
use crate::http::rfc3339::parse_time;
use crate::routes::audit::action_on;
use crate::routes::bans::decide::plan_ban;
use crate::routes::reports::view::{ReportView, report_not_found, view};
use crate::store::reports::BanWrite;
use crate::store::retry::{DECISION_ATTEMPTS, until_committed};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use shared::id::{BanId, ReportId};
use shared::rpc::audit::AuditEntry;
use shared::time::Time;
use utoipa::ToSchema;

/// The body of `POST /v1/reports/{report}/resolve`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResolution {
    action: Action,
    /// The reason of the ban; only with `action: ban`.
    #[schema(value_type = Option<crate::schemas::Reason>)]
    reason: Option<String>,
    /// The end of the ban; only with `action: ban`. Absent for a permanent ban.
    #[schema(value_type = Option<crate::schemas::Timestamp>)]
    until: Option<String>,
}

/// Resolves a report.
///
/// With `action: ban`, the same transaction bans the reported player.
#[utoipa::path(
    post,
    path = "/v1/reports/{report}/resolve",
    operation_id = "resolveReport",
    tag = "moderation",
    params(("report" = ReportId, Path, description = "The report.")),
    request_body = NewResolution,
    responses(
        (status = 200, body = ReportView, description = "The resolved report."),
        (status = 403, description = "`banned`, `not_moderator`, `scope_missing`"),
        (status = 404, description = "`report_not_found`, `player_not_found`"),
        (status = 409, description = "`report_resolved`, `in_progress`"),
    ),
    security(("access_token" = []), ("service_key" = [])),
)]
pub async fn resolve_report(
    State(app): State<App>,
    Moderator(by): Moderator,
    Path(id): Path<String>,
    Body(body): Body<NewResolution>,
) -> Result<Json<ReportView>, Fault> {
    let id: ReportId = parse_id("report", &id)?;
    let action = body.action;
    let terms = ban_terms(&body, app.clock.now())?;
    let decision = terms.map(|terms| BanDecision { by: by.clone(), terms: Some(terms) });
    let (app, id, by, decision) = (&app, &id, &by, decision.as_ref());
    let ban = &BanId::random(random_bytes()?);
    let case = until_committed::<_, Fault>("resolve_report", DECISION_ATTEMPTS, |_| {
        Box::pin(async move {
            let case = app.store.report_strong(id).await?;
            let mut case = case.ok_or_else(|| report_not_found(id))?;
            let resolution = Resolution { by: by.clone(), at: app.clock.now(), action };
            if let Some(earlier) = &case.resolved {
                reject_different(earlier, &resolution)?;
                return Ok(Some(case));
            }
            let player = &case.report.player;
            let audit = action_on(app, by, "POST /v1/reports/{report}/resolve", player, id.as_str())?;
            let committed = commit(app, &case, &resolution, decision.map(|it| (it, ban)), &audit).await?;
            case.resolved = Some(resolution);
            Ok(committed.then_some(case))
        })
    })
    .await?;
    Ok(Json(view(case)))
}

/// Returns the terms of the ban that the body orders, if any.
fn ban_terms(body: &NewResolution, now: Time) -> Result<Option<BanTerms>, Refusal> {
    match body.action {
        Action::None if body.reason.is_some() || body.until.is_some() => {
            let detail = "`reason` and `until` are only allowed with `action: ban`.";
            Err(Refusal::new(Code::BadBody, detail).field("action"))
        }
        Action::None => Ok(None),
        Action::Ban => {
            let until = body.until.as_deref().map(|text| parse_time("until", text));
            let reason = body.reason.as_deref().unwrap_or_default();
            Ok(Some(BanTerms::new(now, reason, until.transpose()?)?))
        }
    }
}

/// Rejects a resolution of a report that another moderator resolved, or that was resolved with another
/// action.
fn reject_different(earlier: &Resolution, resolution: &Resolution) -> Result<(), Refusal> {
    if earlier.by == resolution.by && earlier.action == resolution.action {
        return Ok(());
    }
    let detail = "This report is already resolved. `GET /v1/reports/{report}` returns the resolution.";
    Err(Refusal::new(Code::ReportResolved, detail))
}

/// Commits a resolution, its ban with this id, and the action. Returns false if another request changed the report or the
/// player meanwhile.
async fn commit(
    app: &App,
    case: &Case,
    resolution: &Resolution,
    decision: Option<(&BanDecision, &BanId)>,
    audit: &AuditEntry,
) -> Result<bool, Fault> {
    let (id, player) = (&case.report.id, &case.report.player);
    let plan = match decision {
        Some((decision, ban)) => Some(plan_ban(app, player, decision, ban).await?),
        None => None,
    };
    let write = plan.as_ref().and_then(|plan| {
        let change = plan.change.as_ref()?;
        Some(BanWrite { player, status: &plan.status, change })
    });
    Ok(app.store.resolve_report(id, resolution, write, audit).await?)
}
