//! The configuration of the arena.

use crate::mode::config::{ConfigError, within};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::mode) struct Config {
    /// The coins with which a player wins.
    pub(super) coins_to_win: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { coins_to_win: 10 }
    }
}

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("coins_to_win", self.coins_to_win, &(1..=1000))
    }

    /// True for what matches stored before there was a configuration.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
