//! The cards of Go Fish.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) const RANKS: &str = "A23456789TJQK";
pub(super) const SUITS: &str = "shdc";

/// A card by its rank and suit, two letters: `7h` is the seven of hearts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Card([u8; 2]);

impl Card {
    /// Returns all cards, by rank and suit.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        RANKS.bytes().flat_map(|rank| SUITS.bytes().map(move |suit| Self([rank, suit])))
    }

    pub(super) fn rank(self) -> char {
        let [rank, _] = self.0;
        char::from(rank)
    }
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Card {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let card = Self::all().find(|card| card.0 == name.as_bytes());
        card.ok_or_else(|| D::Error::custom(format!("no card is called `{name}`")))
    }
}
