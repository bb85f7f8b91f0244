//! Durations as Prometheus writes them, such as `5m`, and the pace that shortens all of them for a rehearsal.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::Error as _;

/// The units of a duration in seconds, the largest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// A duration of whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// The number by which every duration of the rules is divided. A rehearsal has 60: a minute becomes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u32);

impl Span {
    /// Returns a span of this many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// Returns the whole seconds.
    #[must_use]
    pub fn secs(self) -> u64 {
        self.0.as_secs()
    }

    /// Returns how many `units` it has, rounded up.
    #[must_use]
    pub fn in_units(self, unit: Self) -> u64 {
        self.secs().div_ceil(unit.secs().max(1))
    }
}

impl Pace {
    /// The durations of the data.
    pub const REAL: Self = Self(1);
    /// A second for each minute.
    pub const REHEARSAL: Self = Self(60);

    /// Returns a duration at this pace.
    #[must_use]
    pub fn of(self, span: Span) -> Duration {
        span.0 / self.0
    }

    /// Writes a duration at this pace.
    #[must_use]
    pub fn text(self, span: Span) -> String {
        match self.of(span) {
            whole if whole.subsec_nanos() == 0 => Span(whole).to_string(),
            part => format!("{}ms", part.as_millis().max(1)),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.secs();
        let fits = |(_, size): &&(&str, u64)| secs > 0 && secs.is_multiple_of(*size);
        let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1));
        write!(f, "{}{unit}", secs / size)
    }
}

impl FromStr for Span {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = UNITS.iter().find_map(|(unit, size)| {
            let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
            count.checked_mul(*size)
        });
        let secs = parsed.with_context(|| format!("{text:?} is no duration: write 30s, 5m, 6h or 3d"))?;
        ensure!(secs > 0, "{text:?} is empty: write 30s, 5m, 6h or 3d");
        Ok(Self::from_secs(secs))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["30s", "5m", "90m", "6h", "3d"] {
            assert_eq!(text.parse::<Span>().map(|span| span.to_string()).ok().as_deref(), Some(text));
        }
        assert_eq!(Span::from_secs(7200).to_string(), "2h");
        for wrong in ["", "5", "m", "0m", "1w", "-1s"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn rehearsal_makes_a_minute_a_second() {
        let text = |secs| Pace::REHEARSAL.text(Span::from_secs(secs));
        assert_eq!([text(300), text(3600), text(30)], ["5s", "1m", "500ms"]);
        assert_eq!(Pace::REAL.text(Span::from_secs(300)), "5m");
    }
}
