//! The figures of one second of a load, or of a longer part of a long run.

use serde::{Deserialize, Serialize};

use super::machine::Usage;
use super::tally::{Counts, Stages};

/// Points of time that a report keeps; a longer run joins its seconds.
pub(super) const KEPT_MAX: f64 = 600.0;

/// One part of the time of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds from the start to the end of this part.
    pub at_s: f64,
    /// People who should be online, or requests a second.
    pub target: f64,
    /// The counts from the start to here.
    pub counts: Counts,
    /// The latencies of this part.
    pub stages: Stages,
    /// The longest time by which the generator was late in this part.
    pub lag_ms: u64,
    /// The server's two processes, where they run on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl Sample {
    /// Joins the part that follows.
    pub(super) fn join(&mut self, next: Self) {
        let Self { at_s, target, counts, stages, lag_ms, usage } = next;
        (self.at_s, self.target, self.counts) = (at_s, target, counts);
        self.lag_ms = self.lag_ms.max(lag_ms);
        self.usage = usage.or(self.usage);
        self.add_stages(&stages);
    }

    /// Adds the same part of the time of another generator.
    pub(super) fn add(&mut self, other: &Self) {
        self.at_s = self.at_s.max(other.at_s);
        self.target += other.target;
        self.counts.add(&other.counts);
        self.lag_ms = self.lag_ms.max(other.lag_ms);
        self.usage = self.usage.or(other.usage);
        self.add_stages(&other.stages);
    }

    fn add_stages(&mut self, stages: &Stages) {
        for (stage, times) in stages {
            self.stages.entry(*stage).or_default().merge(times);
        }
    }
}

/// Adds the samples of several generators, second by second. One that ended earlier keeps its last counts.
pub(super) fn added(runs: &[&[Sample]]) -> Vec<Sample> {
    let longest = runs.iter().map(|samples| samples.len()).max().unwrap_or_default();
    let mut all = Vec::with_capacity(longest);
    for nth in 0..longest {
        let mut sum = Sample::default();
        for samples in runs {
            match (samples.get(nth), samples.last()) {
                (Some(sample), _) => sum.add(sample),
                (None, Some(last)) => sum.counts.add(&last.counts),
                (None, None) => {}
            }
        }
        all.push(sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use std::time::Duration;

    fn sample(at_s: f64, sent: u64, ms: u64) -> Sample {
        let mut sample = Sample { at_s, target: 10.0, lag_ms: ms, ..Sample::default() };
        sample.counts.sent = sent;
        sample.stages.entry(Stage::Message).or_default().record(Duration::from_millis(ms));
        sample
    }

    #[test]
    fn joined_seconds_keep_the_last_counts_and_all_latencies() {
        let mut joined = sample(1.0, 5, 2);
        joined.join(sample(2.0, 9, 1));
        assert_eq!((joined.counts.sent, joined.lag_ms), (9, 2));
        assert_eq!(joined.stages.get(&Stage::Message).map(super::super::times::Times::count), Some(2));
    }

    #[test]
    fn generators_are_added_second_by_second() {
        let (one, other) = (vec![sample(1.0, 5, 1), sample(2.0, 9, 1)], vec![sample(1.0, 7, 1)]);
        let all = added(&[&one, &other]);
        let sent: Vec<u64> = all.iter().map(|sample| sample.counts.sent).collect();
        assert_eq!(sent, [12, 16]);
        assert!((all.first().map_or(0.0, |sample| sample.target) - 20.0).abs() < 1e-9);
    }
}
