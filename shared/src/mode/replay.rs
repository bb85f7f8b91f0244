//! Replays: a match as its start and its accepted events, which give the same match again.

use super::running::StartError;
use super::{Event, Registry, Rejection, Running, Seed, Verdict};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A match from its start: everything that its state follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// The name and version of the mode.
    pub mode: String,
    /// The `mode_config` of the pool; null for the defaults.
    #[serde(default)]
    pub config: Value,
    /// The number of seats.
    pub seats: usize,
    /// The seed of the mode's randomness: 32 hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub seed: Seed,
    /// When the match started.
    pub started: Time,
    /// The accepted events in order, each with its time.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Value>))]
    pub events: Vec<(Time, Event<Value>)>,
}

/// The reason for which a replay stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayError {
    /// The match cannot start.
    Start(StartError),
    /// The event with this index, from 0, is not accepted.
    Event { index: usize, rejection: Rejection },
}

impl Replay {
    /// Plays the match again, and shows it after its start and after each event.
    pub fn run(
        &self,
        modes: &Registry<'_>,
        mut show: impl FnMut(Time, Option<(&Event<Value>, &Verdict)>, &dyn Running),
    ) -> Result<Box<dyn Running>, ReplayError> {
        let started = modes.start(&self.mode, self.seats, &self.config, self.seed, self.started);
        let mut game = started.map_err(ReplayError::Start)?;
        show(self.started, None, game.as_ref());
        for (index, (now, event)) in self.events.iter().enumerate() {
            let handled = game.handle(*now, event);
            let verdict = handled.map_err(|rejection| ReplayError::Event { index, rejection })?;
            show(*now, Some((event, &verdict)), game.as_ref());
        }
        Ok(game)
    }
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the match cannot start: {error}"),
            Self::Event { index, rejection: Rejection::Fault(fault) } => {
                write!(f, "event {index} is refused with {}: {}", fault.why, fault.message)
            }
            Self::Event { index, rejection: Rejection::Broken(broken) } => {
                write!(f, "event {index}: {broken}")
            }
        }
    }
}

impl std::error::Error for ReplayError {}
