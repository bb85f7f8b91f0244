//! The durations of the last requests of one process, for its health report.

use std::time::Duration;

/// Durations that are kept: enough for a 95th percentile, and half a kilobyte.
const KEPT: usize = 128;

/// The last durations, in milliseconds.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    durations: Vec<u32>,
    next: usize,
}

impl Recent {
    /// Adds a duration; the oldest one leaves.
    pub fn add(&mut self, duration: Duration) {
        let ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        match self.durations.get_mut(self.next) {
            Some(oldest) => *oldest = ms,
            None => self.durations.push(ms),
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// Returns a percentile in milliseconds; none before the first request.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<u32> {
        let mut sorted = self.durations.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_last_requests() {
        let mut recent = Recent::default();
        assert_eq!(recent.percentile(50), None);
        for ms in 1..=1000 {
            recent.add(Duration::from_millis(ms));
        }
        assert_eq!(recent.percentile(50), Some(937));
        assert_eq!(recent.percentile(95), Some(994));
        assert_eq!(recent.percentile(100), Some(1000));
    }
}
