//! How those are whom a person follows, as the lines of their own hear it: asked once, then told.

use super::{Call, Effect, Player};
use crate::call::CallId;
use crate::caps;
use crate::id::PlayerId;
use crate::outbox::Scope;
use crate::presence::{PeerAnswer, Presence, Sight, State};
use crate::time::Time;

impl Player {
    /// Somebody whom they watch says how they are.
    pub(super) fn shown(&mut self, now: Time, of: &PlayerId, sight: Sight, last: bool) -> PeerAnswer {
        if !self.listens(now) || !self.ring.mutual.contains(of) {
            return PeerAnswer::Gone;
        }
        if self.seen.get(of).is_none_or(|known| known.as_of <= sight.as_of) {
            self.see(of.clone(), sight);
        }
        if last {
            // They do not know yet what is known here, or the other way round: they are asked until it is the same.
            self.seen.remove(of);
            self.want_sights(now);
        }
        PeerAnswer::Heard
    }

    /// Those who were asked have answered; who did not is asked again.
    pub(super) fn sighted(&mut self, call: CallId, answers: Vec<(PlayerId, Sight, bool)>) {
        self.flying.remove(&call);
        if self.sockets.is_empty() {
            return;
        }
        for (of, sight, kept) in answers {
            let news = self.seen.get(&of).is_none_or(|known| known.as_of < sight.as_of);
            if news && self.ring.mutual.contains(&of) {
                self.see(of.clone(), sight);
            }
            if !kept {
                self.seen.remove(&of);
            }
        }
        if self.unseen().is_empty() {
            self.saved.calls.confirm(call);
        }
    }

    fn see(&mut self, of: PlayerId, sight: Sight) {
        let known = self.seen.insert(of.clone(), sight);
        // Who is not named is offline, to a line on which nothing was said yet.
        let offline = known.is_none() && self.blank && sight.state == State::Offline;
        if known.is_none_or(|known| known.state != sight.state) && !offline {
            self.saved.news.insert(of, sight);
        }
    }

    /// They may not be seen any more. Where it is not known what the lines were told, they are told all the same.
    pub(super) fn unsee(&mut self, now: Time, of: &PlayerId) {
        let as_of = match self.seen.remove(of) {
            Some(known) if known.state == State::Offline => return,
            Some(known) => Time::from_ms(known.as_of.ms() + 1),
            None if self.blank => return,
            None => now,
        };
        let sight = Sight { state: State::Offline, as_of };
        self.saved.news.insert(of.clone(), sight);
    }

    /// Those of whom nothing is known yet.
    pub(super) fn unseen(&self) -> Vec<PlayerId> {
        let unseen = |of: &&PlayerId| !self.seen.contains_key(*of);
        self.ring.mutual.iter().filter(unseen).cloned().collect()
    }

    /// Asks those of whom nothing is known, where a line is open.
    pub(super) fn want_sights(&mut self, now: Time) {
        if self.sockets.is_empty() || !self.saved.fresh || self.unseen().is_empty() {
            return;
        }
        self.saved.calls.withdraw(is_watch);
        self.saved.calls.add(now, Call::Watch);
    }

    /// No line is open. What is known is kept up for as long as they may come back at once; a thousand who follow each
    /// other would ask a thousand times otherwise, whenever one loses the connection. After that those who are watched find
    /// out when they next have something to tell.
    pub(super) fn stop_seeing(&mut self, now: Time) {
        if self.turn.hung_up {
            self.listens_until = Some(now + caps::FLAP);
        }
        if !self.listens(now) {
            self.seen.clear();
        }
        self.saved.news.clear();
        self.saved.calls.withdraw(is_watch);
    }

    /// Whether a line is open, or may be again in a moment.
    pub(super) fn listens(&self, now: Time) -> bool {
        !self.sockets.is_empty() || self.listens_until.is_some_and(|until| now < until)
    }

    /// What is new, in one frame, at most so often.
    pub(super) fn tell_news(&mut self, now: Time) {
        if self.news_at().is_none_or(|at| now < at) {
            return;
        }
        self.told_at = Some(now);
        for (player, sight) in std::mem::take(&mut self.saved.news) {
            let text = Presence { player, sight }.text();
            self.turn.out.push(Effect::Tell { text, scope: Scope::All });
        }
    }

    /// When the lines are to hear what is new.
    pub(super) fn news_at(&self) -> Option<Time> {
        if self.saved.news.is_empty() || self.sockets.is_empty() {
            return None;
        }
        let last = self.told_at;
        Some(last.map_or(Time::default(), |at| at + caps::PRESENCE_EVERY))
    }
}

fn is_watch(call: &Call) -> bool {
    matches!(call, Call::Watch)
}
