//! What somebody says that another did, until a moderator has looked at it.

use crate::ban::text;
use crate::error::Refusal;
use crate::http::problem::Code;
use serde::{Deserialize, Serialize};
use shared::caps;
use shared::id::{PlayerId, ReportId};
use shared::record::Report;
use shared::time::Time;

/// Partitions that open reports are spread over, so that a wave of them is not one partition's.
pub const SHARDS: u8 = 8;

/// A report and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What was said, and seen.
    pub report: Report,
    /// When it came in.
    pub created: Time,
    /// What became of it; none while it is open.
    pub resolved: Option<Resolution>,
}

/// What a moderator did about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The moderator.
    pub by: PlayerId,
    /// When.
    pub at: Time,
    /// What.
    pub action: Action,
}

/// What is done about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    None,
    /// The reported one is banned.
    Ban,
}

impl Case {
    /// Its place in the queue: the oldest first.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{:013}#{}", self.created.ms(), self.report.id)
    }
}

/// Whether this is a place in the queue.
#[must_use]
pub fn is_place(text: &str) -> bool {
    text.split_once('#').is_some_and(|(ms, id)| {
        let time = ms.len() == 13 && ms.bytes().all(|b| b.is_ascii_digit());
        time && id.parse::<ReportId>().is_ok()
    })
}

/// Which partition an open report is in.
#[must_use]
pub fn shard(id: &ReportId) -> u8 {
    let sum = id.as_str().bytes().fold(0, u8::wrapping_add);
    sum % SHARDS
}

/// Checks what is said; what the edge vouches for is bounded all the same.
pub fn check(mut report: Report) -> Result<Report, Refusal> {
    if report.by == report.player {
        let detail = "Name somebody else than the reporter.";
        return Err(Refusal::new(Code::BadId, detail).field("player"));
    }
    report.text = text("text", &report.text, 0)?;
    let evidence = serde_json::to_vec(&report.evidence).map_or(usize::MAX, |bytes| bytes.len());
    if evidence > caps::EVIDENCE_BYTES {
        let detail = format!("Evidence has at most {} bytes.", caps::EVIDENCE_BYTES);
        return Err(Refusal::new(Code::BadBody, detail).field("evidence").limit(caps::EVIDENCE_BYTES));
    }
    Ok(report)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_report(changes: &serde_json::Value, expected: Option<&str>) {
        let mut body = json!({"id": "r_1", "by": "p_1", "player": "p_2", "reason": "spam", "text": " a\nb "});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let report: Report = serde_json::from_value(body).unwrap();
        let field = check(report).err().and_then(|refusal| refusal.field);
        assert_eq!(field.as_deref(), expected, "{changes}");
    }

    #[test]
    fn what_a_report_may_say() {
        check_report(&json!({}), None);
        check_report(&json!({"text": ""}), None);
        check_report(&json!({"player": "p_1"}), Some("player"));
        check_report(&json!({"text": "x".repeat(1001)}), Some("text"));
        check_report(&json!({"evidence": ["x".repeat(32 * 1024 - 4)]}), None);
        check_report(&json!({"evidence": ["x".repeat(32 * 1024)]}), Some("evidence"));
    }

    #[test]
    fn reports_are_spread() {
        let ids = (0..64).map(|n| format!("r_{n}").parse().unwrap());
        let shards: std::collections::BTreeSet<_> = ids.map(|id| shard(&id)).collect();
        assert_eq!(shards.len(), usize::from(SHARDS));
    }

    #[test]
    fn a_place_is_time_and_name() {
        assert!(is_place("1733000000000#r_1"));
        for bad in ["", "1733000000000", "1#r_1", "1733000000000#p_1"] {
            assert!(!is_place(bad), "{bad}");
        }
    }
}
