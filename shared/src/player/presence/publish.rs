//! Publishes a player's presence to subscribers: debounced, merged, and repeated until each has confirmed.

use crate::delivery::pending_calls::CallId;
use crate::id::PlayerId;
use crate::limits;
use crate::player::{Call, Missing, Player, PublishGroup};
use crate::presence::{PresenceAt, State};
use crate::rpc::PeerResponse;
use crate::time::Time;

impl Player {
    /// Returns the player's presence state.
    #[must_use]
    pub fn state(&self, now: Time) -> State {
        let in_use = self.sockets.values().any(|socket| socket.active);
        if in_use || !self.durable.leases.is_empty() {
            State::Online
        } else if !self.sockets.is_empty() {
            State::Away
        } else if self.reconnect_deadline().is_some_and(|until| now < until) {
            State::Reconnecting
        } else {
            State::Offline
        }
    }

    /// Records when the first device connects and when the last one disconnects.
    pub(in crate::player) fn count_devices(&mut self, now: Time) {
        let connected = !self.durable.leases.is_empty() || !self.sockets.is_empty();
        if connected != self.durable.connected {
            self.durable.connected = connected;
            self.durable.disconnected_at = (!connected).then_some(now);
        }
    }

    fn reconnect_deadline(&self) -> Option<Time> {
        self.durable.disconnected_at.map(|at| at + limits::OFFLINE_DEBOUNCE)
    }

    /// Answers a peer that asks for the presence and subscribes to its changes.
    pub(in crate::player) fn subscribe(&mut self, now: Time, by: &PlayerId) -> Result<PeerResponse, Missing> {
        self.check_known(now)?;
        if self.visible_to.mutual.contains(by) {
            self.subscribed_at.insert(by.clone(), now);
            if self.subscribers.insert(by.clone()) {
                self.pending.subscribers.insert(by.clone());
            }
            self.update_published(now);
        }
        let mut presence = self.presence_for(now, by);
        if let Some(published) = self.durable.published
            && self.visible_to.includes(by)
        {
            // The state that the other subscribers have; a change since then is published to all together.
            presence = PresenceAt { state: published.state, as_of: now.max(published.as_of) };
        }
        let subscribed = self.visible_to.mutual.contains(by);
        Ok(PeerResponse::State { presence, subscribed })
    }

    /// Answers a peer that asks for the presence once.
    pub(in crate::player) fn query(&mut self, now: Time, by: &PlayerId) -> Result<PeerResponse, Missing> {
        self.check_known(now)?;
        Ok(PeerResponse::State { presence: self.presence_for(now, by), subscribed: false })
    }

    /// Returns the presence as this player may see it. To all others the player is offline, always as of now:
    /// the time of a change is private too.
    fn presence_for(&self, now: Time, by: &PlayerId) -> PresenceAt {
        let state = if self.visible_to.includes(by) { self.state(now) } else { State::Offline };
        PresenceAt { state, as_of: now }
    }

    /// Checks that enough is known to answer.
    fn check_known(&self, now: Time) -> Result<(), Missing> {
        if !self.durable.visibility_known {
            return Err(Missing::Visibility);
        }
        let checked =
            self.leases_checked_at.is_some_and(|at| now.since(at) < limits::LEASE_CHECK_TTL && at <= now);
        if checked || self.durable.leases.is_empty() {
            return Ok(());
        }
        Err(Missing::LeaseCheck(self.objects()))
    }

    /// Records that the hosts were asked which sockets they hold.
    pub fn leases_checked(&mut self, now: Time) {
        self.leases_checked_at = Some(now);
    }

    /// Queues an update if the state differs from the one that the subscribers have.
    pub(in crate::player) fn update_published(&mut self, now: Time) {
        if self.subscribers.is_empty() {
            self.durable.published = None;
            self.durable.unconfirmed.clear();
            self.durable.calls.cancel(is_publish);
            return;
        }
        if !self.durable.visibility_known {
            return;
        }
        let state = self.state(now);
        let Some(published) = self.durable.published else {
            self.durable.published = Some(PresenceAt { state, as_of: now });
            return;
        };
        if published.state == state {
            return;
        }
        let audience = self.audience();
        if audience.is_empty() {
            self.durable.published = Some(PresenceAt { state, ..published });
        } else if published.as_of + limits::PRESENCE_INTERVAL <= now {
            self.queue_update(now, audience);
        }
    }

    fn audience(&self) -> Vec<PlayerId> {
        let may_see = |by: &&PlayerId| self.visible_to.includes(by);
        self.subscribers.iter().filter(may_see).cloned().collect()
    }

    /// Queues the current state for these subscribers until they confirm it.
    pub(in crate::player) fn queue_update(&mut self, now: Time, to: Vec<PlayerId>) {
        if to.is_empty() {
            return;
        }
        let state = self.state(now);
        let last = self.durable.published.map_or(Time::default(), |published| published.as_of);
        // Two updates never carry the same time, so that the later one can be told.
        let as_of = now.max(Time::from_ms(last.ms() + 1));
        self.durable.published = Some(PresenceAt { state, as_of });
        self.durable.unconfirmed.extend(to);
        self.schedule_publish(now);
    }

    pub(in crate::player) fn schedule_publish(&mut self, now: Time) {
        self.durable.calls.cancel(is_publish);
        self.durable.calls.add(now, Call::Publish);
    }

    /// Returns the time of the next update without an input: a change that was held back, or the end of
    /// reconnecting.
    pub(in crate::player) fn next_publish_at(&self, now: Time) -> Option<Time> {
        let published = self.durable.published.filter(|_| self.durable.visibility_known)?;
        if self.audience().is_empty() {
            return None;
        }
        let state = self.state(now);
        let offline_at = self.reconnect_deadline().filter(|_| state == State::Reconnecting);
        let held_back = (state != published.state).then(|| published.as_of + limits::PRESENCE_INTERVAL);
        offline_at.into_iter().chain(held_back).min()
    }

    /// Returns the update for each group of subscribers that has not confirmed it.
    pub(in crate::player) fn publish_groups(&self) -> Vec<PublishGroup> {
        let Some(published) = self.durable.published.filter(|_| self.durable.visibility_known) else {
            return Vec::new();
        };
        let hidden = PresenceAt { state: State::Offline, as_of: published.as_of };
        let mut groups = [(published, false), (hidden, false), (hidden, true)]
            .map(|(presence, last)| PublishGroup { presence, last, to: Vec::new() });
        let [visible, hidden, strangers] = &mut groups;
        for by in &self.durable.unconfirmed {
            let group = if self.visible_to.includes(by) {
                &mut *visible
            } else if self.visible_to.mutual.contains(by) {
                &mut *hidden
            } else {
                &mut *strangers
            };
            group.to.push(by.clone());
        }
        groups.into_iter().filter(|group| !group.to.is_empty()).collect()
    }

    /// Handles the confirmations of an update, and the subscribers that want no further ones.
    pub(in crate::player) fn publish_confirmed(
        &mut self,
        call: CallId,
        as_of: Time,
        received: &[PlayerId],
        unsubscribed: &[PlayerId],
    ) {
        let sent = self.in_flight.remove(&call);
        let is_latest = self.durable.published.is_some_and(|published| published.as_of == as_of);
        for by in received.iter().filter(|_| is_latest) {
            self.durable.unconfirmed.remove(by);
            if !self.visible_to.mutual.contains(by) {
                self.remove_subscriber(by);
            }
        }
        for by in unsubscribed {
            // A subscriber that asked again after the update was sent stays subscribed.
            let renewed = sent.is_none_or(|sent| self.subscribed_at.get(by).is_some_and(|at| *at >= sent));
            if !renewed {
                self.remove_subscriber(by);
            }
        }
        if self.durable.unconfirmed.is_empty() {
            self.durable.calls.cancel(is_publish);
        }
    }

    fn remove_subscriber(&mut self, by: &PlayerId) {
        self.durable.unconfirmed.remove(by);
        self.subscribed_at.remove(by);
        if self.subscribers.remove(by) {
            self.pending.subscribers.insert(by.clone());
        }
    }
}

fn is_publish(call: &Call) -> bool {
    matches!(call, Call::Publish)
}
