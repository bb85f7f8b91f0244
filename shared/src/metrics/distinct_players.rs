//! An estimate of the number of distinct players in about a kilobyte, whatever the number.

use crate::id::PlayerId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A `HyperLogLog` of 1,024 registers with an error of three per cent. Only registers that are not zero are
/// stored and sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DistinctPlayers(BTreeMap<u16, u8>);

const REGISTERS: u16 = 1024;

impl DistinctPlayers {
    /// Records that a player was seen.
    pub fn add(&mut self, player: &PlayerId) {
        let hash: [u8; 32] = Sha256::digest(player.as_str()).into();
        let [first, second, ..] = hash.as_chunks::<8>().0 else {
            return;
        };
        let register = u64::from_le_bytes(*first) % u64::from(REGISTERS);
        let register = u16::try_from(register).unwrap_or_default();
        let rest = u64::from_le_bytes(*second);
        let rank = u8::try_from(rest.leading_zeros() + 1).unwrap_or(u8::MAX);
        self.raise(register, rank);
    }

    fn raise(&mut self, register: u16, rank: u8) {
        let highest = self.0.entry(register % REGISTERS).or_default();
        *highest = rank.max(*highest);
    }

    /// Merges the players of another sketch.
    pub fn merge(&mut self, other: &Self) {
        for (register, rank) in &other.0 {
            self.raise(*register, *rank);
        }
    }

    /// Returns the estimate: Flajolet and others, 2007, with linear counting for small numbers.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn estimate(&self) -> u64 {
        let all = f64::from(REGISTERS);
        let zeros = all - self.0.len() as f64;
        let sum = zeros + self.0.values().map(|rank| (-f64::from(*rank)).exp2()).sum::<f64>();
        let raw = 0.7213 / (1.0 + 1.079 / all) * all * all / sum;
        let is_small = raw <= 2.5 * all && zeros > 0.0;
        let about = if is_small { all * (all / zeros).ln() } else { raw };
        about.round() as u64
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_within_a_tenth_at_every_size() {
        let mut players = DistinctPlayers::default();
        let mut next = 10;
        for n in 0u64..20_000 {
            players.add(&format!("p_{n}").parse().unwrap());
            if n + 1 == next {
                let about = players.estimate();
                assert!(about.abs_diff(next) * 10 <= next, "{about} of {next}");
                next *= 2;
            }
        }
    }
}
