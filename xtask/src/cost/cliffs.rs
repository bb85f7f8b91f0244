//! Cliffs: careless lines of code or configuration that would cost more than everything else together.

use shared::cost::{Item, Usage};

use super::meter::Month;

/// Size of an execution log, gigabytes.
const LOG_GB: f64 = 1e-6;
/// Interval of the alarm of the third cliff, as a part of an hour.
const ALARMS_AN_HOUR: f64 = 120.0;

/// A careless line, and the usage of a month with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cliff {
    pub what: &'static str,
    pub usage: Usage,
}

/// Returns the cliffs near a month.
pub(super) fn of(month: &Month) -> Vec<Cliff> {
    let with = |what, more: &[(Item, f64)]| {
        let mut usage = month.usage.clone();
        for (item, amount) in more {
            usage.add(*item, *amount);
        }
        Cliff { what, usage }
    };
    let mut awake = Usage::default();
    awake.add_awake_seconds(month.room_hours * 3600.0);
    let alarms = month.room_hours * ALARMS_AN_HOUR;
    vec![
        with("a row for each message", &[(Item::RowsWritten, month.messages)]),
        with(
            "a timer that stays set in each room",
            &[(Item::ObjectGbSeconds, awake.of(Item::ObjectGbSeconds))],
        ),
        with(
            "an alarm each 30 s in each room",
            &[(Item::ObjectRequests, alarms), (Item::RowsWritten, alarms)],
        ),
        with("an execution log for each message", &[(Item::WorkerLogGb, month.messages * LOG_GB)]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cliff_moves_only_its_own_items() {
        let month = Month { usage: Usage::default(), messages: 1e9, room_hours: 1000.0 };
        let cliffs = of(&month);
        let used = |at: usize, item| cliffs.get(at).map(|cliff| cliff.usage.of(item)).unwrap_or_default();
        assert!((used(0, Item::RowsWritten) - 1e9).abs() < 1.0);
        assert!((used(1, Item::ObjectGbSeconds) - 3_600_000.0 * 0.128).abs() < 1e-3);
        assert!((used(2, Item::RowsWritten) - 120_000.0).abs() < 1e-6);
        assert!((used(3, Item::WorkerLogGb) - 1000.0).abs() < 1e-6);
        assert!(used(3, Item::RowsWritten).abs() < 1e-9);
    }
}
