//! Whom the region is asked about: a few people at a time, the others in the order in which they came. A crowd that
//! comes at once is a queue here, not a crowd there.

use crate::caps;
use crate::time::Time;
use std::collections::{BTreeSet, VecDeque};

/// Questions by their numbers: those on their way, and those that are not asked yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks {
    under_way: BTreeSet<u64>,
    waiting: VecDeque<(u64, Time)>,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is asked now.
    Ask(u64),
    /// It has waited so long that it is not asked any more.
    TooLate(u64),
}

impl Looks {
    /// Whether one more could be asked, or wait for that.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < caps::LOOKS_WAITING
    }

    /// A question joins. None: its turn comes.
    pub(super) fn join(&mut self, now: Time, look: u64) -> Option<Turn> {
        if self.under_way.len() < caps::LOOKS {
            self.under_way.insert(look);
            return Some(Turn::Ask(look));
        }
        self.waiting.push_back((look, now));
        None
    }

    /// Nobody waits for this any more.
    pub(super) fn leave(&mut self, look: u64) {
        self.waiting.retain(|(one, _)| *one != look);
    }

    /// A question was answered, or never will be: whose turn it is.
    pub(super) fn done(&mut self, now: Time, look: u64) -> Vec<Turn> {
        self.under_way.remove(&look);
        let mut turns = Vec::new();
        while self.under_way.len() < caps::LOOKS
            && let Some((look, since)) = self.waiting.pop_front()
        {
            if now.since(since) > caps::LOOK_WAIT {
                turns.push(Turn::TooLate(look));
            } else {
                self.under_way.insert(look);
                turns.push(Turn::Ask(look));
            }
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(now: Time) -> Looks {
        let mut looks = Looks::default();
        for look in 1..=caps::LOOKS as u64 {
            assert_eq!(looks.join(now, look), Some(Turn::Ask(look)));
        }
        looks
    }

    #[test]
    fn a_few_are_asked_and_the_others_follow_in_their_order() {
        let mut looks = full(Time::default());
        for look in [101, 102, 103] {
            assert_eq!(looks.join(Time::default(), look), None);
        }
        looks.leave(102);
        assert_eq!(looks.done(Time::default(), 1), [Turn::Ask(101)]);
        // Said twice, it makes room once.
        assert_eq!(looks.done(Time::default(), 1), []);
        assert_eq!(looks.done(Time::default(), 101), [Turn::Ask(103)]);
        assert_eq!(looks.done(Time::default(), 103), []);
        assert_eq!(looks.join(Time::default(), 104), Some(Turn::Ask(104)));
    }

    #[test]
    fn who_waited_too_long_is_told_so_and_holds_nobody_up() {
        let mut looks = full(Time::default());
        assert_eq!(looks.join(Time::from_ms(1), 101), None);
        assert_eq!(looks.join(Time::from_ms(2), 102), None);
        let late = Time::from_ms(2) + caps::LOOK_WAIT;
        assert_eq!(looks.done(late, 1), [Turn::TooLate(101), Turn::Ask(102)]);
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut looks = full(Time::default());
        for look in 0..caps::LOOKS_WAITING as u64 {
            assert!(looks.has_room());
            looks.join(Time::default(), 1000 + look);
        }
        assert!(!looks.has_room());
    }
}
