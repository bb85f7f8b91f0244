//! Reasons that clients and the region share: why a match ended, and why a player is reported.

use serde::{Deserialize, Serialize};

/// The reason why a room ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// A player ended it.
    Ended,
    /// All players left or stayed away.
    Abandoned,
    /// A player never joined.
    NoShow,
    /// It reached its longest duration.
    TimeUp,
    /// Its mode ended it, with an outcome.
    Mode,
    /// All members with a seat stated the same result.
    Agreed,
    /// Members stated different results, or not all of them stated one in time: the match is not rated.
    Disputed,
    /// Its mode failed, or can no longer be restored: the match is not rated.
    ModeGone,
}

impl EndReason {
    /// Returns the name on the wire and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Abandoned => "abandoned",
            Self::NoShow => "no_show",
            Self::TimeUp => "time_up",
            Self::Mode => "mode",
            Self::Agreed => "agreed",
            Self::Disputed => "disputed",
            Self::ModeGone => "mode_gone",
        }
    }
}

/// The reason of a report about a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Insults, threats, stalking.
    Harassment,
    /// Hatred of a group of people.
    Hate,
    /// Unwanted sexual words or pictures.
    Sexual,
    /// A player who seems to be below the minimum age.
    Underage,
    /// Advertising, fraud, bots.
    Spam,
    /// Unfair play of any kind.
    Cheating,
    /// An offensive name or picture.
    Profile,
    /// Another reason, which the text states.
    Other,
}
