//! When what is not confirmed yet is to be said again. It is not saved: a restart says it all at once.

use crate::caps;
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Things to be repeated, with growing pauses.
#[derive(Debug, Clone)]
pub(super) struct Retries<K> {
    open: BTreeMap<K, (u32, Time)>,
    due: BTreeSet<(Time, K)>,
}

impl<K> Default for Retries<K> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), due: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Retries<K> {
    /// It is to be said now, and again until it is done.
    pub(super) fn begin(&mut self, now: Time, what: K) {
        self.done(&what);
        self.due.insert((now, what.clone()));
        self.open.insert(what, (0, now));
    }

    /// It is confirmed.
    pub(super) fn done(&mut self, what: &K) {
        if let Some((_, due)) = self.open.remove(what) {
            self.due.remove(&(due, what.clone()));
        }
    }

    /// What is to be said now. Each is due again after a pause that doubles.
    pub(super) fn take_due(&mut self, now: Time) -> Vec<K> {
        let mut taken = Vec::new();
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            taken.extend(self.due.pop_first().map(|(_, what)| what));
        }
        for what in &taken {
            if let Some((tries, due)) = self.open.get_mut(what) {
                // A call that is still on its way is not said twice: the first pause is longer than one may take.
                let pause = caps::RETRY.saturating_mul(2 << (*tries).min(16));
                *due = now + pause.min(caps::RETRY_WAITED);
                *tries = tries.saturating_add(1);
                self.due.insert((*due, what.clone()));
            }
        }
        taken
    }

    /// When the next is due.
    pub(super) fn wake_at(&self) -> Option<Time> {
        self.due.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_again_until_it_is_done() {
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
