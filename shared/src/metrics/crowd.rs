//! About how many different people there were, in a kilobyte, however many they are.

use crate::id::PlayerId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A `HyperLogLog` of 1,024 registers, good to three per cent. Only those
/// that are not zero are kept and told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Crowd(BTreeMap<u16, u8>);

const REGISTERS: u16 = 1024;

impl Crowd {
    /// Somebody was there.
    pub fn add(&mut self, player: &PlayerId) {
        let hash: [u8; 32] = Sha256::digest(player.as_str()).into();
        let [one, two, ..] = hash.as_chunks::<8>().0 else {
            return;
        };
        let register = u64::from_le_bytes(*one) % u64::from(REGISTERS);
        let register = u16::try_from(register).unwrap_or_default();
        let rest = u64::from_le_bytes(*two);
        let rank = u8::try_from(rest.leading_zeros() + 1).unwrap_or(u8::MAX);
        self.raise(register, rank);
    }

    fn raise(&mut self, register: u16, rank: u8) {
        let most = self.0.entry(register % REGISTERS).or_default();
        *most = rank.max(*most);
    }

    /// Takes another's people as well.
    pub fn merge(&mut self, other: &Self) {
        for (register, rank) in &other.0 {
            self.raise(*register, *rank);
        }
    }

    /// How many, about: Flajolet and others, 2007, with linear counting for few.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn about(&self) -> u64 {
        let all = f64::from(REGISTERS);
        let zeros = all - self.0.len() as f64;
        let sum = zeros + self.0.values().map(|rank| (-f64::from(*rank)).exp2()).sum::<f64>();
        let raw = 0.7213 / (1.0 + 1.079 / all) * all * all / sum;
        let few = raw <= 2.5 * all && zeros > 0.0;
        let about = if few { all * (all / zeros).ln() } else { raw };
        about.round() as u64
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn crowds_of_every_size_are_good_to_a_tenth() {
        let mut crowd = Crowd::default();
        let mut next = 10;
        for n in 0u64..20_000 {
            crowd.add(&format!("p_{n}").parse().unwrap());
            if n + 1 == next {
                let about = crowd.about();
                assert!(about.abs_diff(next) * 10 <= next, "{about} of {next}");
                next *= 2;
            }
        }
    }
}
