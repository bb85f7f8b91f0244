//! Who may see whether a person is here: the region says it, and until it has said it anew nobody is told anything.

use super::{Call, Player};
use crate::id::PlayerId;
use crate::record::Circle;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Those who follow each other, as the region said last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ring {
    pub mutual: BTreeSet<PlayerId>,
    pub hidden: bool,
}

impl Ring {
    /// Whether this one may see how they are.
    pub fn shows(&self, to: &PlayerId) -> bool {
        !self.hidden && self.mutual.contains(to)
    }
}

impl Player {
    /// What was known may be wrong. An answer that is on its way may be from before.
    pub(super) fn circle_changed(&mut self) {
        self.saved.fresh = false;
        self.saved.circle_turn += 1;
        if self.sockets.is_empty() {
            self.seen.clear();
        }
        self.saved.calls.withdraw(|call| matches!(call, Call::Circle));
    }

    /// The region is asked while somebody is there who needs to know.
    pub(super) fn want_circle(&mut self, now: Time) {
        let wanted = !self.sockets.is_empty() || !self.watchers.is_empty();
        let asking = |call: &Call| matches!(call, Call::Circle);
        if self.saved.fresh || !wanted {
            self.saved.calls.withdraw(asking);
        } else if !self.saved.calls.any(asking) {
            self.saved.calls.add(now, Call::Circle);
        }
    }

    /// How often the circle was said to have changed: an answer to a question from before that is worth nothing.
    #[must_use]
    pub fn circle_turn(&self) -> u64 {
        self.saved.circle_turn
    }

    pub(super) fn circled(&mut self, now: Time, turn: u64, circle: &Circle) {
        if turn != self.saved.circle_turn || self.saved.fresh {
            return;
        }
        let ring = Ring { mutual: circle.mutual.iter().cloned().collect(), hidden: circle.hidden };
        self.take_ring(now, ring);
    }

    pub(super) fn take_ring(&mut self, now: Time, ring: Ring) {
        let before = std::mem::replace(&mut self.ring, ring);
        self.saved.fresh = true;
        self.turn.ring = before != self.ring;
        let other: Vec<PlayerId> = self
            .watchers
            .iter()
            .filter(|by| before.shows(by) != self.ring.shows(by) || !self.ring.mutual.contains(*by))
            .cloned()
            .collect();
        if other.is_empty() && !self.saved.owed.is_empty() {
            // What was owed had to wait for this.
            self.show_soon(now);
        }
        self.owe(now, other);
        if self.sockets.is_empty() {
            self.seen.retain(|of, _| self.ring.mutual.contains(of));
        } else {
            for of in before.mutual.difference(&self.ring.mutual.clone()) {
                self.unsee(now, of);
            }
        }
        self.want_sights(now);
    }
}
