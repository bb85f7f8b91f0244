//! Bans: what a moderator decides, and what has to be written for it.

use crate::domain::status::Status;
use crate::domain::text::check_text;
use crate::error::Refusal;
use crate::error::code::Code;
use shared::id::{BanId, PlayerId};
use shared::time::Time;
use std::time::Duration;

/// The end of a permanent ban.
pub const PERMANENT: Time = Time::LAST;

/// One decision of a moderator, and what became of it. Bans are never deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    pub id: BanId,
    /// The banned player.
    pub player: PlayerId,
    /// Shown to the banned player.
    pub reason: String,
    /// The moderator who decided.
    pub by: PlayerId,
    pub decided: Time,
    /// When the ban expires, unless it is lifted or replaced before.
    pub until: Time,
    /// When the ban was lifted or replaced, and the moderator who did that.
    pub ended: Option<(Time, PlayerId)>,
    /// When the banned player appealed, and the text.
    pub appeal: Option<(Time, String)>,
}

/// A decision of a moderator about a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanDecision {
    /// The moderator who decides.
    pub by: PlayerId,
    /// None lifts the ban.
    pub terms: Option<BanTerms>,
}

/// The reason and the end of a ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanTerms {
    pub reason: String,
    pub until: Time,
}

/// The changes that carry out a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanChange {
    /// The moment of the decision.
    pub at: Time,
    /// The ban that ends with the decision.
    pub over: Option<Ban>,
    /// The ban that is active from now on.
    pub new: Option<Ban>,
}

/// Returns what a decision changes, or none if it changes nothing. `active` is the ban that the status names,
/// and `id` is the id of a new ban.
#[must_use]
pub fn decide_ban(
    now: Time,
    player: &PlayerId,
    status: &Status,
    active: Option<Ban>,
    decision: &BanDecision,
    id: BanId,
) -> Option<BanChange> {
    let active = active.filter(|ban| ban.is_active(now));
    // The edge orders notices by this moment, so no two decisions share one.
    let after = status.decided.map(|last| last + Duration::from_millis(1));
    let at = after.map_or(now, |after| after.max(now));
    let new = decision.terms.as_ref().map(|terms| Ban {
        id,
        player: player.clone(),
        reason: terms.reason.clone(),
        by: decision.by.clone(),
        decided: at,
        until: terms.until,
        ended: None,
        appeal: None,
    });
    match (&active, &new) {
        (None, None) => return None,
        (Some(old), Some(new)) if old.has_same_terms(new) => return None,
        (Some(_), _) | (None, Some(_)) => {}
    }
    let over = active.map(|mut ban| {
        ban.ended = Some((at, decision.by.clone()));
        ban
    });
    Some(BanChange { at, over, new })
}

impl Ban {
    /// Returns whether the ban is active now.
    #[must_use]
    pub fn is_active(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.until
    }

    /// Returns whether the same moderator repeats the same terms.
    fn has_same_terms(&self, other: &Self) -> bool {
        self.reason == other.reason && self.until == other.until && self.by == other.by
    }
}

impl BanTerms {
    /// Checks the terms that a moderator sends. Without an end the ban is permanent.
    pub fn new(now: Time, reason: &str, until: Option<Time>) -> Result<Self, Refusal> {
        let until = until.unwrap_or(PERMANENT);
        if until <= now {
            let detail = "A ban must end in the future. Leave out `until` for a permanent ban.";
            return Err(Refusal::new(Code::BadBody, detail).field("until"));
        }
        Ok(Self { reason: check_text("reason", reason, 1)?, until: until.min(PERMANENT) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(10_000);
    const LATER: Time = Time::from_ms(20_000);

    fn check(
        active: Option<Ban>,
        decided: u64,
        terms: Option<(&str, Time)>,
        expected: Option<(u64, bool, bool)>,
    ) {
        let status = Status { decided: active.as_ref().map(|_| Time::from_ms(decided)), ..Status::default() };
        let terms = terms.map(|(reason, until)| BanTerms { reason: reason.into(), until });
        let decision = BanDecision { by: "p_mod".parse().unwrap(), terms };
        let id = "b_2".parse().unwrap();
        let player = "p_1".parse().unwrap();
        let change = decide_ban(NOW, &player, &status, active, &decision, id);
        let got = change.map(|change| (change.at.ms(), change.over.is_some(), change.new.is_some()));
        assert_eq!(got, expected);
    }

    fn ban(until: Time) -> Ban {
        Ban {
            id: "b_1".parse().unwrap(),
            player: "p_1".parse().unwrap(),
            reason: "rude".into(),
            by: "p_mod".parse().unwrap(),
            decided: Time::from_ms(5),
            until,
            ended: None,
            appeal: None,
        }
    }

    #[test]
    fn decision_changes_only_a_different_ban() {
        check(None, 0, None, None);
        check(None, 0, Some(("rude", LATER)), Some((10_000, false, true)));
        check(Some(ban(LATER)), 5, Some(("rude", LATER)), None);
        check(Some(ban(LATER)), 5, Some(("worse", LATER)), Some((10_000, true, true)));
        check(Some(ban(LATER)), 5, Some(("rude", PERMANENT)), Some((10_000, true, true)));
        check(Some(ban(LATER)), 5, None, Some((10_000, true, false)));
        // An expired ban is neither lifted nor replaced.
        check(Some(ban(NOW)), 5, None, None);
        check(Some(ban(NOW)), 5, Some(("rude", LATER)), Some((10_000, false, true)));
    }

    #[test]
    fn two_decisions_never_share_a_moment() {
        check(Some(ban(LATER)), 10_000, None, Some((10_001, true, false)));
        check(Some(ban(LATER)), 12_000, None, Some((12_001, true, false)));
    }

    #[test]
    fn ban_must_end_in_the_future() {
        let until = |until| BanTerms::new(NOW, " rude ", until).map(|one| (one.reason, one.until));
        assert_eq!(until(None), Ok(("rude".into(), PERMANENT)));
        assert_eq!(until(Some(LATER)), Ok(("rude".into(), LATER)));
        assert_eq!(until(Some(NOW)).unwrap_err().field.as_deref(), Some("until"));
        assert!(BanTerms::new(NOW, " ", None).is_err());
        assert!(BanTerms::new(NOW, &"x".repeat(1001), None).is_err());
    }
}
