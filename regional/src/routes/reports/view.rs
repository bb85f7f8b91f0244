//! A report as moderators see it.

use crate::domain::report::{Action, Case};
use crate::error::Refusal;
use crate::error::code::Code;
use crate::error::refusals::not_found;
use crate::http::rfc3339::format_time;
use serde::Serialize;
use serde_json::Value;
use shared::id::{PlayerId, ReportId, RoomId};
use shared::rpc::record::ReportReason;
use utoipa::ToSchema;

/// A report with its evidence and its resolution.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportCase)]
pub struct ReportView {
    report: ReportId,
    /// `open` or `resolved`.
    state: &'static str,
    #[schema(value_type = crate::schemas::Timestamp)]
    created: String,
    by: PlayerId,
    player: PlayerId,
    room: Option<RoomId>,
    reason: ReportReason,
    text: String,
    /// The events that the room recorded; empty if the report did not come through a room.
    #[schema(value_type = Vec<crate::schemas::AnyJson>)]
    evidence: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<ReportResolution>,
}

/// The decision of a moderator about a report.
#[derive(Serialize, ToSchema)]
pub struct ReportResolution {
    #[schema(value_type = crate::schemas::Timestamp)]
    at: String,
    by: PlayerId,
    action: Action,
}

/// Returns the public form of a stored report.
#[must_use]
pub fn view(case: Case) -> ReportView {
    let state = if case.resolved.is_some() { "resolved" } else { "open" };
    ReportView {
        report: case.report.id,
        state,
        created: format_time(case.created),
        by: case.report.by,
        player: case.report.player,
        room: case.report.room,
        reason: case.report.reason,
        text: case.report.text,
        evidence: case.report.evidence,
        resolved: case.resolved.map(|resolution| ReportResolution {
            at: format_time(resolution.at),
            by: resolution.by,
            action: resolution.action,
        }),
    }
}

/// Rejects a path that names a report that does not exist.
#[must_use]
pub fn report_not_found(id: &ReportId) -> Refusal {
    not_found(Code::ReportNotFound, "report", format!("There is no report {id}."))
}
