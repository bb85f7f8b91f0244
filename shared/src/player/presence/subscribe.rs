//! The presence of followed players, for the player's me sockets: asked for once, then updated by the peers.

use super::presence_event;
use crate::delivery::outbox::Audience;
use crate::delivery::pending_calls::CallId;
use crate::id::PlayerId;
use crate::limits;
use crate::player::{Call, Effect, Player};
use crate::presence::{PlayerPresence, PresenceAt, State};
use crate::rpc::PeerResponse;
use crate::time::Time;

impl Player {
    /// Handles the presence that a followed player has published.
    pub(in crate::player) fn peer_published(
        &mut self,
        now: Time,
        of: &PlayerId,
        presence: PresenceAt,
        last: bool,
    ) -> PeerResponse {
        if !self.is_subscribed(now) || !self.visible_to.mutual.contains(of) {
            return PeerResponse::Unsubscribe;
        }
        if self.subscriptions.get(of).is_none_or(|known| known.as_of <= presence.as_of) {
            self.record_peer(of.clone(), presence);
        }
        if last {
            // The two objects disagree about visibility: the peer is asked until they agree.
            self.forget_peer(of);
            self.request_subscriptions(now);
        }
        PeerResponse::Received
    }

    /// Handles the answers to a subscription. Players who did not answer are asked again.
    pub(in crate::player) fn subscriptions_answered(
        &mut self,
        call: CallId,
        answers: Vec<(PlayerId, PresenceAt, bool)>,
    ) {
        self.in_flight.remove(&call);
        if self.sockets.is_empty() {
            return;
        }
        for (of, presence, subscribed) in answers {
            let is_newer = self.subscriptions.get(&of).is_none_or(|known| known.as_of < presence.as_of);
            if is_newer && self.visible_to.mutual.contains(&of) {
                self.record_peer(of.clone(), presence);
            }
            if !subscribed {
                self.forget_peer(&of);
            }
        }
        if self.unknown_peers().is_empty() {
            self.durable.calls.confirm(call);
        }
    }

    fn record_peer(&mut self, of: PlayerId, presence: PresenceAt) {
        let known = self.subscriptions.insert(of.clone(), presence);
        // To a me socket that has received nothing, every player who was not named is offline.
        let is_implied = known.is_none() && self.never_notified && presence.state == State::Offline;
        if known.is_none_or(|known| known.state != presence.state) && !is_implied {
            self.durable.updates.insert(of, presence);
        }
    }

    /// Forgets the presence of a player, which the me sockets may have received.
    fn forget_peer(&mut self, of: &PlayerId) {
        if self.subscriptions.remove(of).is_some_and(|known| known.state != State::Offline) {
            self.never_notified = false;
        }
    }

    /// Shows a player as offline who may no longer be seen. If it is unknown what the me sockets have
    /// received, the update is sent anyway.
    pub(in crate::player) fn hide_peer(&mut self, now: Time, of: &PlayerId) {
        let as_of = match self.subscriptions.remove(of) {
            Some(known) if known.state == State::Offline => return,
            Some(known) => Time::from_ms(known.as_of.ms() + 1),
            None if self.never_notified => return,
            None => now,
        };
        self.durable.updates.insert(of.clone(), PresenceAt { state: State::Offline, as_of });
    }

    /// Returns the followed players whose presence is not known.
    pub(in crate::player) fn unknown_peers(&self) -> Vec<PlayerId> {
        let unknown = |of: &&PlayerId| !self.subscriptions.contains_key(*of);
        self.visible_to.mutual.iter().filter(unknown).cloned().collect()
    }

    /// Asks the players whose presence is not known, while a me socket is open.
    pub(in crate::player) fn request_subscriptions(&mut self, now: Time) {
        if self.sockets.is_empty() || !self.durable.visibility_known || self.unknown_peers().is_empty() {
            return;
        }
        self.durable.calls.cancel(is_subscribe);
        self.durable.calls.add(now, Call::Subscribe);
    }

    /// Ends the subscriptions after the last me socket closed, with a delay. Without it, a thousand mutual
    /// followers would ask a thousand times whenever one of them reconnects. The peers learn of the end when
    /// they next publish.
    pub(in crate::player) fn expire_subscriptions(&mut self, now: Time) {
        if self.pending.last_socket_closed {
            self.subscribed_until = Some(now + limits::OFFLINE_DEBOUNCE);
        }
        if !self.is_subscribed(now) {
            self.subscriptions.clear();
        }
        self.durable.updates.clear();
        self.durable.calls.cancel(is_subscribe);
    }

    /// True while a me socket is open, or may reopen in a moment.
    pub(in crate::player) fn is_subscribed(&self, now: Time) -> bool {
        !self.sockets.is_empty() || self.subscribed_until.is_some_and(|until| now < until)
    }

    /// Sends the collected updates to the me sockets, in one frame per interval.
    pub(in crate::player) fn send_updates(&mut self, now: Time) {
        if self.next_update_at().is_none_or(|at| now < at) {
            return;
        }
        self.notified_at = Some(now);
        for (player, presence) in std::mem::take(&mut self.durable.updates) {
            let text = presence_event(&PlayerPresence { player, presence });
            self.pending.effects.push(Effect::Broadcast { text, audience: Audience::All });
        }
    }

    /// Returns the time at which the collected updates are sent.
    pub(in crate::player) fn next_update_at(&self) -> Option<Time> {
        if self.durable.updates.is_empty() || self.sockets.is_empty() {
            return None;
        }
        Some(self.notified_at.map_or(Time::default(), |at| at + limits::PRESENCE_INTERVAL))
    }
}

fn is_subscribe(call: &Call) -> bool {
    matches!(call, Call::Subscribe)
}
