//! Reports of players' behaviour, until a moderator resolves them.

use crate::domain::text::check_text;
use crate::error::Refusal;
use crate::error::code::Code;
use serde::{Deserialize, Serialize};
use shared::id::PlayerId;
use shared::limits;
use shared::rpc::record::Report;
use shared::time::Time;

/// A report and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The text of the reporter, and the evidence of the room.
    pub report: Report,
    /// When the region received the report.
    pub created: Time,
    /// None while the report is open.
    pub resolved: Option<Resolution>,
}

/// A moderator's decision about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    pub by: PlayerId,
    pub at: Time,
    pub action: Action,
}

/// The action that a moderator takes on a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The report is closed without a consequence.
    None,
    /// The reported player is banned.
    Ban,
}

/// Checks a report. Evidence that the edge collected is bounded too.
pub fn check_report(mut report: Report) -> Result<Report, Refusal> {
    if report.by == report.player {
        let detail = "You cannot report yourself.";
        return Err(Refusal::new(Code::BadId, detail).field("player"));
    }
    report.text = check_text("text", &report.text, 0)?;
    let evidence = serde_json::to_vec(&report.evidence).map_or(usize::MAX, |bytes| bytes.len());
    if evidence > limits::EVIDENCE_BYTES_MAX {
        let detail = format!("Evidence can have at most {} bytes of JSON.", limits::EVIDENCE_BYTES_MAX);
        return Err(Refusal::new(Code::BadBody, detail).field("evidence").limit(limits::EVIDENCE_BYTES_MAX));
    }
    Ok(report)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(changes: &serde_json::Value, expected: Option<&str>) {
        let mut body = json!({"id": "r_1", "by": "p_1", "player": "p_2", "reason": "spam", "text": " a\nb "});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let report: Report = serde_json::from_value(body).unwrap();
        let field = check_report(report).err().and_then(|refusal| refusal.field);
        assert_eq!(field.as_deref(), expected, "{changes}");
    }

    #[test]
    fn report_bounds_text_and_evidence() {
        check(&json!({}), None);
        check(&json!({"text": ""}), None);
        check(&json!({"player": "p_1"}), Some("player"));
        check(&json!({"text": "x".repeat(1001)}), Some("text"));
        check(&json!({"evidence": ["x".repeat(32 * 1024 - 4)]}), None);
        check(&json!({"evidence": ["x".repeat(32 * 1024)]}), Some("evidence"));
    }
}
