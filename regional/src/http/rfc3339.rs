//! Times in public bodies: RFC 3339, in UTC, to the millisecond.

pub use crate::domain::rfc3339::format_time;
use crate::error::Refusal;
use crate::error::code::Code;
use shared::time::Time;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Parses a time from a body: RFC 3339 with any offset, not before 1970.
pub fn parse_time(field: &str, text: &str) -> Result<Time, Refusal> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|time| u64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok())
        .map(Time::from_ms)
        .ok_or_else(|| {
            let detail = "Send a time from 1970 or later as RFC 3339, such as `2026-11-21T09:30:00Z`.";
            Refusal::new(Code::BadBody, detail).field(field)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_parsed_and_other_forms_are_rejected() {
        let read = |text| parse_time("until", text).map(Time::ms).map_err(|bad| bad.field);
        assert_eq!(read("2024-11-30T20:53:20.123Z"), Ok(1_733_000_000_123));
        assert_eq!(read("2024-11-30T22:53:20+02:00"), Ok(1_733_000_000_000));
        for bad in ["tomorrow", "2024-11-30", "1969-12-31T00:00:00Z", "1969-12-31T23:59:59.9999Z", ""] {
            assert_eq!(read(bad), Err(Some("until".into())), "{bad}");
        }
    }
}
