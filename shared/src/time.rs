//! Points in time and spans, in whole milliseconds.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. It is always passed in as an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Time(u64);

impl Time {
    /// The last millisecond of the year 9999, which is the last that RFC 3339 can express.
    pub const LAST: Self = Self(253_402_300_799_999);

    #[must_use]
    /// Returns the time that is this many milliseconds after 1970.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    #[must_use]
    /// Returns the milliseconds since 1970.
    pub const fn ms(self) -> u64 {
        self.0
    }

    #[must_use]
    /// Returns the whole seconds since 1970, as JWTs and DynamoDB's TTL count.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the span since `earlier`; zero if the clock stepped back.
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

/// Returns a span in whole milliseconds, saturating at 584 million years.
#[must_use]
pub fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_is_zero_when_the_clock_steps_back() {
        assert_eq!(Time::from_ms(5).since(Time::from_ms(9)), Duration::ZERO);
    }

    #[test]
    fn sums_and_differences_saturate() {
        assert_eq!(Time::from_ms(u64::MAX) + Duration::from_secs(1), Time::from_ms(u64::MAX));
        assert_eq!(Time::from_ms(1) - Duration::from_secs(1), Time::from_ms(0));
    }
}
