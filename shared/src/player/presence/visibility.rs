//! Visibility of a player's presence: the region decides it, and nothing is published while its decision is
//! unknown.

use crate::id::PlayerId;
use crate::player::{Call, Player};
use crate::rpc::record::Visibility;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The players who may see this player, as the region last said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::player) struct VisibleTo {
    pub mutual: BTreeSet<PlayerId>,
    /// True if the player appears offline to all others.
    pub hidden: bool,
}

impl VisibleTo {
    /// True if this player may see the presence.
    pub fn includes(&self, player: &PlayerId) -> bool {
        !self.hidden && self.mutual.contains(player)
    }
}

impl Player {
    /// Marks the known visibility as outdated. A response that is under way may be older than the change.
    pub(in crate::player) fn invalidate_visibility(&mut self) {
        self.durable.visibility_known = false;
        self.durable.visibility_revision += 1;
        if self.sockets.is_empty() {
            self.subscriptions.clear();
        }
        self.durable.calls.cancel(|call| matches!(call, Call::FetchVisibility));
    }

    /// Asks the region while a me socket or a subscriber needs the answer.
    pub(in crate::player) fn request_visibility(&mut self, now: Time) {
        let needed = !self.sockets.is_empty() || !self.subscribers.is_empty();
        let is_fetch = |call: &Call| matches!(call, Call::FetchVisibility);
        if self.durable.visibility_known || !needed {
            self.durable.calls.cancel(is_fetch);
        } else if !self.durable.calls.any(is_fetch) {
            self.durable.calls.add(now, Call::FetchVisibility);
        }
    }

    /// Returns the number of announced changes: a response to an older question is ignored.
    #[must_use]
    pub fn visibility_revision(&self) -> u64 {
        self.durable.visibility_revision
    }

    pub(in crate::player) fn visibility_received(
        &mut self,
        now: Time,
        revision: u64,
        visibility: &Visibility,
    ) {
        if revision != self.durable.visibility_revision || self.durable.visibility_known {
            return;
        }
        let mutual = visibility.mutual.iter().cloned().collect();
        self.set_visibility(now, VisibleTo { mutual, hidden: visibility.hidden });
    }

    pub(in crate::player) fn set_visibility(&mut self, now: Time, visible_to: VisibleTo) {
        let before = std::mem::replace(&mut self.visible_to, visible_to);
        self.durable.visibility_known = true;
        self.pending.visibility_changed = before != self.visible_to;
        let changed: Vec<PlayerId> = self
            .subscribers
            .iter()
            .filter(|by| {
                before.includes(by) != self.visible_to.includes(by) || !self.visible_to.mutual.contains(*by)
            })
            .cloned()
            .collect();
        if changed.is_empty() && !self.durable.unconfirmed.is_empty() {
            // A queued update waited for the visibility.
            self.schedule_publish(now);
        }
        self.queue_update(now, changed);
        if self.sockets.is_empty() {
            self.subscriptions.retain(|player, _| self.visible_to.mutual.contains(player));
        } else {
            for player in before.mutual.difference(&self.visible_to.mutual.clone()) {
                self.hide_peer(now, player);
            }
        }
        self.request_subscriptions(now);
    }
}
