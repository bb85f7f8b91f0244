//! Which part of a queue somebody waits in, where one object is not enough for all.

use crate::id::{PlayerId, PoolName};
use crate::mix::fnv;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// How a queue is divided. Who is not matched in their part after `climb_s` is matched across all parts too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shards {
    /// Evenly, by chance.
    Hash {
        /// Into so many.
        count: u16,
        /// Seconds.
        climb_s: u32,
    },
    /// By rating: below the first of these, from each up to the next, from the last on.
    Rating {
        /// Where one part ends and the next begins.
        bands: Vec<f64>,
        /// Seconds.
        climb_s: u32,
    },
    /// By the text of an attribute: one part for each of these, one for all else.
    Attr {
        /// Which.
        attr: String,
        /// Of which values.
        values: Vec<String>,
        /// Seconds.
        climb_s: u32,
    },
}

/// A part of a queue, or what is above all parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shard {
    /// One of the parts.
    Part(u16),
    /// Where those are matched whom their parts could not match.
    Top,
}

impl Shards {
    /// How many parts there are.
    #[must_use]
    pub fn count(&self) -> u16 {
        let parts = |borders: usize| u16::try_from(borders + 1).unwrap_or(u16::MAX);
        match self {
            Self::Hash { count, .. } => *count,
            Self::Rating { bands, .. } => parts(bands.len()),
            Self::Attr { values, .. } => parts(values.len()),
        }
    }

    /// How long somebody waits in their part alone.
    #[must_use]
    pub fn climb(&self) -> Duration {
        match self {
            Self::Hash { climb_s, .. } | Self::Rating { climb_s, .. } | Self::Attr { climb_s, .. } => {
                Duration::from_secs((*climb_s).into())
            }
        }
    }

    /// The part of somebody of whom nothing but the name is known.
    #[must_use]
    pub fn front(&self, player: &PlayerId) -> u16 {
        let mixed = fnv(player.as_str().as_bytes());
        u16::try_from(mixed % u64::from(self.count().max(1))).unwrap_or_default()
    }

    /// The part of a ticket whose first member is this.
    #[must_use]
    pub fn of(&self, player: &PlayerId, rating: f64, attrs: &Map<String, Value>) -> u16 {
        let nth = match self {
            Self::Hash { .. } => return self.front(player),
            Self::Rating { bands, .. } => bands.iter().filter(|&&band| band <= rating).count(),
            Self::Attr { attr, values, .. } => {
                let mine = attrs.get(attr).and_then(Value::as_str);
                let known = values.iter().position(|value| Some(value.as_str()) == mine);
                known.unwrap_or(values.len())
            }
        };
        u16::try_from(nth).unwrap_or_default()
    }
}

impl Shard {
    /// The name of its object: `{pool}:{part}`, or `{pool}:top`.
    #[must_use]
    pub fn object(self, pool: &PoolName) -> String {
        format!("{}:{self}", pool.as_str())
    }

    /// The pool and the part that an object's name says.
    #[must_use]
    pub fn of_object(name: &str) -> Option<(PoolName, Self)> {
        let (pool, part) = name.rsplit_once(':')?;
        let part = match part {
            "top" => Self::Top,
            part => Self::Part(part.parse().ok()?),
        };
        Some((pool.parse().ok()?, part))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(nth) => write!(f, "{nth}"),
            Self::Top => f.write_str("top"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(shards: &Value, rating: f64, lang: &str, expected: u16) {
        let shards: Shards = serde_json::from_value(shards.clone()).unwrap();
        let attrs = json!({ "lang": lang });
        let of = shards.of(&"p_1".parse().unwrap(), rating, attrs.as_object().unwrap());
        assert_eq!(of, expected);
        assert!(of < shards.count());
    }

    #[test]
    fn everybody_has_one_part() {
        let bands = json!({ "by": "rating", "bands": [1200, 1800], "climb_s": 5 });
        check(&bands, 100.0, "", 0);
        check(&bands, 1200.0, "", 1);
        check(&bands, 1800.0, "", 2);
        let langs = json!({ "by": "attr", "attr": "lang", "values": ["en", "fr"], "climb_s": 5 });
        check(&langs, 0.0, "fr", 1);
        check(&langs, 0.0, "xx", 2);
    }

    #[test]
    fn an_object_is_named_after_its_part() {
        let pool: PoolName = "ranked".parse().unwrap();
        for (shard, name) in [(Shard::Part(3), "ranked:3"), (Shard::Top, "ranked:top")] {
            assert_eq!(shard.object(&pool), name);
            assert_eq!(Shard::of_object(name), Some((pool.clone(), shard)));
        }
        assert_eq!(Shard::of_object("ranked"), None);
        assert_eq!(Shard::of_object("ranked:x"), None);
    }
}
