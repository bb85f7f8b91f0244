//! The mode that plays in a room, as its pool or its creator chooses it.

use crate::mode::config::ConfigError;
use crate::mode::{MODES, Seed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The mode of a room, which keeps the version that it began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenMode {
    /// The name and version, such as `connect-four@1`.
    pub name: String,
    /// The mode's configuration; null for its defaults.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// The seed of the mode's randomness. The creator of a room leaves it out: the room's own object draws it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
}

impl ChosenMode {
    /// Returns the choice of a mode whose seed is not drawn yet.
    #[must_use]
    pub fn of(name: &str, config: &Value) -> Self {
        Self { name: name.to_owned(), config: config.clone(), seed: None }
    }

    /// Checks a choice, or its absence, for matches of these numbers of seats.
    pub fn check(
        mode: Option<&str>,
        config: &Value,
        seats: impl IntoIterator<Item = usize>,
    ) -> Result<(), ConfigError> {
        let Some(mode) = mode else {
            let message = "there is no `mode` to configure: add one, or leave this out".to_owned();
            let error = ConfigError { field: "mode_config".to_owned(), message };
            return if config.is_null() { Ok(()) } else { Err(error) };
        };
        let entry = MODES.find(mode)?;
        seats.into_iter().try_for_each(|seats| entry.check(seats, config))
    }
}
