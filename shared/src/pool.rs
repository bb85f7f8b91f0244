//! Pool configuration: seats, teams, matching criteria, and the rules of its rooms, as wrangler.toml defines
//! them.

mod check;
mod chosen_mode;
mod devices;
pub mod rules;
#[cfg(feature = "openapi")]
pub mod schema;
mod shards;
pub mod want;

use crate::id::PoolName;
use crate::limits;
use crate::pool::want::Want;
use crate::time::Time;
pub use chosen_mode::ChosenMode;
pub use devices::Devices;
pub use rules::{EndRule, Rules};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// The name and version of the mode that plays in the pool's rooms; none, rooms have no rules of a game.
    #[serde(default)]
    pub mode: Option<String>,
    /// The mode's configuration; null for its defaults.
    #[serde(default)]
    pub mode_config: Value,
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

/// The rating window: the largest distance between ratings, which grows with the wait.
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
    /// Allowance for uncertainty: this multiple of the larger deviation is subtracted from the distance, at most
    /// `within`. The same multiple counts in the choice of a partner: of two equally near ones the more certain.
    #[serde(default)]
    pub uncertainty: f64,
    /// The ticket of the two whose wait the window grows with.
    #[serde(default)]
    pub grows_with: GrowsWith,
    /// Seconds of that wait after which every distance is allowed, also beyond `at_most`; none, never.
    #[serde(default)]
    pub any_after_s: Option<u32>,
}

/// The ticket of the two whose wait widens the rating window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrowsWith {
    /// The one that has waited longer: a rare rating is matched as soon as its own wait allows it.
    #[default]
    Older,
    /// The one that has waited shorter: no player gets a wider gap than their own wait allows.
    Newer,
}

impl RatingWindow {
    /// Returns the amount by which an uncertain rating shortens a distance.
    #[must_use]
    pub fn allowance(&self, deviation: f64) -> f64 {
        (self.uncertainty * deviation).min(self.within)
    }

    /// Returns the start of the wait that the window of two tickets grows with.
    #[must_use]
    pub fn since(&self, a: Time, b: Time) -> Time {
        match self.grows_with {
            GrowsWith::Older => a.min(b),
            GrowsWith::Newer => a.max(b),
        }
    }

    /// Returns the time at which the window, which grows from `since`, reaches the distance; `None` for never.
    #[must_use]
    pub fn reaches_at(&self, distance: f64, since: Time) -> Option<Time> {
        if distance <= self.within {
            return Some(since);
        }
        let any = self.any_after_s.map(|secs| since + Duration::from_secs(secs.into()));
        if distance > self.at_most || self.widen_per_s <= 0.0 {
            return any;
        }
        let wait = ((distance - self.within) / self.widen_per_s * 1000.0).ceil() / 1000.0;
        let grown = Duration::try_from_secs_f64(wait).ok().map(|wait| since + wait);
        grown.into_iter().chain(any).min()
    }
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

    /// Returns the mode of the pool's rooms.
    #[must_use]
    pub fn chosen_mode(&self) -> Option<ChosenMode> {
        self.mode.as_deref().map(|name| ChosenMode::of(name, &self.mode_config))
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

/// The pools of a deployment, with the reasons for which some of them are invalid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfiguredPools {
    /// The valid pools.
    pub pools: Pools,
    /// By name, the key and the reason for which a pool is invalid.
    pub faults: BTreeMap<String, String>,
}

/// Reads the variable `POOLS` for a build. An error names every invalid key, and the reason.
pub fn read(text: &str) -> Result<Pools, String> {
    let ConfiguredPools { pools, faults } = read_each(text)?;
    if faults.is_empty() {
        return Ok(pools);
    }
    Err(faults.into_values().collect::<Vec<_>>().join("\n"))
}

/// Reads the variable `POOLS` at run time, where an invalid pool must not disturb the others. An error means that it
/// is not a list of pools at all.
pub fn read_each(text: &str) -> Result<ConfiguredPools, String> {
    let raw: BTreeMap<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("POOLS: {error}"))?;
    if raw.len() > limits::POOLS_MAX {
        return Err(format!("POOLS: must be at most {} pools", limits::POOLS_MAX));
    }
    let mut configured = ConfiguredPools::default();
    for (name, value) in raw {
        let at = format!("POOLS.{name}");
        let parsed: Result<PoolName, String> = name.parse().map_err(|error| format!("{at}: {error}"));
        match parsed.and_then(|name| Ok((name, read_one(&at, value)?))) {
            Ok((name, pool)) => drop(configured.pools.insert(name, pool)),
            Err(fault) => drop(configured.faults.insert(name, fault)),
        }
    }
    Ok(configured)
}

/// Reads one pool. An error names the key, beginning with `at`, and the reason.
pub fn read_one(at: &str, value: Value) -> Result<Pool, String> {
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
        rejected(r#"{"a":{"seats":2,"mode":"chess@1"}}"#, "POOLS.a.mode: no mode is called");
        rejected(
            r#"{"a":{"seats":3,"mode":"connect-four@1"}}"#,
            "POOLS.a.seats: connect-four@1 has 2 to 2 seats",
        );
        rejected(
            r#"{"a":{"seats":5,"min":{"seats":2,"after_s":3},"mode":"arena@1","mode_config":{"x":1}}}"#,
            "POOLS.a.mode_config",
        );
        rejected(
            r#"{"a":{"seats":9,"min":{"seats":4,"after_s":3},"mode":"arena@1"}}"#,
            "POOLS.a.seats: arena@1 has 2 to 8 seats",
        );
        rejected(r#"{"a":{"seats":2,"mode_config":{}}}"#, "POOLS.a.mode_config: there is no `mode`");
        rejected(
            r#"{"a":{"seats":2,"mode":"connect-four@1","room":{"end":"agreed"}}}"#,
            "POOLS.a.room.end: the mode ends",
        );
    }

    #[test]
    fn invalid_pool_does_not_disturb_the_others() {
        let text =
            r#"{"good":{"seats":2},"bad":{"seats":1},"A b":{"seats":2},"worse":{"seats":2,"colour":1}}"#;
        let configured = read_each(text).unwrap();
        assert_eq!(configured.pools.keys().map(PoolName::as_str).collect::<Vec<_>>(), ["good"]);
        assert_eq!(configured.faults.keys().collect::<Vec<_>>(), ["A b", "bad", "worse"]);
        assert_eq!(configured.faults["bad"], "POOLS.bad.seats: must be 2 to 64");
        // A build names all of them.
        let error = read(text).unwrap_err();
        assert!(configured.faults.values().all(|fault| error.contains(fault)), "{error}");
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
