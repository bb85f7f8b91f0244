//! Compares the lobby's pairs with the best possible ones, where many tickets wait at once.

use std::fmt;

use anyhow::{Result, bail};
use clap::Args;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, Normal};
use serde::Serialize;
use shared::id::TicketId;
use shared::lobby::tickets::recent_opponents::RecentOpponents;
use shared::lobby::tickets::ticket::Ticket;
use shared::pool::Pool;
use shared::time::Time;

use super::engine::{self, TicketIndex};
use super::exact;
use super::log::{Log, Person};
use super::rules::Rules;

/// Limit for the lobby's mean rating gap, in gaps of the best possible pairs.
pub const GOAL: f64 = 1.10;

/// Compares the lobby's pairs with an exact matching, on generated snapshots of players who all wait at once.
#[derive(Debug, Clone, Args)]
pub struct ExactOptions {
    /// A pool of two seats with a rating window
    #[arg(long, value_name = "RULES", default_value = "ranked")]
    pub pool: String,
    /// Numbers of waiting players
    #[arg(long, value_delimiter = ',', default_values_t = [4_usize, 10, 20, 50, 100, 200])]
    pub sizes: Vec<usize>,
    /// Snapshots of each size and shape
    #[arg(long, default_value_t = 20)]
    pub seeds: u64,
    /// Longest wait of a player in a snapshot, seconds
    #[arg(long, default_value_t = 60)]
    pub age_s: u32,
}

/// Distributions of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Normal,
    Even,
    Tail,
    Camps,
}

const SHAPES: [(Shape, &str); 4] = [
    (Shape::Normal, "normal, 1500 ± 300"),
    (Shape::Even, "even, 1000 to 2000"),
    (Shape::Tail, "a long tail"),
    (Shape::Camps, "two camps"),
];

/// The comparison over several snapshots of one kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Row {
    pub kind: String,
    /// Waiting players in each snapshot.
    pub people: usize,
    /// Number of snapshots.
    pub snapshots: u64,
    /// The lobby's pairs.
    pub ours: Pairs,
    /// The maximum number of pairs, with the smallest gaps.
    pub best: Pairs,
    /// The pairs with the smallest gaps of the players that the lobby matched.
    pub same: Pairs,
}

/// A number of pairs and the sum of their gaps.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Pairs {
    pub pairs: u32,
    /// The sum of the pairs' rating gaps.
    pub gap: f64,
}

impl Pairs {
    fn add(&mut self, gaps: &[f64]) {
        self.pairs += u32::try_from(gaps.len()).unwrap_or(u32::MAX);
        self.gap += gaps.iter().sum::<f64>();
    }

    /// The mean gap.
    #[must_use]
    pub fn mean(self) -> f64 {
        if self.pairs == 0 {
            return 0.0;
        }
        self.gap / f64::from(self.pairs)
    }
}

impl Row {
    /// The lobby's mean gap divided by the best mean gap.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        ratio(self.ours, self.best)
    }

    /// The lobby's mean gap divided by the best mean gap for the same players.
    #[must_use]
    pub fn same_ratio(&self) -> f64 {
        ratio(self.ours, self.same)
    }

    /// Adds the pairs of the lobby and of an exact matching of these tickets.
    pub(super) fn add(&mut self, now: Time, tickets: &[Ticket], pool: &Pool) {
        self.snapshots += 1;
        let mut edges = Vec::new();
        for (a, one) in tickets.iter().enumerate() {
            for (b, two) in tickets.iter().enumerate().skip(a + 1) {
                if engine::fit(now, one, two, pool, &RecentOpponents::default()) {
                    edges.push((a, b, (engine::rating(one) - engine::rating(two)).abs()));
                }
            }
        }
        let mut waiting = TicketIndex::new(pool);
        for ticket in tickets {
            waiting.insert(ticket.since, ticket.clone());
        }
        let (matches, _) = engine::plan(&mut waiting, now, &RecentOpponents::default());
        let place = |id: &TicketId| tickets.iter().position(|ticket| ticket.id == *id);
        let mut paired = vec![false; tickets.len()];
        let mut ours = Vec::new();
        for teams in matches {
            let of: Vec<usize> = teams.iter().flatten().filter_map(place).collect();
            for &nth in &of {
                if let Some(it) = paired.get_mut(nth) {
                    *it = true;
                }
            }
            if let [a, b] = of.as_slice() {
                ours.push((*a.min(b), *a.max(b)));
            }
        }
        let gaps = |pairs: &[(usize, usize)]| -> Vec<f64> {
            let gap = |&(a, b): &(usize, usize)| {
                let (one, two) = (tickets.get(a)?, tickets.get(b)?);
                Some((engine::rating(one) - engine::rating(two)).abs())
            };
            pairs.iter().filter_map(gap).collect()
        };
        self.ours.add(&gaps(&ours));
        self.best.add(&gaps(&exact::pairs(&edges)));
        let is_in = |nth: usize| paired.get(nth).copied().unwrap_or_default();
        edges.retain(|&(a, b, _)| is_in(a) && is_in(b));
        self.same.add(&gaps(&exact::pairs(&edges)));
    }
}

/// A ratio without gaps is 1: no pairs, or pairs of equal ratings.
fn ratio(ours: Pairs, other: Pairs) -> f64 {
    if other.mean() > 0.0 {
        ours.mean() / other.mean()
    } else if ours.mean() > 0.0 {
        f64::INFINITY
    } else {
        1.0
    }
}

/// The comparison over all snapshots.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Comparison {
    /// One row per kind.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Returns the row with the largest ratio.
    #[must_use]
    pub fn worst(&self) -> Option<&Row> {
        let rows = self.rows.iter();
        rows.max_by(|a, b| a.ratio().total_cmp(&b.ratio()))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>6} {:>9} {:>13} {:>9} {:>9} {:>7} {:>12}",
            "snapshots of",
            "people",
            "snapshots",
            "pairs of best",
            "mean gap",
            "best",
            "ratio",
            "same people"
        )?;
        for row in &self.rows {
            let share = 100.0 * f64::from(row.ours.pairs) / f64::from(row.best.pairs.max(1));
            writeln!(
                f,
                "{:<20} {:>6} {:>9} {:>11.1} % {:>9.1} {:>9.1} {:>7.3} {:>12.3}",
                row.kind,
                row.people,
                row.snapshots,
                share,
                row.ours.mean(),
                row.best.mean(),
                row.ratio(),
                row.same_ratio()
            )?;
        }
        if let Some(worst) = self.worst() {
            let verdict = if worst.ratio() <= GOAL { "within" } else { "ABOVE" };
            writeln!(
                f,
                "The largest ratio is {:.3} ({}, {} players): {verdict} {GOAL:.2}.",
                worst.ratio(),
                worst.kind,
                worst.people
            )?;
        }
        Ok(())
    }
}

/// Returns true if the pool makes pairs by rating, so that exact pairs are comparable.
#[must_use]
pub fn applies(pool: &Pool) -> bool {
    pool.rating.is_some() && pool.is_pairs_only()
}

/// Compares on generated snapshots of every requested shape and size.
pub fn run(rules: &Rules, exact: &ExactOptions) -> Result<Comparison> {
    if !applies(&rules.pool) {
        bail!("--pool {}: the pool must have two seats and a rating window", rules.name);
    }
    if exact.sizes.iter().any(|size| !(2..=500).contains(size)) {
        bail!("--sizes must be 2 to 500 each: an exact matching takes the third power of the size");
    }
    let mut comparison = Comparison::default();
    for (shape, kind) in SHAPES {
        for &people in &exact.sizes {
            let mut row = Row { kind: kind.to_owned(), people, ..Row::default() };
            for seed in 0..exact.seeds {
                let mut chance = ChaCha8Rng::seed_from_u64(seed);
                let age_ms = u64::from(exact.age_s) * 1000;
                let now = Time::from_ms(age_ms);
                let tickets = snapshot(shape, people, age_ms, &mut chance)?;
                row.add(now, &tickets, &rules.pool);
            }
            comparison.rows.push(row);
        }
    }
    Ok(comparison)
}

fn snapshot(shape: Shape, people: usize, age_ms: u64, chance: &mut ChaCha8Rng) -> Result<Vec<Ticket>> {
    let around = |mean: f64, by: f64, chance: &mut ChaCha8Rng| -> Result<f64> {
        Ok(Normal::new(mean, by)?.sample(chance))
    };
    let mut tickets = Vec::new();
    for nth in 0..people {
        let rating = match shape {
            Shape::Normal => around(1500.0, 300.0, chance)?,
            Shape::Even => chance.random_range(1000.0..2000.0),
            Shape::Tail => 1200.0 + 250.0 * Exp::new(1.0)?.sample(chance),
            Shape::Camps if chance.random() => around(1300.0, 60.0, chance)?,
            Shape::Camps => around(1700.0, 60.0, chance)?,
        };
        let since = Time::from_ms(chance.random_range(0..=age_ms));
        let person = Person {
            line: 0,
            player: format!("p_{nth}").parse()?,
            rating: rating.round(),
            deviation: None,
            attrs: serde_json::Map::new(),
            wants: serde_json::Value::Null,
            party: None,
            patience: None,
        };
        let ticket = engine::ticket(nth, since, &[person]);
        tickets.push(ticket.map_err(|fault| anyhow::anyhow!(fault))?);
    }
    Ok(tickets)
}

/// Sizes of the snapshots of a log.
const OF_LOG: [usize; 4] = [4, 10, 50, 200];
/// Limit of snapshots of each size: an exact matching of 200 takes about 10 ms.
const EACH: usize = 50;

/// Compares on snapshots of a log: consecutive entries, as if no player had been matched until the last of
/// them.
#[must_use]
pub fn of_log(log: &Log, pool: &Pool) -> Comparison {
    let mut comparison = Comparison::default();
    for people in OF_LOG {
        let mut row = Row { kind: "the log".to_owned(), people, ..Row::default() };
        for some in log.entries.chunks_exact(people).take(EACH) {
            let now = some.last().map_or_else(Time::default, |last| last.at);
            let tickets: Vec<Ticket> = some.iter().map(|it| it.ticket.clone()).collect();
            row.add(now, &tickets, pool);
        }
        if row.snapshots > 0 {
            comparison.rows.push(row);
        }
    }
    comparison
}
