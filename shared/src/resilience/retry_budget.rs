//! A retry budget: retries are a share of first attempts, so that they never become the load.

use crate::limits;
use crate::time;
use std::time::Duration;

/// The retries that are left, in hundredths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget(u32);

impl Default for RetryBudget {
    /// Starts with one retry, so that the first failure may be repeated.
    fn default() -> Self {
        Self(100)
    }
}

impl RetryBudget {
    /// Records a first attempt, which earns its share of a retry.
    pub fn record_attempt(&mut self) {
        self.0 = (self.0 + limits::RETRY_BUDGET_PERCENT).min(limits::RETRY_BUDGET_MAX * 100);
    }

    /// Spends a retry; false if none is left.
    pub fn try_spend(&mut self) -> bool {
        let left = self.0.checked_sub(100);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Returns the pause before the `nth` retry, from 0: a random span up to a bound that doubles. `chance` is
/// any number.
#[must_use]
pub fn backoff(nth: u32, chance: u64) -> Duration {
    let bound = limits::READ_RETRY_FIRST.saturating_mul(1 << nth.min(16));
    let bound = time::ms(bound.min(limits::READ_RETRY_MAX));
    Duration::from_millis(chance % (bound + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_attempts_may_be_retried() {
        let (mut budget, mut retries) = (RetryBudget::default(), 0);
        for _ in 0..1000 {
            budget.record_attempt();
            retries += u32::from(budget.try_spend());
        }
        assert_eq!(retries, 101);
    }

    #[test]
    fn accumulated_retries_are_bounded() {
        let mut budget = RetryBudget::default();
        for _ in 0..10_000 {
            budget.record_attempt();
        }
        let retries = (0..10_000).filter(|_| budget.try_spend()).count();
        assert_eq!(retries, limits::RETRY_BUDGET_MAX as usize);
    }

    #[test]
    fn pauses_are_random_up_to_a_bound_that_doubles() {
        let longest = |nth| (0..2000).map(|chance| backoff(nth, chance)).max();
        let shortest = |nth| (0..2000).map(|chance| backoff(nth, chance)).min();
        let ms = Duration::from_millis;
        assert_eq!((shortest(0), longest(0)), (Some(ms(0)), Some(ms(50))));
        assert_eq!((shortest(1), longest(1)), (Some(ms(0)), Some(ms(100))));
        assert_eq!(longest(9), Some(ms(400)));
        assert_eq!(longest(u32::MAX), Some(ms(400)));
    }
}
