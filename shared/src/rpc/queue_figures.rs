//! The figures of a queue, which its lobbies report to one index: reading them wakes no lobby.

use crate::id::PoolName;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The figures of one shard of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardFigures {
    pub pool: PoolName,
    pub shard: u16,
    pub figures: QueueFigures,
}

/// The figures of a queue, or of one shard of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueFigures {
    /// Players on all tickets.
    pub players: usize,
    pub tickets: usize,
    /// The start of the longest wait.
    pub oldest: Option<Time>,
    /// The median of recent waits, milliseconds; of several shards the largest.
    pub estimate_ms: Option<u64>,
    /// The 90th percentile of recent waits, milliseconds; of several shards the largest.
    pub estimate_p90_ms: Option<u64>,
    /// The time of the report; of several shards the oldest. Null if the queue was never used.
    pub as_of: Option<Time>,
}

impl QueueFigures {
    /// Returns the figures of both shards together.
    #[must_use]
    pub fn with(self, other: &Self) -> Self {
        let earliest = |a: Option<Time>, b: Option<Time>| a.into_iter().chain(b).min();
        Self {
            players: self.players + other.players,
            tickets: self.tickets + other.tickets,
            oldest: earliest(self.oldest, other.oldest),
            estimate_ms: self.estimate_ms.max(other.estimate_ms),
            estimate_p90_ms: self.estimate_p90_ms.max(other.estimate_p90_ms),
            as_of: earliest(self.as_of, other.as_of),
        }
    }
}

/// A request to the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueIndexRequest {
    /// Keep these figures, unless later ones of the same shard are there.
    Store(ShardFigures),
    /// Show the figures of all shards.
    List,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_shards_add_up_and_keep_the_longest_wait() {
        let figures = |tickets, oldest: Option<u64>, estimate_ms, as_of| QueueFigures {
            players: 2 * tickets,
            tickets,
            oldest: oldest.map(Time::from_ms),
            estimate_ms,
            estimate_p90_ms: estimate_ms,
            as_of: Some(Time::from_ms(as_of)),
        };
        let (one, other) = (figures(3, Some(50), Some(900), 70), figures(1, Some(20), None, 80));
        assert_eq!(one.with(&other), figures(4, Some(20), Some(900), 70));
        assert_eq!(QueueFigures::default().with(&other), other);
    }
}
