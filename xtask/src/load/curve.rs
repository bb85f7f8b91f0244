//! A level over time, as straight lines between points: people who are online, or requests a second.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The longest schedule, seconds.
const SECONDS_MAX: f64 = 86_400.0;
/// The highest level: more people or requests than one generator can make.
const LEVEL_MAX: f64 = 100_000.0;
/// Pause between two looks at a rate of zero, seconds.
const IDLE: f64 = 0.01;

/// Points of seconds and levels, such as `[[0, 0], [60, 1000], [660, 1000]]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Curve(Vec<(f64, f64)>);

/// A person who comes or goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    pub at: Duration,
    pub comes: bool,
}

impl Curve {
    /// Checks the points. `what` names the level in errors.
    pub(super) fn check(&self, what: &str) -> Result<()> {
        let first = self.0.first();
        ensure!(self.0.len() >= 2, "curve: give two points or more, each as [seconds, {what}]");
        ensure!(first.is_some_and(|(at, _)| *at == 0.0), "curve: the first point must be at 0 seconds");
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        for ((before, _), (after, _)) in pairs {
            ensure!(before <= after, "curve: {after} s follows {before} s; the times must not go back");
        }
        for (at, level) in &self.0 {
            ensure!((0.0..=SECONDS_MAX).contains(at), "curve: {at} s is not from 0 to {SECONDS_MAX} s");
            ensure!((0.0..=LEVEL_MAX).contains(level), "curve: {level} {what} are not from 0 to {LEVEL_MAX}");
        }
        ensure!(self.end() > Duration::ZERO, "curve: the schedule has no time");
        ensure!(self.0.iter().any(|(_, level)| *level > 0.0), "curve: there are never any {what}");
        Ok(())
    }

    /// Returns the curve with scaled times and levels.
    #[must_use]
    pub(super) fn scaled(&self, levels: f64, times: f64) -> Self {
        Self(self.0.iter().map(|(at, level)| (at * times, level * levels)).collect())
    }

    /// Returns the end of the schedule.
    #[must_use]
    pub(super) fn end(&self) -> Duration {
        seconds(self.0.last().map_or(0.0, |(at, _)| *at))
    }

    /// Returns the level at a time.
    #[must_use]
    pub(super) fn level(&self, at: Duration) -> f64 {
        let at = at.as_secs_f64();
        let segment = self.0.iter().zip(self.0.iter().skip(1)).find(|(_, (until, _))| at < *until);
        match segment {
            Some(((t0, v0), (t1, v1))) => v0 + (v1 - v0) * ((at - t0) / (t1 - t0)).clamp(0.0, 1.0),
            None => self.0.last().map_or(0.0, |(_, level)| *level),
        }
    }

    /// Returns the times at which a person comes or goes, in order.
    #[must_use]
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut online = 0.0;
        for ((t0, v0), (t1, v1)) in std::iter::once(&(0.0, 0.0)).chain(&self.0).zip(&self.0) {
            let comes = v1 > v0;
            if !comes && v1 >= v0 {
                continue;
            }
            loop {
                // A person comes in the middle of the step to the next whole number.
                let level = if comes { online + 0.5 } else { online - 0.5 };
                let is_due = if comes { level < *v1 } else { level > *v1 };
                if !is_due {
                    break;
                }
                let part = ((level - v0) / (v1 - v0)).clamp(0.0, 1.0);
                changes.push(Change { at: seconds(t0 + (t1 - t0) * part), comes });
                online += if comes { 1.0 } else { -1.0 };
            }
        }
        changes
    }

    /// Returns the due times of requests at this rate, one after another.
    pub(super) fn dues(&self) -> impl Iterator<Item = Duration> {
        let (mut at, end) = (0.0, self.end().as_secs_f64());
        std::iter::from_fn(move || {
            while at < end {
                let rate = self.level(seconds(at));
                let due = at;
                if rate > 0.0 {
                    at += 1.0 / rate;
                    return Some(seconds(due));
                }
                at += IDLE;
            }
            None
        })
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spike() -> Curve {
        Curve(vec![(0.0, 0.0), (10.0, 4.0), (20.0, 0.0)])
    }

    #[test]
    fn level_lies_on_the_lines() {
        for (at, level) in [(0.0, 0.0), (5.0, 2.0), (10.0, 4.0), (15.0, 2.0), (30.0, 0.0)] {
            assert!((spike().level(seconds(at)) - level).abs() < 1e-9, "{at}");
        }
    }

    #[test]
    fn people_come_and_go_along_the_curve() {
        let changes = spike().changes();
        let times = |comes: bool| {
            let of_kind = changes.iter().filter(|change| change.comes == comes);
            of_kind.map(|change| change.at.as_secs_f64()).collect::<Vec<_>>()
        };
        assert_eq!(times(true), [1.25, 3.75, 6.25, 8.75]);
        assert_eq!(times(false), [11.25, 13.75, 16.25, 18.75]);
    }

    #[test]
    fn people_of_the_first_point_come_at_once() {
        let changes = Curve(vec![(0.0, 3.0), (5.0, 3.0)]).changes();
        assert_eq!(changes.len(), 3);
        assert!(changes.iter().all(|change| change.comes && change.at == Duration::ZERO));
    }

    #[test]
    fn requests_are_due_at_their_rate() {
        let dues: Vec<Duration> = Curve(vec![(0.0, 10.0), (2.0, 10.0)]).dues().collect();
        assert!((20..=21).contains(&dues.len()), "{}", dues.len());
        assert_eq!(Curve(vec![(0.0, 0.0), (1.0, 0.0), (1.0, 5.0), (2.0, 5.0)]).dues().count(), 5);
    }

    #[test]
    fn faults_of_a_curve_name_what_is_allowed() {
        let fault = |points: &[(f64, f64)]| match Curve(points.to_vec()).check("people") {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(fault(&[(0.0, 1.0)]).contains("two points"));
        assert!(fault(&[(1.0, 1.0), (2.0, 1.0)]).contains("at 0 seconds"));
        assert!(fault(&[(0.0, 1.0), (5.0, 1.0), (4.0, 1.0)]).contains("must not go back"));
        assert!(fault(&[(0.0, 1.0), (5.0, 1e9)]).contains("to 100000"));
        assert!(fault(&[(0.0, 0.0), (5.0, 0.0)]).contains("never any people"));
        assert_eq!(fault(&[(0.0, 0.0), (5.0, 1.0)]), "");
    }
}
