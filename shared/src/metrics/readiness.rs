//! The readiness of the last day by minute, as the isolates found the region.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Minutes that are kept: a day.
pub const MINUTES: usize = 24 * 60;
/// Minutes that an isolate keeps until its next report.
const REPORTED_MAX: usize = 10;

/// How often an isolate found the service ready, and not ready, by the minute since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Readiness(BTreeMap<u64, [u32; 2]>);

/// The state of each minute of the last day, as letters: `-` nothing was asked, `r` all that was asked was answered, `n` nothing
/// was, and `p` a part was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadyDay {
    /// The last minute, since 1970.
    last: u64,
    /// The letters, the oldest first.
    states: String,
}

impl Readiness {
    /// Notes that the service was found ready, or not.
    pub fn note(&mut self, now: Time, is_ready: bool) {
        let [ready, not_ready] = self.0.entry(minute(now)).or_default();
        let count = if is_ready { ready } else { not_ready };
        *count = count.saturating_add(1);
        self.bound();
    }

    /// Adds what was found before.
    pub fn merge(&mut self, other: &Self) {
        for (at, [ready, not_ready]) in &other.0 {
            let [all_ready, all_not_ready] = self.0.entry(*at).or_default();
            *all_ready = all_ready.saturating_add(*ready);
            *all_not_ready = all_not_ready.saturating_add(*not_ready);
        }
        self.bound();
    }

    fn bound(&mut self) {
        while self.0.len() > REPORTED_MAX {
            self.0.pop_first();
        }
    }
}

impl ReadyDay {
    /// Adds what an isolate found, as far as it is of the last day.
    pub fn add(&mut self, now: Time, found: &Readiness) {
        let mut states = self.moved_to(now);
        let last = minute(now);
        for (at, counts) in &found.0 {
            let letter = match counts {
                [_, 0] => b'r',
                [0, _] => b'n',
                _ => b'p',
            };
            let age = last.checked_sub(*at).and_then(|age| usize::try_from(age).ok());
            let index = age.and_then(|age| (MINUTES - 1).checked_sub(age));
            if let Some(state) = index.and_then(|index| states.get_mut(index)) {
                *state = if *state == b'-' || *state == letter { letter } else { b'p' };
            }
        }
        *self = Self { last, states: String::from_utf8(states).unwrap_or_default() };
    }

    /// Returns the letters of the last day, the oldest minute first. The last one is the current minute.
    #[must_use]
    pub fn letters(&self, now: Time) -> String {
        String::from_utf8(self.moved_to(now)).unwrap_or_default()
    }

    fn moved_to(&self, now: Time) -> Vec<u8> {
        let by = minute(now).saturating_sub(self.last);
        let by = usize::try_from(by).unwrap_or(MINUTES).min(MINUTES);
        let mut states: Vec<u8> = self.states.bytes().skip(by).collect();
        let missing = MINUTES - by - states.len().min(MINUTES - by);
        // A day of an earlier version, or none, has fewer letters.
        states.splice(..0, std::iter::repeat_n(b'-', missing));
        states.resize(MINUTES, b'-');
        states
    }
}

fn minute(at: Time) -> u64 {
    at.secs() / 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Time = Time::from_ms(1_733_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn minutes_of_isolates_add_up_and_leave_after_a_day() {
        let (mut one, mut other, mut day) = (Readiness::default(), Readiness::default(), ReadyDay::default());
        one.note(NOW, true);
        one.note(NOW + MINUTE, true);
        other.note(NOW + MINUTE, false);
        other.note(NOW + MINUTE * 2, false);
        let later = NOW + MINUTE * 3;
        day.add(NOW + MINUTE * 2, &one);
        day.add(later, &other);
        let letters = day.letters(later);
        assert_eq!((letters.len(), letters.trim_start_matches('-')), (MINUTES, "rpn-"));
        let next_day = NOW + MINUTE * 1440;
        assert_eq!(day.letters(next_day).get(..4), Some("pn--"));
        day.add(next_day + MINUTE * 1440, &Readiness::default());
        assert_eq!(day.letters(next_day + MINUTE * 1440), "-".repeat(MINUTES));
    }

    #[test]
    fn minutes_beyond_the_clock_or_before_the_day_are_dropped() {
        let (mut found, mut day) = (Readiness::default(), ReadyDay::default());
        found.note(NOW + MINUTE * 60, false);
        found.note(NOW - MINUTE * 1440, false);
        day.add(NOW, &found);
        assert_eq!(day.letters(NOW), "-".repeat(MINUTES));
    }

    #[test]
    fn isolate_that_cannot_report_keeps_a_few_minutes() {
        let mut found = Readiness::default();
        for nth in 0..100 {
            found.note(NOW + MINUTE * nth, true);
        }
        assert_eq!(found.0.len(), REPORTED_MAX);
    }
}
