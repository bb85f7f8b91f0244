//! What leaves an object: repeated until the other side confirms it, with growing pauses.

use crate::caps;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The number of a call within its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// Calls that are not confirmed yet. They are saved with their object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calls<C> {
    next: u64,
    open: Vec<Open<C>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open<C> {
    id: CallId,
    call: C,
    tries: u32,
    due: Time,
}

impl<C> Default for Calls<C> {
    fn default() -> Self {
        Self { next: 1, open: Vec::new() }
    }
}

impl<C: Clone> Calls<C> {
    /// Adds a call; it is due at once.
    pub fn add(&mut self, now: Time, call: C) -> CallId {
        self.add_at(now, call)
    }

    /// Adds a call that is due then.
    pub fn add_at(&mut self, due: Time, call: C) -> CallId {
        let id = CallId(self.next);
        self.next += 1;
        self.open.push(Open { id, call, tries: 0, due });
        id
    }

    /// The calls to make now. Each is due again after a pause that doubles.
    pub fn take_due(&mut self, now: Time) -> Vec<(CallId, C)> {
        self.take_due_within(now, caps::RETRY_MAX)
    }

    /// The same, where somebody waits for the answer: no pause is longer than `most`.
    pub fn take_due_within(&mut self, now: Time, most: Duration) -> Vec<(CallId, C)> {
        let mut due = Vec::new();
        for open in &mut self.open {
            if open.due <= now {
                open.due = now + pause(open.tries).min(most);
                open.tries = open.tries.saturating_add(1);
                due.push((open.id, open.call.clone()));
            }
        }
        due
    }

    /// The other side has it. False where it was confirmed before.
    pub fn confirm(&mut self, id: CallId) -> bool {
        let before = self.open.len();
        self.open.retain(|open| open.id != id);
        self.open.len() < before
    }

    /// Some calls need not be made any more. Whether there were any.
    pub fn withdraw(&mut self, mut these: impl FnMut(&C) -> bool) -> bool {
        let before = self.open.len();
        self.open.retain(|open| !these(&open.call));
        self.open.len() < before
    }

    /// The call with this number, while it is open.
    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&C> {
        self.open.iter().find(|open| open.id == id).map(|open| &open.call)
    }

    /// Whether such a call is open.
    #[must_use]
    pub fn any(&self, such: impl Fn(&C) -> bool) -> bool {
        self.open.iter().any(|open| such(&open.call))
    }

    /// How many such calls are open.
    #[must_use]
    pub fn count(&self, such: impl Fn(&C) -> bool) -> usize {
        self.open.iter().filter(|open| such(&open.call)).count()
    }

    /// When the next is due.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        self.open.iter().map(|open| open.due).min()
    }

    /// Whether all are confirmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

fn pause(tries: u32) -> Duration {
    caps::RETRY.saturating_mul(1 << tries.min(16)).min(caps::RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_repeated_until_it_is_confirmed() {
        let mut calls = Calls::default();
        let t = Time::from_ms;
        let id = calls.add(t(0), 'a');
        assert_eq!(calls.take_due(t(0)), [(id, 'a')]);
        assert_eq!(calls.take_due(t(1999)), []);
        assert_eq!(calls.take_due(t(2000)), [(id, 'a')]);
        assert_eq!(calls.wake_at(), Some(t(6000)));
        assert!(calls.confirm(id));
        assert!(!calls.confirm(id));
        assert_eq!(calls.wake_at(), None);
    }

    #[test]
    fn pauses_end_growing() {
        assert_eq!(pause(0), caps::RETRY);
        assert_eq!(pause(60), caps::RETRY_MAX);
    }
}
