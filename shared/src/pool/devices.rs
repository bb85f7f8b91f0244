//! The policy of a pool or a room for players at the device limit.

use serde::{Deserialize, Serialize};

/// The policy for a player at the device limit who opens another connection. With each policy the new
/// connection opens only after the old one has closed: the limit is never exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Devices {
    /// The new connection is rejected with 4008.
    #[default]
    RejectNew,
    /// The oldest connection is closed with 4008, wherever it is.
    KickOldest,
    /// All other connections are closed with 4006, wherever they are: one device at a time.
    TakeOver,
}
