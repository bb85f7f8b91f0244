//! The rules of a room, as its pool or its creator sets them.

use crate::limits;
use crate::pool::Devices;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The players who may end a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndRule {
    /// Every member may end it.
    #[default]
    Anyone,
    /// Only the owner.
    Owner,
    /// No member: the room ends by time, or when all have left.
    Nobody,
    /// All members with a seat together: each states the same result within 30 seconds.
    Agreed,
}

/// The rules of a room. A rule that is left out has its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// The players who may end the room.
    pub end: EndRule,
    /// True if spectators are allowed.
    pub spectators: bool,
    /// The time for which a seat is kept after its socket was lost, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::pool::schema::Span))]
    pub grace_s: u32,
    /// The time for which the room waits for a player who has not arrived, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::pool::schema::Span))]
    pub no_show_s: u32,
    /// The longest lifetime of the room, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::pool::schema::Span))]
    pub age_s: u32,
    /// The time for which the room answers after its end, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::pool::schema::Span))]
    pub linger_s: u32,
    /// The policy for a member at the device limit who opens another connection.
    pub devices: Devices,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            end: EndRule::Anyone,
            spectators: false,
            grace_s: secs(limits::SEAT_GRACE),
            no_show_s: secs(limits::NO_SHOW_TIMEOUT),
            age_s: secs(limits::ROOM_AGE_MAX),
            linger_s: secs(limits::ROOM_LINGER),
            devices: Devices::default(),
        }
    }
}

impl Rules {
    /// Returns the invalid key and its limit. No duration exceeds the longest lifetime of a room, so that the
    /// creator of a room cannot keep it and its data for years.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let max = secs(limits::ROOM_AGE_MAX);
        let spans = [
            ("grace_s", self.grace_s),
            ("no_show_s", self.no_show_s),
            ("age_s", self.age_s),
            ("linger_s", self.linger_s),
        ];
        let (key, _) = spans.into_iter().find(|(_, span)| *span > max)?;
        Some((key, format!("must be 0 to {max} seconds")))
    }

    /// Returns the time for which a seat is kept.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_s.into())
    }

    /// Returns the time for which the room waits for a player who has not arrived.
    #[must_use]
    pub fn no_show(&self) -> Duration {
        Duration::from_secs(self.no_show_s.into())
    }

    /// Returns the longest lifetime of the room.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_secs(self.age_s.into()).min(limits::ROOM_AGE_MAX)
    }

    /// Returns the time for which the room answers after its end.
    #[must_use]
    pub fn linger(&self) -> Duration {
        Duration::from_secs(self.linger_s.into())
    }
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
