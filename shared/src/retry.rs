//! How often something may be tried again: a share of what is asked, so that retries never become the load.

use crate::caps;
use crate::time;
use std::time::Duration;

/// What may still be retried, in hundredths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget(u32);

impl Default for Budget {
    /// One at once, for who has only begun.
    fn default() -> Self {
        Self(100)
    }
}

impl Budget {
    /// A first attempt was made: it earns its share of a retry.
    pub fn asked(&mut self) {
        self.0 = (self.0 + caps::RETRY_PERCENT).min(caps::RETRIES_SAVED * 100);
    }

    /// Takes a retry, where one is left.
    pub fn take(&mut self) -> bool {
        let left = self.0.checked_sub(100);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// How long to wait before the `nth` retry, from 0: anything from nothing to a span that doubles. `chance` is any number.
#[must_use]
pub fn wait(nth: u32, chance: u64) -> Duration {
    let most = caps::RETRY_READ.saturating_mul(1 << nth.min(16));
    let most = time::ms(most.min(caps::RETRY_READ_MAX));
    Duration::from_millis(chance % (most + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_may_be_tried_again() {
        let (mut budget, mut retries) = (Budget::default(), 0);
        for _ in 0..1000 {
            budget.asked();
            retries += u32::from(budget.take());
        }
        assert_eq!(retries, 101);
    }

    #[test]
    fn what_is_saved_up_is_bounded() {
        let mut budget = Budget::default();
        for _ in 0..10_000 {
            budget.asked();
        }
        let retries = (0..10_000).filter(|_| budget.take()).count();
        assert_eq!(retries, caps::RETRIES_SAVED as usize);
    }

    #[test]
    fn waits_are_anything_up_to_a_bound_that_doubles() {
        let longest = |nth| (0..2000).map(|chance| wait(nth, chance)).max();
        let shortest = |nth| (0..2000).map(|chance| wait(nth, chance)).min();
        let ms = Duration::from_millis;
        assert_eq!((shortest(0), longest(0)), (Some(ms(0)), Some(ms(50))));
        assert_eq!((shortest(1), longest(1)), (Some(ms(0)), Some(ms(100))));
        assert_eq!(longest(9), Some(ms(400)));
        assert_eq!(longest(u32::MAX), Some(ms(400)));
    }
}
