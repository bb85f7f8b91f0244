//! The configuration of a mode, and the errors that name its fields.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// An error in what a pool says about its mode: the field, and the limit with the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The field of the pool, such as `mode_config.round_s`.
    pub field: String,
    pub message: String,
}

impl ConfigError {
    /// Returns the error of a field of `mode_config`.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: format!("mode_config.{field}"), message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// The configuration of a mode that has none.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// Checks that a number is in its range.
pub fn within(field: &str, value: u32, range: &RangeInclusive<u32>) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(ConfigError::new(field, format!("{value} is outside {low} to {high}: choose a number in between")))
}

/// Checks that a span in seconds is at least one second, and at most `most`.
pub fn seconds(field: &str, value: u32, most: Duration) -> Result<(), ConfigError> {
    within(field, value, &(1..=u32::try_from(most.as_secs()).unwrap_or(u32::MAX)))
}

/// Reads a configuration; null stands for the default.
pub(super) fn read<C: DeserializeOwned + Default>(config: &Value) -> Result<C, ConfigError> {
    if config.is_null() {
        return Ok(C::default());
    }
    serde_json::from_value(config.clone()).map_err(|error| {
        // The error of an unknown field names it, and that of a wrong type does not: the field alone fails too.
        let fails = |(name, value): (&String, &Value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<C>(Value::Object(alone)).is_err().then(|| format!("mode_config.{name}"))
        };
        let field = config.as_object().and_then(|map| map.iter().find_map(fails));
        ConfigError { field: field.unwrap_or_else(|| "mode_config".into()), message: error.to_string() }
    })
}
