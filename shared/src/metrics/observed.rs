//! The facts that a machine counts and measures for its shell, which alone keeps metrics.

use super::catalog::{Counter, Measure};
use crate::limits;
use crate::time::{self, Time};
use crate::wire::{Refusal, RefusalCode};
use std::time::Duration;

/// The counts and spans of a machine since its shell last took them. They are no state: a restart may lose them.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    counts: [u32; Counter::ALL.len()],
    measures: Vec<(Measure, u64)>,
    is_changed: bool,
}

impl Observed {
    /// Counts an event.
    pub fn count(&mut self, counter: Counter) {
        if let Some(count) = self.counts.get_mut(counter as usize) {
            *count += 1;
            self.is_changed = true;
        }
    }

    /// Counts a command by its outcome.
    pub fn command(&mut self, refusal: Option<&Refusal>) {
        self.count(match refusal.map(|refusal| refusal.code) {
            None => Counter::CommandAccepted,
            Some(RefusalCode::Unavailable) => Counter::CommandFailed,
            Some(_) => Counter::CommandRefused,
        });
    }

    /// Measures a span. Beyond [`limits::OBSERVED_MAX`] spans that no shell takes, the rest is dropped.
    pub fn measure(&mut self, measure: Measure, span: Duration) {
        if self.measures.len() < limits::OBSERVED_MAX {
            self.measures.push((measure, time::ms(span)));
            self.is_changed = true;
        }
    }

    /// Measures the age of something; nothing if its begin is unknown, which is zero.
    pub fn measure_since(&mut self, measure: Measure, since: Time, now: Time) {
        if since > Time::default() {
            self.measure(measure, now.since(since));
        }
    }

    /// Hands over what was counted and measured, and starts from zero.
    pub fn take(&mut self, mut counted: impl FnMut(Counter, u32), mut measured: impl FnMut(Measure, u64)) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        for (counter, count) in Counter::ALL.iter().zip(&mut self.counts) {
            if *count > 0 {
                counted(*counter, std::mem::take(count));
            }
        }
        for (measure, value) in self.measures.drain(..) {
            measured(measure, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_taken_once_and_bounded() {
        let mut observed = Observed::default();
        observed.command(None);
        observed.command(Some(&Refusal::new(RefusalCode::Forbidden, "no")));
        observed.command(Some(&Refusal::new(RefusalCode::Unavailable, "no")));
        observed.measure_since(Measure::OutboxAge, Time::default(), Time::from_ms(9));
        for _ in 0..limits::OBSERVED_MAX * 2 {
            observed.measure_since(Measure::OutboxAge, Time::from_ms(5), Time::from_ms(9));
        }
        let taken = |observed: &mut Observed| {
            let (mut counts, mut spans) = (Vec::new(), Vec::new());
            observed.take(|counter, by| counts.push((counter, by)), |_, span| spans.push(span));
            (counts, spans)
        };
        let (counts, spans) = taken(&mut observed);
        let each = [Counter::CommandAccepted, Counter::CommandRefused, Counter::CommandFailed];
        assert_eq!(counts, each.map(|counter| (counter, 1)));
        assert_eq!(spans, [4; limits::OBSERVED_MAX]);
        assert_eq!(taken(&mut observed), (vec![], vec![]));
    }
}
