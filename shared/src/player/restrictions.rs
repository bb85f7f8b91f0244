//! Restrictions on a player's tokens: a ban, ended sessions, and revoked auth epochs.

use crate::id::SessionId;
use crate::limits;
use crate::rpc::Denial;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The restrictions that the region announced. Each is kept for one token lifetime: after that, older tokens
/// are rejected for their age. Time alone bounds the ended sessions, because a number would let a player who
/// ends many sessions push out an earlier one; the region's rate limit bounds how many end in that time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Restrictions {
    /// The oldest valid auth epoch. It only grows, so that no late notice undoes it.
    #[serde(rename = "least")]
    min_epoch: u64,
    /// Ended sessions, with the time at which their last token expires.
    #[serde(rename = "ended")]
    ended_sessions: VecDeque<(SessionId, Time)>,
    /// The latest decision about a ban.
    ban: Option<Ban>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Ban {
    /// When the region decided.
    at: Time,
    /// End of the ban; none, it was lifted.
    until: Option<Time>,
}

impl Restrictions {
    /// Returns the reason why a token is denied; none if it is accepted.
    pub fn denial(&self, now: Time, ep: u64, sid: &SessionId) -> Option<Denial> {
        if self.is_banned(now) {
            Some(Denial::Banned)
        } else if ep < self.min_epoch || self.ended_sessions.iter().any(|(ended, _)| ended == sid) {
            Some(Denial::Revoked)
        } else {
            None
        }
    }

    /// True while a ban is in force.
    pub fn is_banned(&self, now: Time) -> bool {
        self.banned_until().is_some_and(|until| now < until)
    }

    /// Returns the announced end of the ban.
    pub fn banned_until(&self) -> Option<Time> {
        self.ban.and_then(|ban| ban.until)
    }

    /// Returns when the region decided the latest ban.
    pub fn banned_at(&self) -> Option<Time> {
        self.ban.map(|ban| ban.at)
    }

    /// Revokes tokens with an older auth epoch. False if that was known.
    pub fn revoke(&mut self, ep: u64) -> bool {
        let is_new = ep > self.min_epoch;
        self.min_epoch = self.min_epoch.max(ep);
        is_new
    }

    /// Ends a session. False if that was known.
    pub fn end_session(&mut self, now: Time, sid: &SessionId) -> bool {
        self.ended_sessions.retain(|(_, until)| now < *until);
        if self.ended_sessions.iter().any(|(ended, _)| ended == sid) {
            return false;
        }
        let until = now + limits::ACCESS_TOKEN_TTL + limits::CLOCK_SKEW_MAX;
        self.ended_sessions.push_back((sid.clone(), until));
        true
    }

    /// Sets the end of a ban, or lifts it. False if a later decision or the same one is known. Of two
    /// decisions at the same time the stricter one holds, in whatever order they arrive.
    pub fn set_ban(&mut self, at: Time, until: Option<Time>) -> bool {
        let ban = Ban { at, until };
        let is_later = |known: Ban| (known.at, known.until) >= (ban.at, ban.until);
        if self.ban.is_some_and(is_later) {
            return false;
        }
        self.ban = Some(ban);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    fn sid(n: u32) -> SessionId {
        format!("s_{n}").parse().unwrap()
    }

    #[test]
    fn older_ban_never_undoes_a_newer_decision() {
        let mut restrictions = Restrictions::default();
        assert!(restrictions.set_ban(at(10), None));
        assert!(!restrictions.set_ban(at(5), Some(at(99))));
        assert!(!restrictions.is_banned(at(20)));
        assert!(restrictions.set_ban(at(11), Some(at(99))));
        assert!(!restrictions.set_ban(at(11), None));
        assert!(restrictions.is_banned(at(98)) && !restrictions.is_banned(at(99)));
    }

    #[test]
    fn oldest_valid_epoch_only_grows() {
        let mut restrictions = Restrictions::default();
        assert!(restrictions.revoke(3));
        assert!(!restrictions.revoke(2));
        assert_eq!(restrictions.denial(at(0), 2, &sid(1)), Some(Denial::Revoked));
        assert_eq!(restrictions.denial(at(0), 3, &sid(1)), None);
    }

    #[test]
    fn session_stays_ended_for_one_token_lifetime() {
        let mut restrictions = Restrictions::default();
        let life = crate::time::ms(limits::ACCESS_TOKEN_TTL);
        assert!(restrictions.end_session(at(0), &sid(1)));
        assert!(!restrictions.end_session(at(1), &sid(1)));
        assert!(restrictions.end_session(at(life), &sid(2)));
        assert_eq!(restrictions.denial(at(life), 0, &sid(1)), Some(Denial::Revoked));
    }

    #[test]
    fn session_stays_ended_however_many_end_after_it() {
        let mut restrictions = Restrictions::default();
        let life = crate::time::ms(limits::ACCESS_TOKEN_TTL + limits::CLOCK_SKEW_MAX);
        for n in 0..1000 {
            assert!(restrictions.end_session(at(u64::from(n)), &sid(n)));
        }
        for n in 0..1000 {
            assert_eq!(restrictions.denial(at(life - 1), 0, &sid(n)), Some(Denial::Revoked), "{n}");
        }
        // The first has no valid token any more, nor do those that ended at the same time.
        assert!(restrictions.end_session(at(life + 500), &sid(1001)));
        assert_eq!(restrictions.ended_sessions.len(), 500);
    }
}
