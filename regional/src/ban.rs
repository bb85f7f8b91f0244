//! Who may not play, until when, and who said so.

use crate::error::Refusal;
use crate::http::problem::Code;
use crate::status::Status;
use shared::caps;
use shared::id::{BanId, PlayerId};
use shared::time::Time;
use std::time::Duration;

/// The end of a ban that has none: the last moment that a date of four digits can say.
pub const FOR_GOOD: Time = Time::from_ms(253_402_300_799_999);

/// One decision of a moderator, and what became of it. None is ever deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Which.
    pub id: BanId,
    /// Who is banned.
    pub player: PlayerId,
    /// Why; the banned one reads it.
    pub reason: String,
    /// The moderator.
    pub by: PlayerId,
    /// When it was decided.
    pub decided: Time,
    /// Until when it holds, unless it is lifted or replaced.
    pub until: Time,
    /// When it was lifted or replaced, and by whom.
    pub ended: Option<(Time, PlayerId)>,
    /// What the banned one says to it, and when.
    pub appeal: Option<(Time, String)>,
}

/// What a moderator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Who decides.
    pub by: PlayerId,
    /// Why, and until when; none lifts the ban.
    pub sentence: Option<Sentence>,
}

/// Why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Time,
}

/// What has to be written for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The moment of the decision.
    pub at: Time,
    /// A ban that is over with it.
    pub over: Option<Ban>,
    /// The ban that holds from now on.
    pub new: Option<Ban>,
}

/// Decides what a verdict changes; none where it is so already. `active` is the ban that the status names, and `id` is
/// for a new one.
#[must_use]
pub fn decide(
    now: Time,
    player: &PlayerId,
    status: &Status,
    active: Option<Ban>,
    verdict: &Verdict,
    id: BanId,
) -> Option<Change> {
    let active = active.filter(|ban| ban.holds(now));
    // What the edge hears is ordered by this, so no two decisions share a moment.
    let after = status.decided.map(|last| last + Duration::from_millis(1));
    let at = after.map_or(now, |after| after.max(now));
    let new = verdict.sentence.as_ref().map(|sentence| Ban {
        id,
        player: player.clone(),
        reason: sentence.reason.clone(),
        by: verdict.by.clone(),
        decided: at,
        until: sentence.until,
        ended: None,
        appeal: None,
    });
    match (&active, &new) {
        (None, None) => return None,
        (Some(old), Some(new)) if old.says(new) => return None,
        (Some(_), _) | (None, Some(_)) => {}
    }
    let over = active.map(|mut ban| {
        ban.ended = Some((at, verdict.by.clone()));
        ban
    });
    Some(Change { at, over, new })
}

impl Ban {
    /// Whether it holds now.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.until
    }

    /// Whether the same moderator says the same again.
    fn says(&self, other: &Self) -> bool {
        self.reason == other.reason && self.until == other.until && self.by == other.by
    }
}

impl Sentence {
    /// Checks what a moderator sends. An absent end is none.
    pub fn new(now: Time, reason: &str, until: Option<Time>) -> Result<Self, Refusal> {
        let until = until.unwrap_or(FOR_GOOD);
        if until <= now {
            let detail = "A ban ends in the future; leave `until` out for one that has no end.";
            return Err(Refusal::new(Code::BadBody, detail).field("until"));
        }
        Ok(Self { reason: text("reason", reason, 1)?, until: until.min(FOR_GOOD) })
    }
}

/// What somebody writes to be read by moderators, or they write: trimmed, so many characters, line breaks and no other
/// control characters.
pub fn text(field: &str, text: &str, least: usize) -> Result<String, Refusal> {
    let (text, most) = (text.trim(), caps::REASON_CHARS);
    let count = text.chars().count();
    if count < least || count > most || text.chars().any(|c| c.is_control() && c != '\n') {
        let detail =
            format!("A text has {least} to {most} characters; line breaks are the only control characters.");
        return Err(Refusal::new(Code::BadText, detail).field(field).limit(most));
    }
    Ok(text.to_owned())
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
        sentence: Option<(&str, Time)>,
        expected: Option<(u64, bool, bool)>,
    ) {
        let status = Status { decided: active.as_ref().map(|_| Time::from_ms(decided)), ..Status::default() };
        let sentence = sentence.map(|(reason, until)| Sentence { reason: reason.into(), until });
        let verdict = Verdict { by: "p_mod".parse().unwrap(), sentence };
        let id = "b_2".parse().unwrap();
        let player = "p_1".parse().unwrap();
        let change = decide(NOW, &player, &status, active, &verdict, id);
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
    fn what_a_verdict_changes() {
        check(None, 0, None, None);
        check(None, 0, Some(("rude", LATER)), Some((10_000, false, true)));
        check(Some(ban(LATER)), 5, Some(("rude", LATER)), None);
        check(Some(ban(LATER)), 5, Some(("worse", LATER)), Some((10_000, true, true)));
        check(Some(ban(LATER)), 5, Some(("rude", FOR_GOOD)), Some((10_000, true, true)));
        check(Some(ban(LATER)), 5, None, Some((10_000, true, false)));
        // One that has run out is neither lifted nor replaced.
        check(Some(ban(NOW)), 5, None, None);
        check(Some(ban(NOW)), 5, Some(("rude", LATER)), Some((10_000, false, true)));
    }

    #[test]
    fn no_two_decisions_share_a_moment() {
        check(Some(ban(LATER)), 10_000, None, Some((10_001, true, false)));
        check(Some(ban(LATER)), 12_000, None, Some((12_001, true, false)));
    }

    #[test]
    fn a_sentence_ends_in_the_future() {
        let until = |until| Sentence::new(NOW, " rude ", until).map(|one| (one.reason, one.until));
        assert_eq!(until(None), Ok(("rude".into(), FOR_GOOD)));
        assert_eq!(until(Some(LATER)), Ok(("rude".into(), LATER)));
        assert_eq!(until(Some(NOW)).unwrap_err().field.as_deref(), Some("until"));
        assert!(Sentence::new(NOW, " ", None).is_err());
        assert!(Sentence::new(NOW, &"x".repeat(1001), None).is_err());
    }
}
