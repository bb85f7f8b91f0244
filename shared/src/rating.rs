//! Skill ratings: Glicko-2 as Mark Glickman describes it in "Example of the Glicko-2 system" (2022). The step
//! numbers of the paper are noted beside the code.

use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;

/// The system constant τ, which limits how fast a volatility changes: small, because chance decides much.
const TAU: f64 = 0.5;
/// The rating of a new player on Glicko's scale.
const INITIAL: f64 = 1500.0;
/// The factor between Glicko's scale and that of Glicko-2.
const SCALE: f64 = 173.7178;
/// Tolerance of the search for a volatility.
const TOLERANCE: f64 = 0.000_001;
/// Steps of that search at most; ten are enough, and a fault must not make it endless.
const STEPS_MAX: u32 = 100;

/// A rating on Glicko's scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// The estimated playing strength.
    pub rating: f64,
    /// Uncertainty of the rating: one standard deviation.
    pub deviation: f64,
    /// Expected fluctuation of the strength.
    pub volatility: f64,
}

impl Rating {
    /// The rating of a player without matches.
    pub const NEW: Self = Self { rating: INITIAL, deviation: limits::DEVIATION_MAX, volatility: 0.06 };

    /// Returns the rating after this many rating periods without a match: unchanged, but less certain.
    #[must_use]
    pub fn idle(self, periods: f64) -> Self {
        let phi = spread(self.deviation / SCALE, self.volatility, periods);
        Self { deviation: bounded(phi * SCALE), ..self }
    }

    /// Returns the rating after games against these opponents, each with the player's score: 1 won, ½ drawn,
    /// 0 lost. `periods` is the number of rating periods since the previous games.
    #[must_use]
    pub fn after(self, periods: f64, games: &[(Self, f64)]) -> Self {
        if games.is_empty() {
            return self.idle(periods);
        }
        // 2: convert to the scale of Glicko-2.
        let (mu, phi) = (self.mu(), self.phi());
        // 3 and 4: variance and improvement that the games suggest.
        let (mut precision, mut gain) = (0.0, 0.0);
        for (other, score) in games {
            let g = 1.0 / (1.0 + 3.0 * other.phi().powi(2) / PI.powi(2)).sqrt();
            let expected = 1.0 / (1.0 + (-g * (mu - other.mu())).exp());
            precision += g * g * expected * (1.0 - expected);
            gain += g * (score - expected);
        }
        let v = 1.0 / precision;
        // 5 to 8.
        let volatility = volatility(phi, self.volatility, v, v * gain);
        let before = spread(phi, volatility, periods);
        let phi = 1.0 / (1.0 / before.powi(2) + precision).sqrt();
        let after = Self {
            rating: SCALE * (mu + phi.powi(2) * gain) + INITIAL,
            deviation: bounded(SCALE * phi),
            volatility,
        };
        // Extreme distances overflow the formulas: the rating stays as it was.
        if after.is_finite() { after } else { self }
    }

    fn is_finite(&self) -> bool {
        self.rating.is_finite() && self.deviation.is_finite() && self.volatility.is_finite()
    }

    fn mu(&self) -> f64 {
        (self.rating - INITIAL) / SCALE
    }

    fn phi(&self) -> f64 {
        self.deviation / SCALE
    }
}

/// 6: the deviation after the elapsed periods.
fn spread(phi: f64, volatility: f64, periods: f64) -> f64 {
    (phi.powi(2) + periods.max(0.0) * volatility.powi(2)).sqrt()
}

fn bounded(deviation: f64) -> f64 {
    deviation.clamp(limits::DEVIATION_MIN, limits::DEVIATION_MAX)
}

/// 5: the new volatility, by the Illinois variant of regula falsi.
fn volatility(phi: f64, sigma: f64, v: f64, delta: f64) -> f64 {
    let a = (sigma * sigma).ln();
    let f = |x: f64| {
        let e = x.exp();
        let sum = phi * phi + v + e;
        e * (delta * delta - sum) / (2.0 * sum * sum) - (x - a) / (TAU * TAU)
    };
    let mut low = a;
    let mut high = if delta * delta > phi * phi + v {
        (delta * delta - phi * phi - v).ln()
    } else {
        let mut k = 1.0;
        while f(a - k * TAU) < 0.0 && k < f64::from(STEPS_MAX) {
            k += 1.0;
        }
        a - k * TAU
    };
    let (mut f_low, mut f_high) = (f(low), f(high));
    for _ in 0..STEPS_MAX {
        if (high - low).abs() <= TOLERANCE {
            break;
        }
        let next = low + (low - high) * f_low / (f_high - f_low);
        let f_next = f(next);
        if f_next * f_high <= 0.0 {
            (low, f_low) = (high, f_high);
        } else {
            f_low /= 2.0;
        }
        (high, f_high) = (next, f_next);
    }
    (low / 2.0).exp()
}

/// Returns the number of rating periods between two times; zero if the second is not later.
#[must_use]
pub fn periods(from: Time, to: Time) -> f64 {
    to.since(from).as_secs_f64() / limits::RATING_PERIOD.as_secs_f64()
}

/// The outcome of a match for ratings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All players drew.
    Draw,
    /// Ranks, of which the lower number won. Equal ranks are a team, or tied: they played no game against
    /// each other.
    Ranks(BTreeMap<PlayerId, u64>),
}

impl Outcome {
    /// Reads a result: `{"winner":"p_…"}`, `{"draw":true}` or `{"ranks":{"p_…":1,…}}` with all players, where ranks are
    /// any numbers; null stands for an absent field, and other fields are ignored. None if the result cannot be rated.
    #[must_use]
    pub fn of(players: &BTreeSet<PlayerId>, result: &Value) -> Option<Self> {
        let field = |name: &str| result.get(name).filter(|value| !value.is_null());
        if field("draw").and_then(Value::as_bool) == Some(true) {
            return Some(Self::Draw);
        }
        let ranks: BTreeMap<PlayerId, u64> = match (field("winner"), field("ranks")) {
            (Some(winner), _) => {
                let winner: PlayerId = winner.as_str()?.parse().ok()?;
                let rank = |player: &PlayerId| if *player == winner { 1 } else { 2 };
                let players = players.iter();
                players.map(|player| (player.clone(), rank(player))).collect()
            }
            (None, Some(ranks)) => order(players, ranks)?,
            (None, None) => return None,
        };
        let distinct: BTreeSet<&u64> = ranks.values().collect();
        (distinct.len() > 1).then_some(Self::Ranks(ranks))
    }

    /// Returns a player's score against another; none if they played no game against each other.
    fn score(&self, player: &PlayerId, other: &PlayerId) -> Option<f64> {
        match self {
            Self::Draw => Some(0.5),
            Self::Ranks(ranks) => match ranks.get(player)?.cmp(ranks.get(other)?) {
                std::cmp::Ordering::Less => Some(1.0),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(0.0),
            },
        }
    }
}

/// Returns the position of each player in the order of the ranks, from 1 on. JSON has one kind of number, so 1 and
/// 1.0 are the same rank. None if a player has no number.
fn order(players: &BTreeSet<PlayerId>, ranks: &Value) -> Option<BTreeMap<PlayerId, u64>> {
    let rank = |player: &PlayerId| Some((player.clone(), ranks.get(player.as_str())?.as_f64()?));
    let stated: Vec<(PlayerId, f64)> = players.iter().map(rank).collect::<Option<_>>()?;
    let position = |rank: f64| 1 + stated.iter().filter(|(_, other)| *other < rank).count() as u64;
    Some(stated.iter().map(|(player, rank)| (player.clone(), position(*rank))).collect())
}

/// Returns the ratings after a match, in which each player played a game against each player of another rank.
/// The second value of each entry is the number of rating periods since that player's last match.
#[must_use]
pub fn rate(before: &BTreeMap<PlayerId, (Rating, f64)>, outcome: &Outcome) -> BTreeMap<PlayerId, Rating> {
    let after = |player: &PlayerId, (rating, periods): &(Rating, f64)| {
        let others = before.iter().filter(|(other, _)| *other != player);
        let games: Vec<(Rating, f64)> = others
            .filter_map(|(other, (rating, _))| Some((*rating, outcome.score(player, other)?)))
            .collect();
        rating.after(*periods, &games)
    };
    before.iter().map(|(player, entry)| (player.clone(), after(player, entry))).collect()
}

#[cfg(test)]
#[path = "rating/tests.rs"]
mod tests;
