//! Calls of an object that are repeated until the other side confirms them, with growing pauses.

use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The number of a call within its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// The unconfirmed calls of an object. They are stored with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingCalls<C> {
    next: u64,
    open: Vec<Open<C>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open<C> {
    id: CallId,
    call: C,
    tries: u32,
    due: Time,
    /// When the call was added; in rows of earlier versions unknown, which is zero.
    #[serde(default, skip_serializing_if = "is_unknown")]
    since: Time,
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_unknown(since: &Time) -> bool {
    *since == Time::default()
}

impl<C> Default for PendingCalls<C> {
    fn default() -> Self {
        Self { next: 1, open: Vec::new() }
    }
}

impl<C: Clone> PendingCalls<C> {
    /// Adds a call that is due at once.
    pub fn add(&mut self, now: Time, call: C) -> CallId {
        let id = CallId(self.next);
        self.next += 1;
        self.open.push(Open { id, call, tries: 0, due: now, since: now });
        id
    }

    /// Returns the calls that are due. Each is due again after a pause that doubles.
    pub fn take_due(&mut self, now: Time) -> Vec<(CallId, C)> {
        self.take_due_within(now, limits::RETRY_MAX)
    }

    /// Returns the calls that are due, with no pause longer than `max_pause`, for callers that wait.
    pub fn take_due_within(&mut self, now: Time, max_pause: Duration) -> Vec<(CallId, C)> {
        let mut due = Vec::new();
        for open in &mut self.open {
            if open.due <= now {
                open.due = now + pause(open.tries).min(max_pause);
                open.tries = open.tries.saturating_add(1);
                due.push((open.id, open.call.clone()));
            }
        }
        due
    }

    /// Removes a confirmed call. Returns when it was added; none if it was confirmed before.
    pub fn confirm(&mut self, id: CallId) -> Option<Time> {
        let at = self.open.iter().position(|open| open.id == id)?;
        Some(self.open.remove(at).since)
    }

    /// Removes calls that are no longer needed. True if there were any.
    pub fn cancel(&mut self, mut matches: impl FnMut(&C) -> bool) -> bool {
        let before = self.open.len();
        self.open.retain(|open| !matches(&open.call));
        self.open.len() < before
    }

    /// Returns the call with this number, while it is unconfirmed.
    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&C> {
        self.open.iter().find(|open| open.id == id).map(|open| &open.call)
    }

    /// True if a matching call is unconfirmed.
    #[must_use]
    pub fn any(&self, matches: impl Fn(&C) -> bool) -> bool {
        self.open.iter().any(|open| matches(&open.call))
    }

    /// Returns the number of matching unconfirmed calls.
    #[must_use]
    pub fn count(&self, matches: impl Fn(&C) -> bool) -> usize {
        self.open.iter().filter(|open| matches(&open.call)).count()
    }

    /// Returns the time at which the next call is due.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        self.open.iter().map(|open| open.due).min()
    }

    /// True if all calls are confirmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

fn pause(tries: u32) -> Duration {
    limits::RETRY_FIRST.saturating_mul(1 << tries.min(16)).min(limits::RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_is_repeated_until_it_is_confirmed() {
        let mut calls = PendingCalls::default();
        let t = Time::from_ms;
        let id = calls.add(t(0), 'a');
        assert_eq!(calls.take_due(t(0)), [(id, 'a')]);
        assert_eq!(calls.take_due(t(1999)), []);
        assert_eq!(calls.take_due(t(2000)), [(id, 'a')]);
        assert_eq!(calls.wake_at(), Some(t(6000)));
        assert_eq!(calls.confirm(id), Some(t(0)));
        assert_eq!(calls.confirm(id), None);
        assert_eq!(calls.wake_at(), None);
    }

    #[test]
    fn call_of_an_earlier_version_is_read() {
        let row = r#"{"next":2,"open":[{"id":1,"call":"a","tries":3,"due":7}]}"#;
        let mut calls: PendingCalls<char> = serde_json::from_str(row).unwrap_or_default();
        assert_eq!(calls.confirm(CallId(1)), Some(Time::default()));
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert_eq!(pause(0), limits::RETRY_FIRST);
        assert_eq!(pause(60), limits::RETRY_MAX);
    }
}
