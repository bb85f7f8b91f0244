//! What keeps a person out: a ban, a login that has ended, all logins before some moment.

use crate::caps;
use crate::id::SessionId;
use crate::internal::Bar;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What the region said of somebody's logins. It is remembered at least for as long as a token lives: after that a
/// token from before is refused for its age.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Bars {
    /// The least auth epoch that is good. It only grows, so no late notice undoes it.
    least: u64,
    /// Logins that have ended, and until when a token of theirs may be about.
    ended: VecDeque<(SessionId, Time)>,
    /// The newest word about a ban.
    ban: Option<Ban>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Ban {
    /// When the region decided it.
    at: Time,
    /// Until when; none, it was lifted.
    until: Option<Time>,
}

impl Bars {
    /// Why somebody with such a token may not come in; nothing, they may.
    pub fn why(&self, now: Time, ep: u64, sid: &SessionId) -> Option<Bar> {
        if self.banned(now) {
            Some(Bar::Banned)
        } else if ep < self.least || self.ended.iter().any(|(ended, _)| ended == sid) {
            Some(Bar::Revoked)
        } else {
            None
        }
    }

    pub fn banned(&self, now: Time) -> bool {
        self.until().is_some_and(|until| now < until)
    }

    /// Until when they are banned, as far as was said.
    pub fn until(&self) -> Option<Time> {
        self.ban.and_then(|ban| ban.until)
    }

    /// Tokens below this epoch are no longer good. False: that was known.
    pub fn revoke(&mut self, ep: u64) -> bool {
        let news = ep > self.least;
        self.least = self.least.max(ep);
        news
    }

    /// A login has ended. False: that was known.
    pub fn end(&mut self, now: Time, sid: &SessionId) -> bool {
        self.ended.retain(|(_, until)| now < *until);
        if self.ended.iter().any(|(ended, _)| ended == sid) {
            return false;
        }
        let until = now + caps::TOKEN + caps::SKEW;
        self.ended.push_back((sid.clone(), until));
        let over = self.ended.len().saturating_sub(caps::ENDED);
        self.ended.drain(..over);
        true
    }

    /// They are banned until then, or no longer. False: something newer was said before, or the same. Of two words of
    /// the same moment the stricter holds, in whatever order they come.
    pub fn ban(&mut self, at: Time, until: Option<Time>) -> bool {
        let ban = Ban { at, until };
        let older = |known: Ban| (known.at, known.until) >= (ban.at, ban.until);
        if self.ban.is_some_and(older) {
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
    fn an_older_ban_never_undoes_a_newer_word() {
        let mut bars = Bars::default();
        assert!(bars.ban(at(10), None));
        assert!(!bars.ban(at(5), Some(at(99))));
        assert!(!bars.banned(at(20)));
        assert!(bars.ban(at(11), Some(at(99))));
        assert!(!bars.ban(at(11), None));
        assert!(bars.banned(at(98)) && !bars.banned(at(99)));
    }

    #[test]
    fn the_least_epoch_only_grows() {
        let mut bars = Bars::default();
        assert!(bars.revoke(3));
        assert!(!bars.revoke(2));
        assert_eq!(bars.why(at(0), 2, &sid(1)), Some(Bar::Revoked));
        assert_eq!(bars.why(at(0), 3, &sid(1)), None);
    }

    #[test]
    fn a_login_stays_ended_while_a_token_of_it_may_be_about() {
        let mut bars = Bars::default();
        let life = crate::time::ms(caps::TOKEN);
        assert!(bars.end(at(0), &sid(1)));
        assert!(!bars.end(at(1), &sid(1)));
        assert!(bars.end(at(life), &sid(2)));
        assert_eq!(bars.why(at(life), 0, &sid(1)), Some(Bar::Revoked));
        for n in 0..200 {
            bars.end(at(2), &sid(n));
        }
        assert!(bars.ended.len() <= caps::ENDED);
    }
}
