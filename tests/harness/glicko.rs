//! Glicko-2 for the models of the tests, written from the paper alone (Mark Glickman, "Example of the Glicko-2
//! system", 2022). It shares nothing with the product, so that a fault of the product's own rating shows.

use serde_json::Value;
use shared::id::PlayerId;
use shared::time::Time;
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// The constant of the system, as docs/decisions and the product state it.
const TAU: f64 = 0.5;
/// The length of a rating period in seconds.
const PERIOD_S: f64 = 403_000.0;
/// The bounds of a deviation.
const DEVIATION: (f64, f64) = (45.0, 350.0);
/// The factor between the two scales of the paper.
const SCALE: f64 = 173.7178;

/// The skill of a player on the scale of Glicko.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    pub rating: f64,
    pub deviation: f64,
    pub volatility: f64,
}

impl Rating {
    /// The skill of a new player.
    pub const NEW: Self = Self { rating: 1500.0, deviation: 350.0, volatility: 0.06 };

    /// Returns the skill after games against these opponents, each with the player's score.
    #[must_use]
    pub fn after(self, periods: f64, games: &[(Self, f64)]) -> Self {
        let (mu, phi, sigma) = ((self.rating - 1500.0) / SCALE, self.deviation / SCALE, self.volatility);
        let (mut inverse_v, mut sum) = (0.0, 0.0);
        for (other, score) in games {
            let (mu_j, phi_j) = ((other.rating - 1500.0) / SCALE, other.deviation / SCALE);
            let g = (1.0 + 3.0 * phi_j * phi_j / (PI * PI)).sqrt().recip();
            let e = (1.0 + (g * (mu_j - mu)).exp()).recip();
            inverse_v += g * g * e * (1.0 - e);
            sum += g * (score - e);
        }
        let v = inverse_v.recip();
        let next_sigma = volatility(phi, sigma, v, v * sum);
        let star = phi * phi + next_sigma * next_sigma * periods;
        let next_phi = (star.recip() + inverse_v).sqrt().recip();
        Self {
            rating: (mu + next_phi * next_phi * sum) * SCALE + 1500.0,
            deviation: (next_phi * SCALE).clamp(DEVIATION.0, DEVIATION.1),
            volatility: next_sigma,
        }
    }
}

/// Step 5 by bisection: slower than the method of the paper, and simpler.
fn volatility(phi: f64, sigma: f64, v: f64, delta: f64) -> f64 {
    let a = (sigma * sigma).ln();
    let f = |x: f64| {
        let d = phi * phi + v + x.exp();
        x.exp() * (delta * delta - d) / (2.0 * d * d) - (x - a) / (TAU * TAU)
    };
    // The function falls, and is positive far below the root and negative far above it.
    let (mut low, mut high) = (a - 20.0, a + 20.0);
    for _ in 0..200 {
        let middle = low.midpoint(high);
        if f(middle) > 0.0 { low = middle } else { high = middle }
    }
    (low.midpoint(high) / 2.0).exp()
}

/// Returns the rating periods between two moments.
#[must_use]
pub fn periods(from: Time, to: Time) -> f64 {
    to.since(from).as_secs_f64() / PERIOD_S
}

/// Returns the skills after a match with this result, in which each player plays against each player of another
/// rank; none if the result says no outcome. The second value of each entry is the number of rating periods since
/// the player's last match.
#[must_use]
pub fn rate(
    before: &BTreeMap<PlayerId, (Rating, f64)>,
    result: &Value,
) -> Option<BTreeMap<PlayerId, Rating>> {
    let drawn = result["draw"] == Value::Bool(true);
    let rank = |player: &PlayerId| -> Option<f64> {
        match result["winner"].as_str() {
            Some(winner) => Some(if winner == player.as_str() { 1.0 } else { 2.0 }),
            None => result["ranks"][player.as_str()].as_f64(),
        }
    };
    let mut after = BTreeMap::new();
    for (player, (rating, periods)) in before {
        let mut games = Vec::new();
        for (other, (theirs, _)) in before.iter().filter(|(other, _)| *other != player) {
            if drawn {
                games.push((*theirs, 0.5));
                continue;
            }
            let (mine, other) = (rank(player)?, rank(other)?);
            if mine < other {
                games.push((*theirs, 1.0));
            } else if mine > other {
                games.push((*theirs, 0.0));
            }
        }
        if games.is_empty() {
            // All share one rank, or this player's rank is that of all others.
            return None;
        }
        after.insert(player.clone(), rating.after(*periods, &games));
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper, with its volatility to four digits.
    #[test]
    fn example_of_the_paper_is_reproduced() {
        let opponent = |rating, deviation| Rating { rating, deviation, volatility: 0.06 };
        let games =
            [(opponent(1400.0, 30.0), 1.0), (opponent(1550.0, 100.0), 0.0), (opponent(1700.0, 300.0), 0.0)];
        let after = opponent(1500.0, 200.0).after(1.0, &games);
        assert!((after.rating - 1464.06).abs() < 0.01, "{after:?}");
        assert!((after.deviation - 151.52).abs() < 0.01, "{after:?}");
        assert!((after.volatility - 0.059_99).abs() < 0.000_01, "{after:?}");
    }
}
