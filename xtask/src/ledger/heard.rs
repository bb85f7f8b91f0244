//! The numbered messages of one sender, as one receiver got them: lost, doubled and reordered ones are counted exactly.

use std::collections::BTreeSet;

/// The largest number that a message of one match may have; a larger one is damaged.
const NUMBER_MAX: u64 = 1_000_000;

/// The messages 0, 1, 2, … of one sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    next: u64,
    missing: BTreeSet<u64>,
    /// Messages that came again.
    pub doubled: u64,
    /// Messages that came after one with a larger number.
    pub reordered: u64,
    /// Messages whose number no sender gives.
    pub damaged: u64,
}

impl Heard {
    /// Counts a message. Returns true if it came for the first time.
    pub fn hear(&mut self, n: u64) -> bool {
        if n > NUMBER_MAX {
            self.damaged += 1;
            return false;
        }
        if n >= self.next {
            self.missing.extend(self.next..n);
            self.next = n + 1;
            return true;
        }
        let is_late = self.missing.remove(&n);
        if is_late {
            self.reordered += 1;
        } else {
            self.doubled += 1;
        }
        is_late
    }

    /// Returns the number of different messages that came.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.next - self.missing.len() as u64
    }

    /// Returns how many of the messages that the sender sent never came.
    #[must_use]
    pub fn lost(&self, sent: u64) -> u64 {
        sent.saturating_sub(self.received())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[u64], sent: u64, expected: (u64, u64, u64)) {
        let mut heard = Heard::default();
        for n in numbers {
            heard.hear(*n);
        }
        assert_eq!((heard.lost(sent), heard.doubled, heard.reordered), expected, "{numbers:?} of {sent}");
    }

    #[test]
    fn messages_in_order_are_whole() {
        check(&[0, 1, 2], 3, (0, 0, 0));
        check(&[], 0, (0, 0, 0));
    }

    #[test]
    fn lost_messages_are_counted_wherever_they_were() {
        check(&[1, 2], 3, (1, 0, 0));
        check(&[0, 2], 3, (1, 0, 0));
        check(&[0, 1], 3, (1, 0, 0));
        check(&[], 3, (3, 0, 0));
    }

    #[test]
    fn doubled_messages_do_not_hide_lost_ones() {
        check(&[0, 0, 2], 3, (1, 1, 0));
        check(&[0, 1, 1, 1], 2, (0, 2, 0));
    }

    #[test]
    fn message_that_comes_late_is_not_lost() {
        check(&[0, 2, 1], 3, (0, 0, 1));
        check(&[2, 1, 0, 1], 3, (0, 1, 2));
    }

    #[test]
    fn damaged_number_is_counted_apart() {
        let mut heard = Heard::default();
        assert!(!heard.hear(u64::MAX));
        assert_eq!((heard.damaged, heard.received()), (1, 0));
    }
}
