//! Measured usage: the difference of two readings of the edge's metrics, and of the region's work meanwhile.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use shared::cost::{FRAMES_A_REQUEST, Item, OBJECT_GB, Usage};

/// A counter of the edge that has a price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    pub series: &'static str,
    pub item: Item,
    /// The amount of the item that one count is billed as.
    pub billed: f64,
}

/// All counters of the edge that have a price.
pub const COUNTED: [Counted; 7] = [
    Counted { series: "matchpoint_requests_total", item: Item::WorkerRequests, billed: 1.0 },
    Counted { series: "matchpoint_object_requests_total", item: Item::ObjectRequests, billed: 1.0 },
    Counted { series: "matchpoint_object_alarms_total", item: Item::ObjectRequests, billed: 1.0 },
    Counted {
        series: "matchpoint_object_frames_total",
        item: Item::ObjectRequests,
        billed: 1.0 / FRAMES_A_REQUEST,
    },
    Counted {
        series: "matchpoint_object_awake_milliseconds_total",
        item: Item::ObjectGbSeconds,
        billed: OBJECT_GB / 1000.0,
    },
    Counted { series: "matchpoint_object_rows_read_total", item: Item::RowsRead, billed: 1.0 },
    Counted { series: "matchpoint_object_rows_written_total", item: Item::RowsWritten, billed: 1.0 },
];

/// The counter of reads of profiles, by how each was answered.
const READS: &str = "matchpoint_reads_total";

/// A reading of the counters that have a price, and of the edge's reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meter(Vec<(String, f64)>);

/// The usage of a crowd in some seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// People who were online.
    pub people: u32,
    pub seconds: f64,
    /// Messages that people sent.
    pub messages: f64,
    /// Rooms that existed.
    pub rooms: f64,
    pub usage: Usage,
}

/// A month of a crowd.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    pub usage: Usage,
    pub messages: f64,
    /// Hours of all rooms.
    pub room_hours: f64,
}

impl Meter {
    /// Reads the text of `GET /metrics`.
    #[must_use]
    pub fn of(metrics: &str) -> Self {
        let series = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let name = series.split('{').next()?;
            let is_read = name == READS || COUNTED.iter().any(|counted| counted.series == name);
            Some((series.to_owned(), value.parse().ok()?)).filter(|_| is_read)
        };
        Self(metrics.lines().filter(|line| !line.starts_with('#')).filter_map(series).collect())
    }

    /// Returns how much all series whose name or beginning is this have grown since an earlier reading.
    #[must_use]
    pub fn grown(&self, before: &Self, series: &str) -> f64 {
        let sum = |meter: &Self| {
            let is_meant = |name: &str| name == series || name.split('{').next() == Some(series);
            meter.0.iter().filter(|(name, _)| is_meant(name)).map(|(_, value)| value).sum::<f64>()
        };
        (sum(self) - sum(before)).max(0.0)
    }

    /// Returns what was used since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self) -> Usage {
        let mut usage = Usage::default();
        usage.add(Item::WorkersPlan, 1.0);
        for counted in COUNTED {
            usage.add(counted.item, self.grown(before, counted.series) * counted.billed);
        }
        usage
    }
}

impl Measured {
    /// Scales the measurement to these people for these hours of a month.
    pub fn month(&self, people: u32, hours: u32) -> Result<Month> {
        ensure!(self.people > 0 && self.seconds > 0.0, "the measurement has no people or no time");
        let factor = f64::from(people) / f64::from(self.people) * f64::from(hours) * 3600.0 / self.seconds;
        Ok(Month {
            usage: self.usage.scaled(factor),
            messages: self.messages * factor,
            room_hours: self.rooms * f64::from(people) / f64::from(self.people) * f64::from(hours),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# HELP matchpoint_object_rows_written_total Rows.\n\
        matchpoint_object_rows_written_total{class=\"room\"} 10\n\
        matchpoint_object_frames_total{class=\"room\"} 100\n";
    const AFTER: &str = "matchpoint_object_rows_written_total{class=\"room\"} 25\n\
        matchpoint_object_rows_written_total{class=\"lobby\"} 5\n\
        matchpoint_object_frames_total{class=\"room\"} 500\n\
        matchpoint_object_requests_total{class=\"player\"} 3\n\
        matchpoint_object_alarms_total{class=\"room\"} 2\n\
        matchpoint_object_awake_milliseconds_total{class=\"room\"} 2000\n\
        matchpoint_requests_total{route=\"/v1/rooms\",status=\"101\"} 7\n\
        matchpoint_sockets{kind=\"room\"} 7\n";

    #[test]
    fn usage_is_the_growth_of_the_counters() {
        let usage = Meter::of(AFTER).since(&Meter::of(BEFORE));
        let near =
            |item, expected: f64| assert!((usage.of(item) - expected).abs() < 1e-9, "{item:?}: {usage:?}");
        near(Item::RowsWritten, 20.0);
        near(Item::ObjectRequests, 3.0 + 2.0 + 400.0 / 20.0);
        near(Item::ObjectGbSeconds, 2.0 * 0.128);
        near(Item::WorkerRequests, 7.0);
    }

    #[test]
    fn month_grows_with_people_and_hours() -> Result<()> {
        let usage = Meter::of(AFTER).since(&Meter::of(BEFORE));
        let measured = Measured { people: 10, seconds: 36.0, messages: 20.0, rooms: 5.0, usage };
        let month = measured.month(100, 2)?;
        assert!((month.messages - 20.0 * 2000.0).abs() < 1e-6);
        assert!((month.usage.of(Item::RowsWritten) - 20.0 * 2000.0).abs() < 1e-6);
        assert!((month.room_hours - 100.0).abs() < 1e-9);
        assert!(Measured { people: 0, ..measured }.month(1, 1).is_err());
        Ok(())
    }
}
