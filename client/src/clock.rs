//! The time of the machines: milliseconds of a clock that never goes back.

use shared::time::Time;
use std::time::Duration;
use tokio::time::Instant;

/// A clock that starts when it is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Time {
        Time::from_ms(0) + self.0.elapsed()
    }

    pub(crate) fn instant(self, time: Time) -> Instant {
        self.0 + Duration::from_millis(time.ms())
    }
}
