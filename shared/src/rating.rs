//! How well somebody plays: Glicko-2, as Mark Glickman describes it in "Example of the Glicko-2 system" (2022). The
//! numbers of its steps stand beside the code.

use crate::caps;
use crate::id::PlayerId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;

/// How much a volatility may change at once: the system constant τ. Small, because chance decides much.
const TAU: f64 = 0.5;
/// A rating of nobody in particular, on Glicko's scale.
const MIDDLE: f64 = 1500.0;
/// The width of Glicko's scale in that of Glicko-2.
const SCALE: f64 = 173.7178;
/// How near the search for a volatility comes.
const NEAR: f64 = 0.000_001;
/// Steps of that search; ten are plenty, and a fault must not make it endless.
const STEPS: u32 = 100;

/// A rating on Glicko's scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// How well they play.
    pub rating: f64,
    /// How uncertain that is: one standard deviation.
    pub deviation: f64,
    /// How erratic they are.
    pub volatility: f64,
}

impl Rating {
    /// Of somebody who has not played.
    pub const NEW: Self = Self { rating: MIDDLE, deviation: caps::DEVIATION_MOST, volatility: 0.06 };

    /// The same after so many rating periods without a match: as good, less certain.
    #[must_use]
    pub fn idle(self, periods: f64) -> Self {
        let phi = spread(self.deviation / SCALE, self.volatility, periods);
        Self { deviation: bounded(phi * SCALE), ..self }
    }

    /// After games against these, each with one's own score: 1 won, ½ drawn, 0 lost. `periods` is how many rating
    /// periods have passed since the last ones.
    #[must_use]
    pub fn after(self, periods: f64, games: &[(Self, f64)]) -> Self {
        if games.is_empty() {
            return self.idle(periods);
        }
        // 2: to the scale of Glicko-2.
        let (mu, phi) = (self.mu(), self.phi());
        // 3 and 4: the variance that the games suggest, and the improvement.
        let (mut certainty, mut gain) = (0.0, 0.0);
        for (other, score) in games {
            let g = 1.0 / (1.0 + 3.0 * other.phi().powi(2) / PI.powi(2)).sqrt();
            let expected = 1.0 / (1.0 + (-g * (mu - other.mu())).exp());
            certainty += g * g * expected * (1.0 - expected);
            gain += g * (score - expected);
        }
        let v = 1.0 / certainty;
        // 5 to 8.
        let volatility = volatility(phi, self.volatility, v, v * gain);
        let before = spread(phi, volatility, periods);
        let phi = 1.0 / (1.0 / before.powi(2) + certainty).sqrt();
        let after = Self {
            rating: SCALE * (mu + phi.powi(2) * gain) + MIDDLE,
            deviation: bounded(SCALE * phi),
            volatility,
        };
        // Distances beyond any that occurs take the formulas out of what a float can hold.
        if after.fine() { after } else { self }
    }

    fn fine(&self) -> bool {
        self.rating.is_finite() && self.deviation.is_finite() && self.volatility.is_finite()
    }

    fn mu(&self) -> f64 {
        (self.rating - MIDDLE) / SCALE
    }

    fn phi(&self) -> f64 {
        self.deviation / SCALE
    }
}

/// 6: how uncertain time makes a rating.
fn spread(phi: f64, volatility: f64, periods: f64) -> f64 {
    (phi.powi(2) + periods.max(0.0) * volatility.powi(2)).sqrt()
}

fn bounded(deviation: f64) -> f64 {
    deviation.clamp(caps::DEVIATION_LEAST, caps::DEVIATION_MOST)
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
        while f(a - k * TAU) < 0.0 && k < f64::from(STEPS) {
            k += 1.0;
        }
        a - k * TAU
    };
    let (mut f_low, mut f_high) = (f(low), f(high));
    for _ in 0..STEPS {
        if (high - low).abs() <= NEAR {
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

/// How many rating periods lie between two moments; none where the second is not later.
#[must_use]
pub fn periods(from: Time, to: Time) -> f64 {
    to.since(from).as_secs_f64() / caps::RATING_PERIOD.as_secs_f64()
}

/// What came of a match, as far as ratings go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody won.
    Draw,
    /// The lower number won. Equals are a team, or tied: between them there was no game.
    Ranks(BTreeMap<PlayerId, u64>),
}

impl Outcome {
    /// Reads a result: `{"winner":"p_…"}`, `{"draw":true}` or `{"ranks":{"p_…":1,…}}` with everybody in it; other fields
    /// do not matter. None: there is nothing to rate.
    #[must_use]
    pub fn of(players: &BTreeSet<PlayerId>, result: &Value) -> Option<Self> {
        if result.get("draw").and_then(Value::as_bool) == Some(true) {
            return Some(Self::Draw);
        }
        let ranks: BTreeMap<PlayerId, u64> = match (result.get("winner"), result.get("ranks")) {
            (Some(winner), _) => {
                let winner: PlayerId = winner.as_str()?.parse().ok()?;
                let rank = |player: &PlayerId| if *player == winner { 1 } else { 2 };
                let players = players.iter();
                players.map(|one| (one.clone(), rank(one))).collect()
            }
            (None, Some(ranks)) => {
                let rank = |player: &PlayerId| ranks.get(player.as_str())?.as_u64();
                let players = players.iter();
                players.map(|one| Some((one.clone(), rank(one)?))).collect::<Option<_>>()?
            }
            (None, None) => return None,
        };
        let distinct: BTreeSet<&u64> = ranks.values().collect();
        (distinct.len() > 1).then_some(Self::Ranks(ranks))
    }

    /// One's score against another; none, they played no game against each other.
    fn score(&self, one: &PlayerId, other: &PlayerId) -> Option<f64> {
        match self {
            Self::Draw => Some(0.5),
            Self::Ranks(ranks) => match ranks.get(one)?.cmp(ranks.get(other)?) {
                std::cmp::Ordering::Less => Some(1.0),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(0.0),
            },
        }
    }
}

/// The ratings after a match: everybody played a game against everybody of another rank. Each comes with the rating
/// periods since their last match.
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
