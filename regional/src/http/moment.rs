//! A moment as public bodies show it: RFC 3339, in UTC, to the millisecond.

use crate::error::Refusal;
use crate::http::problem::Code;
use shared::time::Time;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `2024-11-30T20:53:20Z`; a moment beyond the year 9999 is shown as that year's last.
#[must_use]
pub fn rfc3339(moment: Time) -> String {
    const LAST_MS: u64 = 253_402_300_799_999;
    let nanos = i128::from(moment.ms().min(LAST_MS)) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A moment from a body: RFC 3339 with any offset, from 1970 on.
pub fn moment(field: &str, text: &str) -> Result<Time, Refusal> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|moment| u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok())
        .map(Time::from_ms)
        .ok_or_else(|| {
            let detail = "A moment reads `2026-11-21T09:30:00Z`.";
            Refusal::new(Code::BadBody, detail).field(field)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ms: u64, expected: &str) {
        assert_eq!(rfc3339(Time::from_ms(ms)), expected);
    }

    #[test]
    fn moments() {
        check(0, "1970-01-01T00:00:00Z");
        check(1_733_000_000_123, "2024-11-30T20:53:20.123Z");
        check(u64::MAX, "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn moments_come_back() {
        let read = |text| moment("until", text).map(Time::ms).map_err(|bad| bad.field);
        assert_eq!(read("2024-11-30T20:53:20.123Z"), Ok(1_733_000_000_123));
        assert_eq!(read("2024-11-30T22:53:20+02:00"), Ok(1_733_000_000_000));
        for bad in ["tomorrow", "2024-11-30", "1969-12-31T00:00:00Z", ""] {
            assert_eq!(read(bad), Err(Some("until".into())), "{bad}");
        }
    }
}
