//! What a queue is for: seats, who fits whom, and the rules of its rooms. Written in wrangler.toml.

use crate::caps;
use crate::id::PoolName;
use crate::player::Devices;
use crate::room::Rules;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pool, as wrangler.toml's `[vars.POOLS.<name>]` says it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// People a match.
    pub seats: usize,
    /// Whether ratings must be near; none, whoever waits longest.
    #[serde(default)]
    pub rating: Option<Window>,
    /// How long a ticket waits for a lost socket, seconds.
    #[serde(default = "pause_s")]
    pub pause_s: u32,
    /// How long two who met are not matched again, seconds; none, they may be at once.
    #[serde(default)]
    pub no_rematch_s: Option<u32>,
    /// How long each has to accept the other, seconds; none, nobody is asked.
    #[serde(default)]
    pub propose_s: Option<u32>,
    /// What happens where somebody who comes to wait is connected as often as is allowed.
    #[serde(default)]
    pub devices: Devices,
    /// What holds in its rooms.
    #[serde(default)]
    pub room: Rules,
}

/// How far apart ratings may be, growing with the wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// At first.
    pub within: f64,
    /// How much it grows a second.
    pub widen_per_s: f64,
    /// At the most.
    pub at_most: f64,
}

fn pause_s() -> u32 {
    u32::try_from(caps::TICKET_PAUSE.as_secs()).unwrap_or(u32::MAX)
}

/// All pools of a deployment.
pub type Pools = BTreeMap<PoolName, Pool>;

/// Reads `POOLS`. An error names the key and the reason.
pub fn read(text: &str) -> Result<Pools, String> {
    let pools: Pools = serde_json::from_str(text).map_err(|error| format!("POOLS: {error}"))?;
    for (name, pool) in &pools {
        if pool.seats != 2 {
            return Err(format!(
                "POOLS.{name}.seats is {}: matches here are of 2",
                pool.seats
            ));
        }
        if pool
            .propose_s
            .is_some_and(|secs| !(1..=caps::PROPOSE_S).contains(&secs))
        {
            let most = caps::PROPOSE_S;
            return Err(format!("POOLS.{name}.propose_s is from 1 to {most}"));
        }
        if let Some(window) = pool.rating {
            let fine = |x: f64| x.is_finite() && x >= 0.0;
            if !fine(window.within) || !fine(window.widen_per_s) || !fine(window.at_most) {
                return Err(format!(
                    "POOLS.{name}.rating: within, widen_per_s and at_most are 0 or more"
                ));
            }
            if window.at_most < window.within {
                return Err(format!("POOLS.{name}.rating.at_most is below within"));
            }
        }
    }
    Ok(pools)
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
        refused(r#"{"a":{"seats":3}}"#, "POOLS.a.seats");
        refused(r#"{"a":{"seats":2,"colour":1}}"#, "colour");
        refused(r#"{"a":{"seats":2,"propose_s":60}}"#, "POOLS.a.propose_s");
        refused(r#"{"A b":{"seats":2}}"#, "POOLS");
        refused(
            r#"{"a":{"seats":2,"rating":{"within":9,"widen_per_s":1,"at_most":1}}}"#,
            "at_most",
        );
    }

    #[test]
    fn the_least_pool() {
        assert!(read(r#"{"a":{"seats":2}}"#).is_ok());
    }
}
