//! Figures of a replay: waits, match quality and unmatched players.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::Value;
use shared::pool::Pool;
use shared::time;

use super::cohort::Cohort;
use super::engine;
use super::log::{Log, Person};
use super::replay::{EntryOutcome, Outcome};

/// Figures of a group of players. Waits are of matched players, except for the longest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Players that entered; those who entered again while waiting count once.
    pub people: u64,
    pub matched: u64,
    /// Waits of matched players.
    pub wait_ms: Spread,
    /// Distances of ratings in a match: from the mean of the others, in matches of more than two.
    pub gap: Spread,
    /// Distances of the strongest team's mean rating from the weakest team's, in matches with teams.
    pub team_gap: Spread,
    /// Wants in matches.
    pub wants: u64,
    /// Wants in matches that had relaxed, or were never applied.
    pub relaxed: u64,
    /// Players that left at a departure of the log.
    pub left: u64,
    /// Players whose patience ended.
    pub gave_up: u64,
    /// Players that reached the pool's longest wait.
    pub expired: u64,
    /// Players whose party was too large for the pool.
    pub refused: u64,
    /// The longest wait, matched or not.
    pub longest_ms: u64,
    /// Players that fitted a match whose last member entered after them.
    pub passed_over: u64,
    /// Matched players that received an estimate of their wait when they entered.
    pub estimated: u64,
    /// Of these, the ones that waited no longer than the estimated median.
    pub within_p50: u64,
    /// Of these, the ones that waited no longer than the estimated 90th percentile.
    pub within_p90: u64,
}

/// A distribution of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// The outcome of one player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlayerOutcome {
    pub(super) fate: EntryOutcome,
    pub(super) wait_ms: u64,
    pub(super) gap: Option<f64>,
    team_gap: Option<f64>,
    wants: u64,
    relaxed: u64,
    passed_over: bool,
    /// The estimated median and 90th percentile of the wait.
    estimate: Option<(u64, u64)>,
}

/// Returns the outcome of each player of the log who got a ticket, in the order of the log.
pub(super) fn player_outcomes<'a>(
    log: &'a Log,
    outcome: &Outcome,
    pool: &Pool,
) -> Vec<(&'a Person, PlayerOutcome)> {
    let mut lots = Vec::new();
    for (nth, (entry, &fate)) in log.entries.iter().zip(&outcome.entries).enumerate() {
        let until = match fate {
            EntryOutcome::Matched { at, .. }
            | EntryOutcome::Left(at)
            | EntryOutcome::GaveUp(at)
            | EntryOutcome::Expired(at) => at,
            EntryOutcome::Again => continue,
            EntryOutcome::Refused => entry.at,
        };
        let made = match fate {
            EntryOutcome::Matched { made, .. } => outcome.matches.get(made),
            EntryOutcome::Left(_)
            | EntryOutcome::GaveUp(_)
            | EntryOutcome::Expired(_)
            | EntryOutcome::Refused
            | EntryOutcome::Again => None,
        };
        let others: Vec<_> = made
            .iter()
            .flat_map(|made| made.teams.iter().flatten())
            .filter(|&&other| other != nth)
            .filter_map(|&other| log.entries.get(other))
            .collect();
        let about = others.iter().map(|other| engine::wants(&entry.ticket, &other.ticket, pool));
        let (wants, relaxed) = about.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let estimate = outcome.estimates.get(&nth).and_then(|it| it.p50.zip(it.p90));
        let team_gap = made.and_then(|made| team_gap(log, &made.teams));
        for person in &entry.people {
            let ratings = others.iter().flat_map(|it| &it.people).map(|it| it.rating);
            let (count, sum) = ratings.fold((0.0, 0.0), |(n, sum), it| (n + 1.0, sum + it));
            let lot = PlayerOutcome {
                fate,
                wait_ms: time::ms(until.since(entry.at)),
                gap: (count > 0.0).then(|| (sum / count - person.rating).abs()),
                team_gap,
                wants,
                relaxed,
                passed_over: outcome.passed_over.contains(&nth),
                estimate,
            };
            lots.push((person, lot));
        }
    }
    lots
}

/// Returns the distance of the strongest team's mean rating from the weakest team's; none without teams.
fn team_gap(log: &Log, teams: &[Vec<usize>]) -> Option<f64> {
    if teams.len() < 2 {
        return None;
    }
    let mean = |team: &Vec<usize>| {
        let entries = team.iter().filter_map(|&nth| log.entries.get(nth));
        let ratings = entries.flat_map(|entry| &entry.people).map(|person| person.rating);
        let (count, sum) = ratings.fold((0.0, 0.0), |(count, sum), rating| (count + 1.0, sum + rating));
        sum / f64::max(count, 1.0)
    };
    let means: Vec<f64> = teams.iter().map(mean).collect();
    let strongest = means.iter().copied().max_by(f64::total_cmp)?;
    let weakest = means.iter().copied().min_by(f64::total_cmp)?;
    Some(strongest - weakest)
}

impl Summary {
    pub(super) fn of<'a>(lots: impl IntoIterator<Item = &'a PlayerOutcome>) -> Self {
        let (mut waits, mut gaps, mut team_gaps) = (Vec::new(), Vec::new(), Vec::new());
        let mut all = Self {
            people: 0,
            matched: 0,
            wait_ms: Spread::default(),
            gap: Spread::default(),
            team_gap: Spread::default(),
            wants: 0,
            relaxed: 0,
            left: 0,
            gave_up: 0,
            expired: 0,
            refused: 0,
            longest_ms: 0,
            passed_over: 0,
            estimated: 0,
            within_p50: 0,
            within_p90: 0,
        };
        for lot in lots {
            all.people += 1;
            match lot.fate {
                EntryOutcome::Matched { .. } => {
                    all.matched += 1;
                    waits.push(lot.wait_ms);
                    gaps.extend(lot.gap);
                    team_gaps.extend(lot.team_gap);
                    if let Some((p50, p90)) = lot.estimate {
                        all.estimated += 1;
                        all.within_p50 += u64::from(lot.wait_ms <= p50);
                        all.within_p90 += u64::from(lot.wait_ms <= p90);
                    }
                }
                EntryOutcome::Left(_) => all.left += 1,
                EntryOutcome::GaveUp(_) => all.gave_up += 1,
                EntryOutcome::Expired(_) => all.expired += 1,
                EntryOutcome::Refused => all.refused += 1,
                EntryOutcome::Again => {}
            }
            all.wants += lot.wants;
            all.relaxed += lot.relaxed;
            all.longest_ms = all.longest_ms.max(lot.wait_ms);
            all.passed_over += u64::from(lot.passed_over);
        }
        all.wait_ms = spread(waits, 1.0);
        // A tenth of a point is precise enough for the report.
        all.gap = spread(gaps.into_iter().map(tenths), 10.0);
        all.team_gap = spread(team_gaps.into_iter().map(tenths), 10.0);
        all
    }

    /// The number of players that were not matched.
    #[must_use]
    pub fn unmatched(&self) -> u64 {
        self.people - self.matched
    }
}

/// Returns a share in percent; 0 of none.
#[must_use]
pub fn percent(part: u64, whole: u64) -> f64 {
    // Counts of players are far below what a float represents exactly.
    #[allow(clippy::cast_precision_loss)]
    let (part, whole) = (part as f64, whole as f64);
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

fn tenths(gap: f64) -> u64 {
    // Gaps are not negative, and a rating is far below an overflow.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let tenths = (gap * 10.0).round() as u64;
    tenths
}

/// Returns a distribution, exact up to 100,000 steps and to five digits beyond.
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

/// Returns the figures of each group of a cohort.
pub(super) fn by_cohort(cohort: &Cohort, lots: &[(&Person, PlayerOutcome)]) -> BTreeMap<String, Summary> {
    let mut groups: BTreeMap<String, Vec<&PlayerOutcome>> = BTreeMap::new();
    for (person, lot) in lots {
        groups.entry(cohort.of(person)).or_default().push(lot);
    }
    let groups = groups.into_iter();
    groups.map(|(name, lots)| (name, Summary::of(lots))).collect()
}

/// Formats the value of an attribute.
pub(super) fn display_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
