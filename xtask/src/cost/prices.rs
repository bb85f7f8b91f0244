//! docs/prices.toml: the price of each item, where it was read, and when.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use shared::cost::{Item, Price};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::root::Root;

const FILE: &str = "docs/prices.toml";
/// Age at which a price must be read again, days.
const DAYS_MAX: i64 = 180;

/// The price of each item.
#[derive(Debug, Clone)]
pub struct Prices(BTreeMap<Item, Price>);

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(flatten)]
    price: Price,
    source: String,
    /// The date at which the source was read: `2026-11-20`.
    read: String,
}

impl Prices {
    /// Reads the prices. An error if one was read too long ago.
    pub fn read(root: &Root, now: SystemTime) -> Result<Self> {
        let text = fs::read_to_string(root.path(FILE)).with_context(|| format!("{FILE} cannot be read"))?;
        Self::parse(&text, now)
    }

    /// Reads the prices of any age, for files that are generated from them: [`Prices::read`] refuses old ones.
    pub fn of_any_age(root: &Root) -> Result<Self> {
        Self::read(root, SystemTime::UNIX_EPOCH)
    }

    fn parse(text: &str, now: SystemTime) -> Result<Self> {
        let entries: BTreeMap<Item, Entry> =
            toml::from_str(text).with_context(|| format!("{FILE} is not a table of prices"))?;
        let today = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / 86_400)?;
        let mut prices = BTreeMap::new();
        for (item, entry) in entries {
            let what = || format!("the price {item:?} of {FILE}");
            let read = day(&entry.read)
                .with_context(|| format!("{} has read = {:?}: write 2026-11-20", what(), entry.read))?;
            ensure!(
                today - read <= DAYS_MAX,
                "{} was read on {}, more than {DAYS_MAX} days ago: read {} again, and set the date",
                what(),
                entry.read,
                entry.source
            );
            ensure!(entry.source.starts_with("https://"), "{} has no source: give its address", what());
            ensure!(entry.price.per > 0.0 && entry.price.usd >= 0.0, "{} must be positive", what());
            prices.insert(item, entry.price);
        }
        Ok(Self(prices))
    }

    /// Returns the prices by item.
    #[must_use]
    pub fn items(&self) -> &BTreeMap<Item, Price> {
        &self.0
    }
}

/// Returns the days from 1970 to a date.
fn day(date: &str) -> Option<i64> {
    let midnight = OffsetDateTime::parse(&format!("{date}T00:00:00Z"), &Rfc3339).ok()?;
    Some(midnight.unix_timestamp() / 86_400)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ONE: &str = "[rows_written]\nusd = 1.0\nper = 1_000_000\nsource = \"https://example.org/\"\nread = \"2026-11-20\"\n";

    fn on(date: &str) -> SystemTime {
        let days = u64::try_from(day(date).unwrap()).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2000-03-01"), Some(11_017));
        assert_eq!(day("2026-11-29").unwrap() - day("2024-02-28").unwrap(), 1005);
        assert_eq!(day("2026-13-01"), None);
        assert_eq!(day("yesterday"), None);
    }

    #[test]
    fn old_prices_are_refused_with_their_source() {
        assert!(Prices::parse(ONE, on("2027-05-19")).is_ok());
        let error = Prices::parse(ONE, on("2027-05-20")).unwrap_err().to_string();
        assert!(error.contains("RowsWritten") && error.contains("https://example.org/"), "{error}");
    }

    #[test]
    fn faults_name_the_price() {
        let error = Prices::parse(&ONE.replace("2026-11-20", "soon"), on("2026-11-29")).unwrap_err();
        assert!(error.to_string().contains("RowsWritten"), "{error}");
        assert!(Prices::parse(&ONE.replace("usd = 1.0", "usd = -1.0"), on("2026-11-29")).is_err());
        assert!(Prices::parse(&ONE.replace("rows_written", "rows"), on("2026-11-29")).is_err());
    }

    #[test]
    fn prices_of_the_repository_have_sources_and_dates() {
        let text = fs::read_to_string(Root::here().path(FILE)).unwrap();
        // At the date of the last one: the age is checked by the command, which tells what to do.
        let prices = Prices::parse(&text, on("2026-11-29")).unwrap();
        assert!(prices.items().contains_key(&Item::RowsWritten));
    }
}
