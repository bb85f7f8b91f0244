//! The ticks of a real-time mode, which stop while nothing moves.

use crate::limits;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The times of a real-time mode's steps. It falls asleep when nothing has moved for [`limits::MODE_SLEEP_AFTER`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticker {
    tick_ms: u64,
    moved_at: Time,
    /// The next step; none while the mode sleeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_at: Option<Time>,
}

impl Ticker {
    /// Returns a ticker that is awake.
    #[must_use]
    pub fn new(now: Time, tick: Duration) -> Self {
        Self { tick_ms: time::ms(tick), moved_at: now, next_at: Some(now + tick) }
    }

    /// Returns true if a step is due. A doubled wake is not, and a late one is due for one step.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        self.next_at.is_some_and(|at| at <= now)
    }

    /// Notes a movement, which wakes the mode.
    pub fn moved(&mut self, now: Time) {
        self.moved_at = now;
        self.next_at = self.next_at.or(Some(now + Duration::from_millis(self.tick_ms)));
    }

    /// Ends a step.
    pub fn advance(&mut self, now: Time) {
        let is_asleep = now.since(self.moved_at) >= limits::MODE_SLEEP_AFTER;
        self.next_at = (!is_asleep).then_some(now + Duration::from_millis(self.tick_ms));
    }

    /// Returns the time of the next step; none while the mode sleeps.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        self.next_at
    }
}
