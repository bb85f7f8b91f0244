//! Repetition of unconfirmed work, with growing pauses.
//!
//! The times are not saved: after a restart all work is due at once.

use crate::limits;
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Unconfirmed work, each with its number of tries and its next time.
#[derive(Debug, Clone)]
pub(in crate::lobby) struct Retries<K> {
    open: BTreeMap<K, (u32, Time)>,
    due: BTreeSet<(Time, K)>,
}

impl<K> Default for Retries<K> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), due: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Retries<K> {
    /// Makes work due now, and again until it is done.
    pub(in crate::lobby) fn begin(&mut self, now: Time, work: K) {
        self.done(&work);
        self.due.insert((now, work.clone()));
        self.open.insert(work, (0, now));
    }

    /// Ends the repetition of confirmed work.
    pub(in crate::lobby) fn done(&mut self, work: &K) {
        if let Some((_, due)) = self.open.remove(work) {
            self.due.remove(&(due, work.clone()));
        }
    }

    /// Takes the work that is due. Each item is due again after a pause that doubles.
    pub(in crate::lobby) fn take_due(&mut self, now: Time) -> Vec<K> {
        let mut taken = Vec::new();
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            taken.extend(self.due.pop_first().map(|(_, work)| work));
        }
        for work in &taken {
            if let Some((tries, due)) = self.open.get_mut(work) {
                // A call in flight is not repeated: the first pause is longer than the timeout of a call.
                let pause = limits::RETRY_FIRST.saturating_mul(2 << (*tries).min(16));
                *due = now + pause.min(limits::RETRY_MAX_IN_LOBBY);
                *tries = tries.saturating_add(1);
                self.due.insert((*due, work.clone()));
            }
        }
        taken
    }

    /// Returns the time at which the next item is due.
    pub(in crate::lobby) fn wake_at(&self) -> Option<Time> {
        self.due.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_repeated_until_it_is_done() {
        let (t, mut retries) = (Time::from_ms, Retries::default());
        retries.begin(t(0), 'a');
        retries.begin(t(1), 'b');
        assert_eq!(retries.take_due(t(1)), ['a', 'b']);
        assert_eq!(retries.wake_at(), Some(t(4001)));
        retries.done(&'b');
        assert_eq!(retries.take_due(t(4000)), []);
        assert_eq!(retries.take_due(t(4001)), ['a']);
        assert_eq!(retries.wake_at(), Some(t(12_001)));
        retries.begin(t(5000), 'a');
        assert_eq!(retries.take_due(t(5000)), ['a']);
        retries.done(&'a');
        assert_eq!(retries.wake_at(), None);
    }
}
