//! How a person is shown to those who watch them: damped, merged, told until each has it.

use super::effect::Showing;
use super::{Call, Player};
use crate::call::CallId;
use crate::caps;
use crate::id::PlayerId;
use crate::presence::{Need, PeerAnswer, Sight, State};
use crate::time::Time;

impl Player {
    /// How they are.
    #[must_use]
    pub fn state(&self, now: Time) -> State {
        let looking = self.sockets.values().any(|device| device.active);
        if looking || !self.saved.leases.is_empty() {
            State::Online
        } else if !self.sockets.is_empty() {
            State::Away
        } else if self.lost_until().is_some_and(|until| now < until) {
            State::Reconnecting
        } else {
            State::Offline
        }
    }

    /// The first device comes, or the last one goes: nothing in between changes whether they are here.
    pub(super) fn count_devices(&mut self, now: Time) {
        let here = !self.saved.leases.is_empty() || !self.sockets.is_empty();
        if here != self.saved.here {
            self.saved.here = here;
            self.saved.lost = (!here).then_some(now);
        }
    }

    fn lost_until(&self) -> Option<Time> {
        self.saved.lost.map(|at| at + caps::FLAP)
    }

    /// Somebody wants to know how they are, and to be told from now on.
    pub(super) fn watched(&mut self, now: Time, by: &PlayerId) -> Result<PeerAnswer, Need> {
        self.known(now)?;
        if self.ring.mutual.contains(by) {
            self.renewed.insert(by.clone(), now);
            if self.watchers.insert(by.clone()) {
                self.turn.watchers.insert(by.clone());
            }
            self.follow(now);
        }
        let mut sight = self.sight(now, by);
        if let Some(shown) = self.saved.shown
            && self.ring.shows(by)
        {
            // What the others were told; if that is no longer so, all hear of it together.
            sight = Sight { state: shown.state, as_of: now.max(shown.as_of) };
        }
        let kept = self.ring.mutual.contains(by);
        Ok(PeerAnswer::Sight { sight, kept })
    }

    /// Somebody wants to know how they are.
    pub(super) fn looked_at(&mut self, now: Time, by: &PlayerId) -> Result<PeerAnswer, Need> {
        self.known(now)?;
        let sight = self.sight(now, by);
        let kept = false;
        Ok(PeerAnswer::Sight { sight, kept })
    }

    /// To everybody else they are offline, and always as of now: when that changed is nobody's business either.
    fn sight(&self, now: Time, by: &PlayerId) -> Sight {
        let state = if self.ring.shows(by) { self.state(now) } else { State::Offline };
        Sight { state, as_of: now }
    }

    /// Whether enough is known to answer.
    fn known(&self, now: Time) -> Result<(), Need> {
        if !self.saved.fresh {
            return Err(Need::Circle);
        }
        let looked = self.looked.is_some_and(|at| now.since(at) < caps::LOOKED && at <= now);
        if looked || self.saved.leases.is_empty() {
            return Ok(());
        }
        Err(Need::Look(self.objects()))
    }

    /// Their objects were asked what they hold.
    pub fn looked(&mut self, now: Time) {
        self.looked = Some(now);
    }

    /// Sees whether those who watch are to be told something else than what they were told last.
    pub(super) fn follow(&mut self, now: Time) {
        if self.watchers.is_empty() {
            self.saved.shown = None;
            self.saved.owed.clear();
            self.saved.calls.withdraw(is_show);
            return;
        }
        if !self.saved.fresh {
            return;
        }
        let state = self.state(now);
        let Some(shown) = self.saved.shown else {
            self.saved.shown = Some(Sight { state, as_of: now });
            return;
        };
        if shown.state == state {
            return;
        }
        let audience = self.audience();
        if audience.is_empty() {
            self.saved.shown = Some(Sight { state, ..shown });
        } else if shown.as_of + caps::PRESENCE_EVERY <= now {
            self.owe(now, audience);
        }
    }

    fn audience(&self) -> Vec<PlayerId> {
        let shows = |by: &&PlayerId| self.ring.shows(by);
        self.watchers.iter().filter(shows).cloned().collect()
    }

    /// From now on these are to be told how things are, until they have it.
    pub(super) fn owe(&mut self, now: Time, to: Vec<PlayerId>) {
        if to.is_empty() {
            return;
        }
        let state = self.state(now);
        let last = self.saved.shown.map_or(Time::default(), |shown| shown.as_of);
        // Two words never carry the same time, so that it is clear which of them counts.
        let as_of = now.max(Time::from_ms(last.ms() + 1));
        self.saved.shown = Some(Sight { state, as_of });
        self.saved.owed.extend(to);
        self.show_soon(now);
    }

    pub(super) fn show_soon(&mut self, now: Time) {
        self.saved.calls.withdraw(is_show);
        self.saved.calls.add(now, Call::Show);
    }

    /// When those who watch are to hear of something by then.
    pub(super) fn follow_at(&self, now: Time) -> Option<Time> {
        let shown = self.saved.shown.filter(|_| self.saved.fresh)?;
        if self.audience().is_empty() {
            return None;
        }
        let state = self.state(now);
        let gone = self.lost_until().filter(|_| state == State::Reconnecting);
        let due = (state != shown.state).then(|| shown.as_of + caps::PRESENCE_EVERY);
        gone.into_iter().chain(due).min()
    }

    /// Who is to be told what, now.
    pub(super) fn showing(&self) -> Vec<Showing> {
        let Some(shown) = self.saved.shown.filter(|_| self.saved.fresh) else {
            return Vec::new();
        };
        let hidden = Sight { state: State::Offline, as_of: shown.as_of };
        let mut groups = [(shown, false), (hidden, false), (hidden, true)].map(|(sight, last)| Showing {
            sight,
            last,
            to: Vec::new(),
        });
        let [may, hiding, strangers] = &mut groups;
        for by in &self.saved.owed {
            let group = if self.ring.shows(by) {
                &mut *may
            } else if self.ring.mutual.contains(by) {
                &mut *hiding
            } else {
                &mut *strangers
            };
            group.to.push(by.clone());
        }
        groups.into_iter().filter(|group| !group.to.is_empty()).collect()
    }

    /// These have it; these do not want to hear more.
    pub(super) fn told(&mut self, call: CallId, as_of: Time, heard: &[PlayerId], gone: &[PlayerId]) {
        let sent = self.flying.remove(&call);
        let current = self.saved.shown.is_some_and(|shown| shown.as_of == as_of);
        for by in heard.iter().filter(|_| current) {
            self.saved.owed.remove(by);
            if !self.ring.mutual.contains(by) {
                self.forget_watcher(by);
            }
        }
        for by in gone {
            // Who came back since it was sent wants to hear again.
            let back = sent.is_none_or(|sent| self.renewed.get(by).is_some_and(|at| *at >= sent));
            if !back {
                self.forget_watcher(by);
            }
        }
        if self.saved.owed.is_empty() {
            self.saved.calls.withdraw(is_show);
        }
    }

    fn forget_watcher(&mut self, by: &PlayerId) {
        self.saved.owed.remove(by);
        self.renewed.remove(by);
        if self.watchers.remove(by) {
            self.turn.watchers.insert(by.clone());
        }
    }
}

fn is_show(call: &Call) -> bool {
    matches!(call, Call::Show)
}
