//! Sharding of a queue over several objects: which shard a ticket enters, and the names of the objects.

use crate::hash::fnv;
use crate::id::{PlayerId, PoolName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// The division of a queue. A ticket that is not matched in its shard after `climb_s` is matched across all
/// shards too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shards {
    /// Evenly, by a hash of the player's id.
    Hash {
        /// Number of shards.
        count: u16,
        /// Seconds until a ticket escalates.
        climb_s: u32,
    },
    /// By rating: below the first band, from each band up to the next, and from the last band on.
    Rating {
        /// Ratings at which the next shard begins.
        bands: Vec<f64>,
        /// Seconds until a ticket escalates.
        climb_s: u32,
    },
    /// By the text of an attribute: one shard for each of these values, and one for all others.
    Attr {
        /// The attribute's name.
        attr: String,
        /// The values with a shard of their own.
        values: Vec<String>,
        /// Seconds until a ticket escalates.
        climb_s: u32,
    },
}

/// One object of a divided queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shard {
    /// A shard, which has sockets.
    #[serde(rename = "part")]
    Child(u16),
    /// The parent, which matches tickets that their shards could not match.
    #[serde(rename = "top")]
    Parent,
}

impl Shards {
    /// Returns the number of shards.
    #[must_use]
    pub fn count(&self) -> u16 {
        let shards = |borders: usize| u16::try_from(borders + 1).unwrap_or(u16::MAX);
        match self {
            Self::Hash { count, .. } => *count,
            Self::Rating { bands, .. } => shards(bands.len()),
            Self::Attr { values, .. } => shards(values.len()),
        }
    }

    /// Returns the time that a ticket waits in its shard before it escalates.
    #[must_use]
    pub fn escalate_after(&self) -> Duration {
        match self {
            Self::Hash { climb_s, .. } | Self::Rating { climb_s, .. } | Self::Attr { climb_s, .. } => {
                Duration::from_secs((*climb_s).into())
            }
        }
    }

    /// Returns the shard of a player whose ticket is not known yet.
    #[must_use]
    pub fn first_shard(&self, player: &PlayerId) -> u16 {
        let hash = fnv(player.as_str().as_bytes());
        u16::try_from(hash % u64::from(self.count().max(1))).unwrap_or_default()
    }

    /// Returns the shard of a ticket whose first member has these values.
    #[must_use]
    pub fn shard_of(&self, player: &PlayerId, rating: f64, attrs: &Map<String, Value>) -> u16 {
        let nth = match self {
            Self::Hash { .. } => return self.first_shard(player),
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
    /// Returns the object's name: `{pool}:{shard}`, or `{pool}:top`.
    #[must_use]
    pub fn object_name(self, pool: &PoolName) -> String {
        format!("{}:{self}", pool.as_str())
    }

    /// Reads the pool and the shard from an object's name.
    #[must_use]
    pub fn of_object(name: &str) -> Option<(PoolName, Self)> {
        let (pool, shard) = name.rsplit_once(':')?;
        let shard = match shard {
            "top" => Self::Parent,
            nth => Self::Child(nth.parse().ok()?),
        };
        Some((pool.parse().ok()?, shard))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Child(nth) => write!(f, "{nth}"),
            Self::Parent => f.write_str("top"),
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
        let shard = shards.shard_of(&"p_1".parse().unwrap(), rating, attrs.as_object().unwrap());
        assert_eq!(shard, expected);
        assert!(shard < shards.count());
    }

    #[test]
    fn each_player_has_one_shard() {
        let bands = json!({ "by": "rating", "bands": [1200, 1800], "climb_s": 5 });
        check(&bands, 100.0, "", 0);
        check(&bands, 1200.0, "", 1);
        check(&bands, 1800.0, "", 2);
        let langs = json!({ "by": "attr", "attr": "lang", "values": ["en", "fr"], "climb_s": 5 });
        check(&langs, 0.0, "fr", 1);
        check(&langs, 0.0, "xx", 2);
    }

    #[test]
    fn object_name_round_trips() {
        let pool: PoolName = "ranked".parse().unwrap();
        for (shard, name) in [(Shard::Child(3), "ranked:3"), (Shard::Parent, "ranked:top")] {
            assert_eq!(shard.object_name(&pool), name);
            assert_eq!(Shard::of_object(name), Some((pool.clone(), shard)));
        }
        assert_eq!(Shard::of_object("ranked"), None);
        assert_eq!(Shard::of_object("ranked:x"), None);
    }
}
