//! What a queue is for: seats, who fits whom, and the rules of its rooms. Written in wrangler.toml.

mod check;
mod shards;

use crate::caps;
use crate::id::PoolName;
use crate::lobby::want::Want;
use crate::player::Devices;
use crate::room::Rules;
use serde::{Deserialize, Serialize};
pub use shards::{Shard, Shards};
use std::collections::BTreeMap;
use std::time::Duration;

/// A pool, as wrangler.toml's `[vars.POOLS.<name>]` says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// People a match, 2 to 64. With `teams` it may be left out.
    #[serde(default)]
    pub seats: usize,
    /// How they are divided; none, everybody is on their own.
    #[serde(default)]
    pub teams: Option<Teams>,
    /// With how many a match may start when the seats do not fill; none, only with all.
    #[serde(default)]
    pub min: Option<Least>,
    /// People a party, at most; 1, nobody comes in company.
    #[serde(default = "alone")]
    pub party: usize,
    /// Whether ratings must be near; none, whoever waits longest.
    #[serde(default)]
    pub rating: Option<Window>,
    /// What everybody here wants of the others, besides what they say themselves.
    #[serde(default)]
    pub wants: Vec<Want>,
    /// Who waited longer than this is matched before all who did not, even where ratings would be nearer, seconds.
    #[serde(default = "fair_after_s")]
    pub fair_after_s: u32,
    /// What happens where somebody who comes is connected as often as is allowed.
    #[serde(default)]
    pub devices: Devices,
    /// How long a ticket waits for a lost socket, seconds.
    #[serde(default = "pause_s")]
    pub pause_s: u32,
    /// How long a ticket waits for a match, seconds.
    #[serde(default = "patience_s")]
    pub patience_s: u32,
    /// How long those who met are not matched again, seconds; none, they may be at once.
    #[serde(default)]
    pub no_rematch_s: Option<u32>,
    /// How long each has to accept the others, seconds; none, nobody is asked.
    #[serde(default)]
    pub propose_s: Option<u32>,
    /// Tickets in one lobby, at most.
    #[serde(default = "tickets")]
    pub tickets: usize,
    /// How the queue is divided among objects; none, one object is all of it.
    #[serde(default)]
    pub shards: Option<Shards>,
    /// What holds in its rooms.
    #[serde(default)]
    pub room: Rules,
}

/// Teams of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// How many.
    pub count: usize,
    /// People a team.
    pub size: usize,
}

/// With how many a match may start, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Least {
    /// People.
    pub seats: usize,
    /// Once somebody among them has waited so long, seconds.
    pub after_s: u32,
}

/// How far apart ratings may be, growing with the wait of whoever waited less.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// At first.
    pub within: f64,
    /// How much it grows a second.
    #[serde(default)]
    pub widen_per_s: f64,
    /// At the most.
    pub at_most: f64,
    /// How much of two ratings' uncertainty is taken off their distance: of the larger deviation this many times.
    #[serde(default)]
    pub uncertainty: f64,
}

impl Pool {
    /// The people of each team in a full match.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self.teams {
            Some(teams) => vec![teams.size; teams.count],
            None => vec![self.seats],
        }
    }

    /// Whether a match is always of two tickets.
    #[must_use]
    pub fn is_of_pairs(&self) -> bool {
        self.seats == 2 && self.party == 1 && self.min.is_none()
    }

    /// How long somebody waits before others who came later are no longer preferred.
    #[must_use]
    pub fn fair_after(&self) -> Duration {
        Duration::from_secs(self.fair_after_s.into())
    }
}

fn alone() -> usize {
    1
}

fn fair_after_s() -> u32 {
    secs(caps::FAIR_AFTER)
}

fn pause_s() -> u32 {
    secs(caps::TICKET_PAUSE)
}

fn patience_s() -> u32 {
    secs(caps::TICKET_AGE)
}

fn tickets() -> usize {
    caps::TICKETS
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// All pools of a deployment.
pub type Pools = BTreeMap<PoolName, Pool>;

/// Reads `POOLS`. An error names the key and the reason.
pub fn read(text: &str) -> Result<Pools, String> {
    let raw: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| format!("POOLS: {error}"))?;
    if raw.len() > caps::POOLS {
        return Err(format!("POOLS: at most {}", caps::POOLS));
    }
    let mut pools = Pools::new();
    for (name, value) in raw {
        let at = format!("POOLS.{name}");
        let name: PoolName = name.parse().map_err(|error| format!("{at}: {error}"))?;
        pools.insert(name, one(&at, value)?);
    }
    Ok(pools)
}

/// Reads one pool. An error names the key, beginning with `at`, and the reason.
pub fn one(at: &str, value: serde_json::Value) -> Result<Pool, String> {
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

    fn refused(text: &str, reason: &str) {
        let error = read(text).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_wrong_pool_is_refused_with_its_key() {
        refused(r#"{"a":{"seats":1}}"#, "POOLS.a.seats");
        refused(r#"{"a":{"seats":65}}"#, "POOLS.a.seats");
        refused(r#"{"a":{"seats":2,"colour":1}}"#, "colour");
        refused(r#"{"a":{"seats":2,"propose_s":60}}"#, "POOLS.a.propose_s");
        refused(r#"{"a":{"seats":2,"room":{"linger_s":14401}}}"#, "POOLS.a.room.linger_s");
        refused(r#"{"A b":{"seats":2}}"#, "POOLS");
        refused(
            r#"{"a":{"seats":2,"rating":{"within":9,"widen_per_s":1,"at_most":1}}}"#,
            "POOLS.a.rating.at_most",
        );
        refused(r#"{"a":{"seats":3,"teams":{"count":2,"size":2}}}"#, "POOLS.a.seats");
        refused(r#"{"a":{"teams":{"count":1,"size":2}}}"#, "POOLS.a.teams.count");
        refused(r#"{"a":{"seats":4,"party":5}}"#, "POOLS.a.party");
        refused(r#"{"a":{"teams":{"count":2,"size":3},"party":4}}"#, "POOLS.a.party");
        refused(r#"{"a":{"seats":4,"min":{"seats":4,"after_s":3}}}"#, "POOLS.a.min.seats");
        refused(r#"{"a":{"teams":{"count":2,"size":3},"min":{"seats":3,"after_s":3}}}"#, "POOLS.a.min.seats");
        refused(r#"{"a":{"seats":2,"tickets":1}}"#, "POOLS.a.tickets");
        refused(r#"{"a":{"seats":2,"patience_s":0}}"#, "POOLS.a.patience_s");
        refused(r#"{"a":{"seats":2,"wants":[{"attr":"x"}]}}"#, "POOLS.a.wants[0]");
        refused(r#"{"a":{"seats":2,"shards":{"by":"hash","count":1,"climb_s":5}}}"#, "POOLS.a.shards.count");
        refused(
            r#"{"a":{"seats":2,"shards":{"by":"rating","bands":[3,1],"climb_s":5}}}"#,
            "POOLS.a.shards.bands",
        );
        refused(r#"{"a":{"seats":2,"shards":{"by":"size"}}}"#, "POOLS.a");
    }

    #[test]
    fn the_least_pool() {
        let pools = read(r#"{"a":{"seats":2}}"#).unwrap();
        assert!(pools.values().all(Pool::is_of_pairs));
    }

    #[test]
    fn teams_say_how_many_seats_there_are() {
        let pools = read(r#"{"a":{"teams":{"count":2,"size":5},"party":5}}"#).unwrap();
        let pool = pools.values().next().unwrap();
        assert_eq!((pool.seats, pool.shape()), (10, vec![5, 5]));
    }
}
