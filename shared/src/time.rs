//! A moment and a span, in whole milliseconds, as everything here counts them.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z. It always comes in as an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Time(u64);

impl Time {
    #[must_use]
    /// A moment from milliseconds since 1970.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    #[must_use]
    /// Milliseconds since 1970.
    pub const fn ms(self) -> u64 {
        self.0
    }

    #[must_use]
    /// Whole seconds since 1970, as JWTs and DynamoDB's TTL count.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// How long after `earlier` this is; zero where clocks stepped back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(ms(span)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(ms(span)))
    }
}

/// A span in whole milliseconds; a span beyond 584 million years is that long.
#[must_use]
pub fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_steps_back_gives_zero() {
        assert_eq!(Time::from_ms(5).since(Time::from_ms(9)), Duration::ZERO);
    }

    #[test]
    fn sums_saturate() {
        assert_eq!(Time::from_ms(u64::MAX) + Duration::from_secs(1), Time::from_ms(u64::MAX));
        assert_eq!(Time::from_ms(1) - Duration::from_secs(1), Time::from_ms(0));
    }
}
