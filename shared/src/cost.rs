//! The monthly bill: what was used, by what is billed, and what each costs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An item on the bill of one of the two providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The plan that the Worker needs, a month.
    WorkersPlan,
    /// Requests to the Worker, openings of sockets among them.
    WorkerRequests,
    /// CPU time of the Worker and its objects, milliseconds.
    WorkerCpuMs,
    /// Requests to objects, alarms, openings, and frames of clients, of which [`FRAMES_A_REQUEST`] are one.
    ObjectRequests,
    /// Time for which objects could not sleep, by the memory that they are billed for.
    ObjectGbSeconds,
    /// Rows that objects read.
    RowsRead,
    /// Rows that objects wrote, alarms that were set among them.
    RowsWritten,
    /// Storage of objects, gigabytes for a month.
    ObjectStorageGb,
    /// Logs of the Worker and its objects, gigabytes.
    WorkerLogGb,
    /// Requests to the region's HTTP API.
    ApiRequests,
    /// Invocations of the region's functions.
    FunctionRequests,
    /// Time of the region's functions, by their memory.
    FunctionGbSeconds,
    /// Write units of the tables.
    WriteUnits,
    /// Read units of the tables.
    ReadUnits,
    /// Storage of the tables, gigabytes for a month.
    TableStorageGb,
    /// Logs of the region, gigabytes.
    RegionLogGb,
}

/// Frames of clients that are billed as one request.
pub const FRAMES_A_REQUEST: f64 = 20.0;
/// Memory that an object is billed for while it cannot sleep, gigabytes.
pub const OBJECT_GB: f64 = 0.128;

/// The price of an item.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// US dollars for [`Price::per`].
    pub usd: f64,
    /// The amount that the price is for.
    pub per: f64,
    /// The amount that each month includes without charge.
    #[serde(default)]
    pub included: f64,
}

/// The amount of each item that was used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usage(BTreeMap<Item, f64>);

/// One line of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// The billed item.
    pub item: Item,
    /// How much was used.
    pub used: f64,
    /// US dollars, after what the month includes.
    pub usd: f64,
    /// US dollars if the month included nothing.
    pub usd_without_included: f64,
}

/// A monthly bill, with a line for each item that was used.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Bill {
    /// The lines, in the order of [`Item`].
    pub lines: Vec<Line>,
}

impl Usage {
    /// Returns the amount of an item.
    #[must_use]
    pub fn of(&self, item: Item) -> f64 {
        self.0.get(&item).copied().unwrap_or_default()
    }

    /// Adds to an item.
    pub fn add(&mut self, item: Item, more: f64) {
        *self.0.entry(item).or_default() += more;
    }

    /// Adds time for which objects could not sleep.
    pub fn add_awake_seconds(&mut self, seconds: f64) {
        self.add(Item::ObjectGbSeconds, seconds * OBJECT_GB);
    }

    /// Returns the usage of a crowd or a time that is larger by this factor. The plan is paid once.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |(item, used): (&Item, &f64)| match item {
            Item::WorkersPlan => (*item, *used),
            _ => (*item, used * factor),
        };
        Self(self.0.iter().map(scale).collect())
    }
}

impl Bill {
    /// Returns the sum, US dollars.
    #[must_use]
    pub fn usd(&self) -> f64 {
        self.lines.iter().map(|line| line.usd).sum()
    }
}

/// Computes the bill of a month. An error names the item that has no price.
pub fn bill(usage: &Usage, prices: &BTreeMap<Item, Price>) -> Result<Bill, Item> {
    let line = |(item, used): (&Item, &f64)| {
        let price = prices.get(item).ok_or(*item)?;
        let usd = |amount: f64| amount.max(0.0) / price.per * price.usd;
        let (after, whole) = (usd(used - price.included), usd(*used));
        Ok(Line { item: *item, used: *used, usd: after, usd_without_included: whole })
    };
    let lines = usage.0.iter().map(line).collect::<Result<_, Item>>()?;
    Ok(Bill { lines })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn prices() -> BTreeMap<Item, Price> {
        let price = |usd, per, included| Price { usd, per, included };
        BTreeMap::from([
            (Item::WorkersPlan, price(5.0, 1.0, 0.0)),
            (Item::ObjectRequests, price(0.15, 1e6, 1e6)),
            (Item::ObjectGbSeconds, price(12.5, 1e6, 400_000.0)),
            (Item::RowsWritten, price(1.0, 1e6, 50e6)),
        ])
    }

    fn usage(rows: f64) -> Usage {
        let mut usage = Usage::default();
        usage.add(Item::WorkersPlan, 1.0);
        usage.add(Item::ObjectRequests, 3e6);
        usage.add(Item::ObjectRequests, 40e6 / FRAMES_A_REQUEST);
        usage.add_awake_seconds(5e6);
        usage.add(Item::RowsWritten, rows);
        usage
    }

    #[track_caller]
    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
    }

    #[test]
    fn bill_is_what_hand_arithmetic_gives() {
        let bill = bill(&usage(60e6), &prices()).unwrap();
        // 5 + (3 + 2 − 1) × 0.15 + (0.64 − 0.4) × 12.5 + (60 − 50) × 1
        near(bill.usd(), 5.0 + 0.6 + 3.0 + 10.0);
        let without: f64 = bill.lines.iter().map(|line| line.usd_without_included).sum();
        near(without, 5.0 + 0.75 + 8.0 + 60.0);
    }

    #[test]
    fn one_row_more_a_message_moves_one_line() {
        let (few, many) = (usage(60e6), usage(100e6));
        let lines = bill(&few, &prices()).unwrap().lines;
        let more = bill(&many, &prices()).unwrap().lines;
        let moved: Vec<Item> =
            lines.iter().zip(&more).filter(|(a, b)| a != b).map(|(line, _)| line.item).collect();
        assert_eq!(moved, [Item::RowsWritten]);
    }

    #[test]
    fn what_the_month_includes_is_never_a_credit() {
        near(bill(&usage(1.0), &prices()).unwrap().usd(), 5.0 + 0.6 + 3.0);
    }

    #[test]
    fn longer_times_scale_all_but_the_plan() {
        let longer = usage(60e6).scaled(10.0);
        near(longer.of(Item::WorkersPlan), 1.0);
        near(longer.of(Item::RowsWritten), 600e6);
    }

    #[test]
    fn item_without_a_price_is_an_error() {
        let mut usage = usage(1.0);
        usage.add(Item::ReadUnits, 1.0);
        assert_eq!(bill(&usage, &prices()), Err(Item::ReadUnits));
    }
}
