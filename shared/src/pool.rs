//! Pool configuration: seats, teams, matching criteria, and the rules of its rooms, as wrangler.toml defines
//! them.

mod check;
mod devices;
pub mod rules;
#[cfg(feature = "openapi")]
pub mod schema;
mod shards;
pub mod want;

use crate::id::PoolName;
use crate::limits;
use crate::pool::want::Want;
pub use devices::Devices;
pub use rules::{EndRule, Rules};
use serde::{Deserialize, Serialize};
pub use shards::{Shard, Shards};
use std::collections::BTreeMap;
use std::time::Duration;

/// The configuration of one pool: `[vars.POOLS.<name>]` in wrangler.toml.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Players per match, 2 to 64. May be left out where `teams` is set.
    #[serde(default)]
    pub seats: usize,
    /// Teams of equal size; none, every player plays alone.
    #[serde(default)]
    pub teams: Option<Teams>,
    /// The smaller match that may start when the seats do not fill; none, only full matches start.
    #[serde(default)]
    pub min: Option<MinSeats>,
    /// Players per party at most; 1, parties are disabled.
    #[serde(default = "party_of_one")]
    pub party: usize,
    /// How near ratings must be; none, tickets are matched by waiting time.
    #[serde(default)]
    pub rating: Option<RatingWindow>,
    /// Wants that apply to all tickets, in addition to their own.
    #[serde(default)]
    pub wants: Vec<Want>,
    /// Seconds after which a ticket is matched before all newer ones, even where ratings would be nearer.
    #[serde(default = "fair_after_s")]
    pub fair_after_s: u32,
    /// The policy for a player at the device limit who opens another connection.
    #[serde(default)]
    pub devices: Devices,
    /// Seconds that a ticket waits for a lost socket.
    #[serde(default = "pause_s")]
    pub pause_s: u32,
    /// Seconds that a ticket waits for a match.
    #[serde(default = "patience_s")]
    pub patience_s: u32,
    /// Seconds for which opponents are not matched again; none, they may be matched at once.
    #[serde(default)]
    pub no_rematch_s: Option<u32>,
    /// Seconds in which each player must accept a proposal; none, matches start without one.
    #[serde(default)]
    pub propose_s: Option<u32>,
    /// Tickets in one lobby at most.
    #[serde(default = "tickets_max")]
    pub tickets: usize,
    /// The division of the queue over several objects; none, one object holds all of it.
    #[serde(default)]
    pub shards: Option<Shards>,
    /// The rules of the pool's rooms.
    #[serde(default)]
    pub room: Rules,
}

/// Teams of equal size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// Number of teams.
    pub count: usize,
    /// Players per team.
    pub size: usize,
}

/// A match smaller than full, and when it may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinSeats {
    /// Number of players.
    pub seats: usize,
    /// Seconds after which it may start, counted from the longest wait among its players.
    pub after_s: u32,
}

/// The rating window: the largest distance between ratings, which grows with the shorter wait of the two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingWindow {
    /// Distance at the start of the wait.
    pub within: f64,
    /// Growth of the distance per second.
    #[serde(default)]
    pub widen_per_s: f64,
    /// Largest distance, whatever the wait.
    pub at_most: f64,
    /// Allowance for uncertainty: this multiple of the larger deviation is subtracted from the distance.
    #[serde(default)]
    pub uncertainty: f64,
}

impl Pool {
    /// Returns the number of players of each team in a full match.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self.teams {
            Some(teams) => vec![teams.size; teams.count],
            None => vec![self.seats],
        }
    }

    /// True if each match consists of exactly two tickets.
    #[must_use]
    pub fn is_pairs_only(&self) -> bool {
        self.seats == 2 && self.party == 1 && self.min.is_none()
    }

    /// Returns the wait after which newer tickets are no longer preferred.
    #[must_use]
    pub fn fair_after(&self) -> Duration {
        Duration::from_secs(self.fair_after_s.into())
    }
}

fn party_of_one() -> usize {
    1
}

fn fair_after_s() -> u32 {
    secs(limits::FAIR_AFTER_DEFAULT)
}

fn pause_s() -> u32 {
    secs(limits::TICKET_PAUSE_MAX)
}

fn patience_s() -> u32 {
    secs(limits::TICKET_AGE_MAX)
}

fn tickets_max() -> usize {
    limits::TICKETS_MAX
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// The pools of a deployment, by name.
pub type Pools = BTreeMap<PoolName, Pool>;

/// Reads the variable `POOLS`. An error names the key and the reason.
pub fn read(text: &str) -> Result<Pools, String> {
    let raw: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| format!("POOLS: {error}"))?;
    if raw.len() > limits::POOLS_MAX {
        return Err(format!("POOLS: must be at most {} pools", limits::POOLS_MAX));
    }
    let mut pools = Pools::new();
    for (name, value) in raw {
        let at = format!("POOLS.{name}");
        let name: PoolName = name.parse().map_err(|error| format!("{at}: {error}"))?;
        pools.insert(name, read_one(&at, value)?);
    }
    Ok(pools)
}

/// Reads one pool. An error names the key, beginning with `at`, and the reason.
pub fn read_one(at: &str, value: serde_json::Value) -> Result<Pool, String> {
    let mut pool: Pool = serde_json::from_value(value).map_err(|error| format!("{at}: {error}"))?;
    if let Some(teams) = pool.teams
        && pool.seats == 0
    {
        pool.seats = teams.count.saturating_mul(teams.size);
    }
    match check::fault(&pool) {
        None => Ok(pool),
        Some((key, reason)) => Err(format!("{at}.{key}: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(text: &str, reason: &str) {
        let error = read(text).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn invalid_pool_is_rejected_with_its_key() {
        rejected(r#"{"a":{"seats":1}}"#, "POOLS.a.seats");
        rejected(r#"{"a":{"seats":65}}"#, "POOLS.a.seats");
        rejected(r#"{"a":{"seats":2,"colour":1}}"#, "colour");
        rejected(r#"{"a":{"seats":2,"propose_s":60}}"#, "POOLS.a.propose_s");
        rejected(r#"{"a":{"seats":2,"room":{"linger_s":14401}}}"#, "POOLS.a.room.linger_s");
        rejected(r#"{"A b":{"seats":2}}"#, "POOLS");
        rejected(
            r#"{"a":{"seats":2,"rating":{"within":9,"widen_per_s":1,"at_most":1}}}"#,
            "POOLS.a.rating.at_most",
        );
        rejected(r#"{"a":{"seats":3,"teams":{"count":2,"size":2}}}"#, "POOLS.a.seats");
        rejected(r#"{"a":{"teams":{"count":1,"size":2}}}"#, "POOLS.a.teams.count");
        rejected(r#"{"a":{"seats":4,"party":5}}"#, "POOLS.a.party");
        rejected(r#"{"a":{"teams":{"count":2,"size":3},"party":4}}"#, "POOLS.a.party");
        rejected(r#"{"a":{"seats":4,"min":{"seats":4,"after_s":3}}}"#, "POOLS.a.min.seats");
        rejected(
            r#"{"a":{"teams":{"count":2,"size":3},"min":{"seats":3,"after_s":3}}}"#,
            "POOLS.a.min.seats",
        );
        rejected(r#"{"a":{"seats":2,"tickets":1}}"#, "POOLS.a.tickets");
        rejected(r#"{"a":{"seats":2,"patience_s":0}}"#, "POOLS.a.patience_s");
        rejected(r#"{"a":{"seats":2,"wants":[{"attr":"x"}]}}"#, "POOLS.a.wants[0]");
        rejected(r#"{"a":{"seats":2,"shards":{"by":"hash","count":1,"climb_s":5}}}"#, "POOLS.a.shards.count");
        rejected(
            r#"{"a":{"seats":2,"shards":{"by":"rating","bands":[3,1],"climb_s":5}}}"#,
            "POOLS.a.shards.bands",
        );
        rejected(r#"{"a":{"seats":2,"shards":{"by":"size"}}}"#, "POOLS.a");
    }

    #[test]
    fn smallest_pool_is_accepted() {
        let pools = read(r#"{"a":{"seats":2}}"#).unwrap();
        assert!(pools.values().all(Pool::is_pairs_only));
    }

    #[test]
    fn teams_determine_the_number_of_seats() {
        let pools = read(r#"{"a":{"teams":{"count":2,"size":5},"party":5}}"#).unwrap();
        let pool = pools.values().next().unwrap();
        assert_eq!((pool.seats, pool.shape()), (10, vec![5, 5]));
    }
}
