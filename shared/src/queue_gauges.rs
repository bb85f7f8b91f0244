//! The gauges of queues, from the index of queues: reading them wakes none.

use crate::limits;
use crate::metrics::{OTHER, help};
use crate::rpc::queue_figures::{QueueFigures, ShardFigures};
use crate::time::{self, Time};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Returns the gauges of all queues in Prometheus' text format. Pools beyond [`limits::SERIES_PER_METRIC_MAX`] share one
/// series.
#[must_use]
pub fn queue_gauges(shards: &[ShardFigures], now: Time) -> String {
    let mut pools: BTreeMap<&str, QueueFigures> = BTreeMap::new();
    for shard in shards {
        let name = shard.pool.as_str();
        let is_full = pools.len() >= limits::SERIES_PER_METRIC_MAX - 1 && !pools.contains_key(name);
        let all = pools.entry(if is_full { OTHER } else { name }).or_default();
        *all = std::mem::take(all).with(&shard.figures);
    }
    let mut out = String::new();
    if pools.is_empty() {
        return out;
    }
    let oldest = |figures: &QueueFigures| {
        let waited = time::ms(figures.oldest.map_or_else(Default::default, |since| now.since(since)));
        format!("{}.{:03}", waited / 1000, waited % 1000)
    };
    let name = "matchpoint_queue_oldest_seconds";
    let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(name));
    for (pool, figures) in &pools {
        let _ = writeln!(out, "{name}{{pool=\"{pool}\"}} {}", oldest(figures));
    }
    let name = "matchpoint_queue_tickets";
    let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} gauge", help(name));
    for (pool, figures) in &pools {
        let _ = writeln!(out, "{name}{{pool=\"{pool}\"}} {}", figures.tickets);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(pool: &str, shard: u16, tickets: usize, oldest: Option<u64>) -> ShardFigures {
        let oldest = oldest.map(Time::from_ms);
        let figures = QueueFigures { tickets, oldest, ..QueueFigures::default() };
        ShardFigures { pool: pool.parse().unwrap_or_else(|_| panic!("a pool")), shard, figures }
    }

    #[test]
    fn gauges_of_shards_add_up_by_pool() {
        let shards = [shard("a", 0, 2, Some(4_000)), shard("a", 1, 3, Some(2_500)), shard("b", 0, 0, None)];
        let text = queue_gauges(&shards, Time::from_ms(10_000));
        for line in [
            "matchpoint_queue_oldest_seconds{pool=\"a\"} 7.500",
            "matchpoint_queue_oldest_seconds{pool=\"b\"} 0.000",
            "matchpoint_queue_tickets{pool=\"a\"} 5",
            "matchpoint_queue_tickets{pool=\"b\"} 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
        }
        assert_eq!(queue_gauges(&[], Time::default()), "");
    }

    #[test]
    fn pools_beyond_the_limit_share_a_series() {
        let many: Vec<ShardFigures> = (0..500).map(|nth| shard(&format!("p{nth}"), 0, 1, None)).collect();
        let text = queue_gauges(&many, Time::default());
        let of = |name: &str| text.lines().filter(|line| line.starts_with(&format!("{name}{{"))).count();
        assert_eq!(of("matchpoint_queue_tickets"), limits::SERIES_PER_METRIC_MAX);
        let rest = 500 - limits::SERIES_PER_METRIC_MAX + 1;
        assert!(text.contains(&format!("matchpoint_queue_tickets{{pool=\"other\"}} {rest}\n")), "{text}");
    }
}
