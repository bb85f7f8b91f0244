//! The account status of a player: auth epoch, ban and visibility.

use shared::time::Time;

/// The part of a profile row that logins, moderators and the edge use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The profile's version, incremented with every visible change.
    pub version: u64,
    /// The auth epoch. Sessions and tokens of a lower epoch are invalid.
    pub epoch: u64,
    /// When the epoch was last incremented.
    pub epoch_at: Option<Time>,
    /// The sort key of the latest ban, until the ban is lifted.
    pub ban: Option<String>,
    /// When that ban expires.
    pub banned_until: Option<Time>,
    /// When a moderator last decided about a ban. No two decisions have the same moment.
    pub decided: Option<Time>,
    /// True if the player appears offline to all other players.
    pub hidden: bool,
}

impl Status {
    /// Returns whether the player is banned now. A ban ends by the clock, not by a deletion.
    #[must_use]
    pub fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}
