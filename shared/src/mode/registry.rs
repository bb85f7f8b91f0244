//! The modes that a program has, by name and version.

use super::config::ConfigError;
use super::running::{self, Broken, Running, StartError, Started};
use super::{Chance, Mode, Seed, Start};
use crate::limits;
use crate::time::Time;
use serde_json::Value;
use std::fmt;
use std::ops::RangeInclusive;

/// A set of modes.
///
/// A match keeps the version with which it began. The old version of a changed mode therefore stays in the set, as a
/// type of its own, until the last match that began with it has ended ([`limits::ROOM_AGE_MAX`]).
#[derive(Debug, Clone, Copy)]
pub struct Registry<'a>(&'a [Entry]);

/// One version of a mode.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    name: &'static str,
    version: u32,
    fewest: usize,
    most: usize,
    check: fn(&Value) -> Result<(), ConfigError>,
    start: fn(Start<'_, Value>) -> Started,
    restore: fn(&str) -> Result<Box<dyn Running>, Broken>,
}

impl Entry {
    /// Returns the entry of a mode. Its constants are checked when the program is compiled.
    #[must_use]
    pub const fn of<M: Mode>() -> Self {
        const {
            assert!(*M::SEATS.start() >= 1, "a match has at least one seat");
            assert!(*M::SEATS.end() <= limits::SEATS_MAX, "a room has at most SEATS_MAX seats");
            let is_shared = !M::HIDES || *M::SEATS.end() <= limits::MODE_HIDDEN_SEATS_MAX;
            assert!(is_shared, "a mode with hidden state has at most MODE_HIDDEN_SEATS_MAX seats");
            if let Some(tick) = M::TICK {
                let is_within = tick.as_millis() >= limits::MODE_TICK_MIN.as_millis()
                    && tick.as_millis() <= limits::MODE_TICK_MAX.as_millis();
                assert!(is_within, "a tick is from MODE_TICK_MIN to MODE_TICK_MAX");
            }
        }
        Self {
            name: M::NAME,
            version: M::VERSION,
            fewest: *M::SEATS.start(),
            most: *M::SEATS.end(),
            check: |config| running::check::<M>(config).map(drop),
            start: running::start::<M>,
            restore: running::restore::<M>,
        }
    }

    /// Returns the name without the version.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns the numbers of seats that a match may have.
    #[must_use]
    pub fn seats(&self) -> RangeInclusive<usize> {
        self.fewest..=self.most
    }

    /// Checks the number of seats and the configuration of a pool.
    pub fn check(&self, seats: usize, config: &Value) -> Result<(), ConfigError> {
        self.check_seats(seats)?;
        (self.check)(config)
    }

    fn check_seats(&self, seats: usize) -> Result<(), ConfigError> {
        let (fewest, most) = (self.fewest, self.most);
        if self.seats().contains(&seats) {
            return Ok(());
        }
        let message = format!("{self} has {fewest} to {most} seats, and the pool has {seats}: change one");
        Err(ConfigError { field: "seats".into(), message })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl<'a> Registry<'a> {
    /// Returns the set of these modes.
    #[must_use]
    pub const fn new(modes: &'a [Entry]) -> Self {
        Self(modes)
    }

    /// Returns all modes, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a Entry> {
        self.0.iter()
    }

    /// Returns the mode of a text such as `connect-four@1`.
    pub fn find(&self, mode: &str) -> Result<&'a Entry, ConfigError> {
        self.iter().find(|entry| entry.to_string() == mode).ok_or_else(|| {
            let known = self.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let message = if mode.contains('@') {
                format!("no mode is called \"{mode}\": choose one of {known}")
            } else {
                format!("\"{mode}\" has no version: write name@version, one of {known}")
            };
            ConfigError { field: "mode".into(), message }
        })
    }

    /// Starts a match.
    pub fn start(&self, mode: &str, seats: usize, config: &Value, seed: Seed, now: Time) -> Started {
        let entry = self.find(mode).map_err(StartError::Config)?;
        entry.check_seats(seats).map_err(StartError::Config)?;
        (entry.start)(Start { now, seats, config, chance: Chance::new(seed) })
    }

    /// Restores a match from the text of [`Running::encode`].
    pub fn restore(&self, text: &str) -> Result<Box<dyn Running>, Broken> {
        let mode = running::mode_of(text)?;
        let entry = self.find(&mode).map_err(|error| Broken::Unreadable(error.to_string()))?;
        (entry.restore)(text)
    }
}
