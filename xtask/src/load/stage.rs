//! The stages of a journey that are timed, and the kinds of requests.

use serde::{Deserialize, Serialize};

/// A timed stage. Each is measured from the moment at which it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A guest session, from the due arrival.
    SignIn,
    /// A profile, read at the edge.
    Profile,
    /// Twenty profiles, read at the edge in one request.
    Profiles,
    /// The presence of ten players.
    Presence,
    /// The own profile, read in the region.
    OwnProfile,
    /// The match history.
    History,
    /// A leaderboard, read in the region.
    Leaderboard,
    /// A change of the own profile.
    EditProfile,
    /// A new follow.
    Follow,
    /// From the due entry into the queue to the match: most of it is the wait for another player.
    Wait,
    /// From the later entry of a pair to the match.
    Match,
    /// From the match to the welcome of the room.
    Open,
    /// From the due moment of a message to its arrival at the other player.
    Message,
    /// From a cut to the next welcome.
    Resume,
    /// From the last message to the end of the connection.
    Leave,
}

/// The stages of the live block: those whose latency is the server's alone.
pub(super) const LIVE: &[Stage] =
    &[Stage::SignIn, Stage::Profile, Stage::Match, Stage::Open, Stage::Message, Stage::Resume];
/// The stages that the live block of requests shows.
pub(super) const LIVE_REQUESTS: &[Stage] =
    &[Stage::SignIn, Stage::Profile, Stage::OwnProfile, Stage::EditProfile, Stage::History];

impl Stage {
    /// Returns the name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Profile => "profile",
            Self::Profiles => "profiles",
            Self::Presence => "presence",
            Self::OwnProfile => "own profile",
            Self::History => "history",
            Self::Leaderboard => "leaderboard",
            Self::EditProfile => "edit profile",
            Self::Follow => "follow",
            Self::Wait => "wait in queue",
            Self::Match => "match",
            Self::Open => "open room",
            Self::Message => "message",
            Self::Resume => "resume",
            Self::Leave => "leave",
        }
    }

    /// Returns true for one HTTP request.
    #[must_use]
    pub fn is_http(self) -> bool {
        match self {
            Self::SignIn
            | Self::Profile
            | Self::Profiles
            | Self::Presence
            | Self::OwnProfile
            | Self::History
            | Self::Leaderboard
            | Self::EditProfile
            | Self::Follow => true,
            Self::Wait | Self::Match | Self::Open | Self::Message | Self::Resume | Self::Leave => false,
        }
    }
}
