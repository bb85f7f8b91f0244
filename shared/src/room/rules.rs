//! What holds in a room, as its pool says.

use crate::caps;
use crate::player::Devices;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who may end a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndRule {
    /// Anybody with a seat.
    #[default]
    Anyone,
    /// Its owner alone.
    Owner,
    /// Nobody: it ends by time or when all have left.
    Nobody,
}

/// What holds in a room. What is left out has the default from `caps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Who may end it.
    pub end: EndRule,
    /// Whether others may watch.
    pub spectators: bool,
    /// How long a seat is kept for a lost socket, seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::http::openapi::Span))]
    pub grace_s: u32,
    /// How long it waits for who never came, seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::http::openapi::Span))]
    pub no_show_s: u32,
    /// How long it lives at most, seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::http::openapi::Span))]
    pub age_s: u32,
    /// How long it answers once it is over, seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::http::openapi::Span))]
    pub linger_s: u32,
    /// What happens where a member is connected as often as is allowed.
    pub devices: Devices,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            end: EndRule::Anyone,
            spectators: false,
            grace_s: secs(caps::SEAT_GRACE),
            no_show_s: secs(caps::NO_SHOW),
            age_s: secs(caps::ROOM_AGE),
            linger_s: secs(caps::LINGER),
            devices: Devices::default(),
        }
    }
}

impl Rules {
    /// The key that is wrong, and why. No span is longer than a room may live: who makes a room must not keep it, and
    /// what is stored of it, for years.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let most = secs(caps::ROOM_AGE);
        let spans = [
            ("grace_s", self.grace_s),
            ("no_show_s", self.no_show_s),
            ("age_s", self.age_s),
            ("linger_s", self.linger_s),
        ];
        let (key, _) = spans.into_iter().find(|(_, span)| *span > most)?;
        Some((key, format!("0 to {most} seconds")))
    }

    /// How long a seat is kept.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_s.into())
    }

    /// How long it waits for who never came.
    #[must_use]
    pub fn no_show(&self) -> Duration {
        Duration::from_secs(self.no_show_s.into())
    }

    /// How long it lives.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_secs(self.age_s.into()).min(caps::ROOM_AGE)
    }

    /// How long it answers once it is over.
    #[must_use]
    pub fn linger(&self) -> Duration {
        Duration::from_secs(self.linger_s.into())
    }
}

fn secs(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
