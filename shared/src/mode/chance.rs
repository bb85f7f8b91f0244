//! The randomness of a match: a seeded generator that is part of the state.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The secret from which all randomness of a match follows. Its text form is 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Seed(u128);

impl Seed {
    /// Returns the seed with this number. A room draws all 128 bits; a short number is for tests.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Returns a seed for another purpose, whose numbers tell nothing of the numbers of this seed.
    #[must_use]
    pub fn derived(self, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(purpose);
        let bytes: [u8; 32] = hash.finalize().into();
        bytes.first_chunk().map_or(self, |chunk| Self(u128::from_le_bytes(*chunk)))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A seed would tell its reader all hidden cards, so that no log contains it.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(hidden)")
    }
}

impl FromStr for Seed {
    type Err = InvalidSeed;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(InvalidSeed);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidSeed)
    }
}

/// The error of a text that is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSeed;

impl fmt::Display for InvalidSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a seed has 32 hexadecimal digits in lower case")
    }
}

impl std::error::Error for InvalidSeed {}

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        seed.to_string()
    }
}

impl TryFrom<String> for Seed {
    type Error = InvalidSeed;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A generator in counter mode: number `n` is the start of SHA-256 over the seed and `n`.
///
/// Players see numbers of it, in the cards that they draw. Small generators such as `SplitMix64` or PCG can be computed
/// backwards from a few numbers, and then foretell every card to come; SHA-256 cannot, as long as the seed is secret.
/// It costs less than a microsecond a number. Any state is valid, and no method panics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chance {
    seed: Seed,
    drawn: u64,
}

impl Chance {
    /// Returns the generator at its beginning.
    #[must_use]
    pub const fn new(seed: Seed) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Returns the next number, each of the 2⁶⁴ equally likely.
    pub fn number(&mut self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.0.to_le_bytes());
        hash.update(self.drawn.to_le_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        let bytes: [u8; 32] = hash.finalize().into();
        bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
    }

    /// Returns a number below `n`, each equally likely; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let Some(n) = u64::try_from(n).ok().filter(|n| *n > 0) else { return 0 };
        // The numbers from here on would make the small remainders more likely.
        let end = u64::MAX - u64::MAX % n;
        let drawn = loop {
            let number = self.number();
            if number < end {
                break number % n;
            }
        };
        usize::try_from(drawn).unwrap_or(0)
    }

    /// Returns one of the items, each equally likely; none of an empty slice.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Puts the items into a random order, each order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_of_a_seed_never_change() {
        let mut chance = Chance::new(Seed::new(42));
        let numbers = [chance.number(), chance.number(), chance.number()];
        // Computed with another implementation of SHA-256.
        assert_eq!(
            numbers,
            [3_161_663_608_653_095_773, 3_867_109_859_024_886_543, 13_501_782_419_812_383_082]
        );
        let text = serde_json::to_string(&chance).unwrap();
        assert_eq!(text, r#"{"seed":"0000000000000000000000000000002a","drawn":3}"#);
        let mut restored: Chance = serde_json::from_str(&text).unwrap();
        assert_eq!(restored.number(), chance.number());
    }

    #[test]
    fn every_number_below_n_is_equally_likely() {
        let mut chance = Chance::new(Seed::new(1));
        let mut counts = [0u32; 6];
        for _ in 0..6000 {
            counts[chance.below(6)] += 1;
        }
        // Chi-squared with 5 degrees of freedom exceeds 20.5 in one of a thousand seeds.
        let chi: f64 = counts.iter().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 20.5, "{counts:?}");
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut chance = Chance::new(Seed::new(2));
        let mut counts: BTreeMap<[u8; 3], u32> = BTreeMap::new();
        for _ in 0..6000 {
            let mut items = [1, 2, 3];
            chance.shuffle(&mut items);
            *counts.entry(items).or_default() += 1;
        }
        let chi: f64 = counts.values().map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(counts.len() == 6 && chi < 20.5, "{counts:?}");
    }

    #[test]
    fn no_argument_panics() {
        let mut chance = Chance { seed: Seed::new(u128::MAX), drawn: u64::MAX };
        assert_eq!((chance.below(0), chance.below(1)), (0, 0));
        assert!(chance.below(usize::MAX) < usize::MAX);
        assert_eq!(chance.pick::<u8>(&[]), None);
        chance.shuffle::<u8>(&mut []);
    }

    #[test]
    fn seed_is_not_in_debug_output() {
        assert_eq!(format!("{:?}", Seed::new(7)), "Seed(hidden)");
    }
}
