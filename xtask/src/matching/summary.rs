//! What a replay comes to, in figures: how long people waited, how good their matches are, and who was left.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::Value;
use shared::pool::Pool;
use shared::time;

use super::cohort::Cohort;
use super::engine;
use super::log::{Log, Person};
use super::replay::{Fate, Outcome};

/// Of some people of a log. Waits are of those who were matched, but for the longest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many came; who entered again while they waited counts once.
    pub people: u64,
    /// How many of them were matched.
    pub matched: u64,
    /// How long they waited.
    pub wait_ms: Spread,
    /// How far the others' ratings were from theirs: from their mean, in matches of more than two.
    pub gap: Spread,
    /// How many wants there were in matches.
    pub wants: u64,
    /// How many of them had given way, or were never asked about.
    pub relaxed: u64,
    /// Who left as the log says.
    pub left: u64,
    /// Whose patience was over.
    pub gave_up: u64,
    /// Whom the pool keeps no longer.
    pub expired: u64,
    /// Whose party was too large for the pool.
    pub refused: u64,
    /// The longest wait of all, matched or not.
    pub longest_ms: u64,
    /// Who saw somebody who came later matched with people whom they fitted too.
    pub passed_over: u64,
}

/// How some numbers are spread.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Half are no more than this.
    pub p50: f64,
    /// Nine of ten are no more than this.
    pub p90: f64,
    /// 99 of 100 are no more than this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// What one person of a log went through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lot {
    pub(super) fate: Fate,
    pub(super) wait_ms: u64,
    pub(super) gap: Option<f64>,
    wants: u64,
    relaxed: u64,
    passed_over: bool,
}

/// Of each person of the log who got a ticket, in the order of the log.
pub(super) fn lots<'a>(log: &'a Log, outcome: &Outcome, pool: &Pool) -> Vec<(&'a Person, Lot)> {
    let mut lots = Vec::new();
    for (nth, (entry, &fate)) in log.entries.iter().zip(&outcome.fates).enumerate() {
        let until = match fate {
            Fate::Matched { at, .. } | Fate::Left(at) | Fate::GaveUp(at) | Fate::Expired(at) => at,
            Fate::Again => continue,
            Fate::Refused => entry.at,
        };
        let made = match fate {
            Fate::Matched { made, .. } => outcome.matches.get(made),
            Fate::Left(_) | Fate::GaveUp(_) | Fate::Expired(_) | Fate::Refused | Fate::Again => None,
        };
        let others: Vec<_> = made
            .iter()
            .flat_map(|made| made.teams.iter().flatten())
            .filter(|&&other| other != nth)
            .filter_map(|&other| log.entries.get(other))
            .collect();
        let about = others.iter().map(|other| engine::wants(&entry.ticket, &other.ticket, pool));
        let (wants, relaxed) = about.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        for person in &entry.people {
            let ratings = others.iter().flat_map(|it| &it.people).map(|it| it.rating);
            let (count, sum) = ratings.fold((0.0, 0.0), |(n, sum), it| (n + 1.0, sum + it));
            let lot = Lot {
                fate,
                wait_ms: time::ms(until.since(entry.at)),
                gap: (count > 0.0).then(|| (sum / count - person.rating).abs()),
                wants,
                relaxed,
                passed_over: outcome.passed_over.contains(&nth),
            };
            lots.push((person, lot));
        }
    }
    lots
}

impl Summary {
    pub(super) fn of<'a>(lots: impl IntoIterator<Item = &'a Lot>) -> Self {
        let (mut waits, mut gaps) = (Vec::new(), Vec::new());
        let mut all = Self {
            people: 0,
            matched: 0,
            wait_ms: Spread::default(),
            gap: Spread::default(),
            wants: 0,
            relaxed: 0,
            left: 0,
            gave_up: 0,
            expired: 0,
            refused: 0,
            longest_ms: 0,
            passed_over: 0,
        };
        for lot in lots {
            all.people += 1;
            match lot.fate {
                Fate::Matched { .. } => {
                    all.matched += 1;
                    waits.push(lot.wait_ms);
                    gaps.extend(lot.gap);
                }
                Fate::Left(_) => all.left += 1,
                Fate::GaveUp(_) => all.gave_up += 1,
                Fate::Expired(_) => all.expired += 1,
                Fate::Refused => all.refused += 1,
                Fate::Again => {}
            }
            all.wants += lot.wants;
            all.relaxed += lot.relaxed;
            all.longest_ms = all.longest_ms.max(lot.wait_ms);
            all.passed_over += u64::from(lot.passed_over);
        }
        all.wait_ms = spread(waits, 1.0);
        // A tenth of a point is the finest that anybody reads.
        let tenths = gaps.into_iter().map(tenths);
        all.gap = spread(tenths, 10.0);
        all
    }

    /// Who was not matched.
    #[must_use]
    pub fn unmatched(&self) -> u64 {
        self.people - self.matched
    }

    /// The share of wants that gave way, in percent.
    #[must_use]
    pub fn relaxed_share(&self) -> f64 {
        percent(self.relaxed, self.wants)
    }
}

/// So many percent; of none, none.
#[must_use]
pub fn percent(part: u64, whole: u64) -> f64 {
    // Counts of people: far below what a float holds exactly.
    #[allow(clippy::cast_precision_loss)]
    let (part, whole) = (part as f64, whole as f64);
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

fn tenths(gap: f64) -> u64 {
    // Gaps are not negative, and a rating is far below what overflows.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let tenths = (gap * 10.0).round() as u64;
    tenths
}

/// Exact up to 100,000 steps, then to five digits.
fn spread(numbers: impl IntoIterator<Item = u64>, steps: f64) -> Spread {
    let Ok(mut all) = Histogram::<u64>::new(5) else {
        return Spread::default();
    };
    for number in numbers {
        all.saturating_record(number);
    }
    if all.is_empty() {
        return Spread::default();
    }
    #[allow(clippy::cast_precision_loss)]
    let at = |quantile| all.value_at_quantile(quantile) as f64 / steps;
    #[allow(clippy::cast_precision_loss)]
    let max = all.max() as f64 / steps;
    Spread { mean: all.mean() / steps, p50: at(0.5), p90: at(0.9).min(max), p99: at(0.99).min(max), max }
}

/// The same by cohort: by the values of a column.
pub(super) fn by_cohort(cohort: &Cohort, lots: &[(&Person, Lot)]) -> BTreeMap<String, Summary> {
    let mut groups: BTreeMap<String, Vec<&Lot>> = BTreeMap::new();
    for (person, lot) in lots {
        groups.entry(cohort.of(person)).or_default().push(lot);
    }
    let groups = groups.into_iter();
    groups.map(|(name, lots)| (name, Summary::of(lots))).collect()
}

/// A value of an attribute as a person reads it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
