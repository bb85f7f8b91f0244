//! The mode that plays in a room, as its pool or its creator chooses it.

use crate::mode::Seed;
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
