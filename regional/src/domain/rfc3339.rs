//! Times as texts for other systems: RFC 3339, in UTC, to the millisecond.

use shared::time::Time;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Formats a time as `2024-11-30T20:53:20Z`. A time after the year 9999 becomes the last millisecond of that
/// year.
#[must_use]
pub fn format_time(time: Time) -> String {
    let nanos = i128::from(time.min(Time::LAST).ms()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ms: u64, expected: &str) {
        assert_eq!(format_time(Time::from_ms(ms)), expected);
    }

    #[test]
    fn times_are_formatted_in_utc_to_the_millisecond() {
        check(0, "1970-01-01T00:00:00Z");
        check(1_733_000_000_123, "2024-11-30T20:53:20.123Z");
        check(u64::MAX, "9999-12-31T23:59:59.999Z");
    }
}
