//! Whether somebody may come in.

use shared::time::Time;

/// What a profile says to logins, moderators and the edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The profile's version, raised with every change that somebody can see.
    pub version: u64,
    /// The auth epoch: sessions and tokens of a lower one are over.
    pub epoch: u64,
    /// When it was last raised.
    pub epoch_at: Option<Time>,
    /// The sort key of the ban that was decided last, until it is lifted.
    pub ban: Option<String>,
    /// Until when that is.
    pub banned_until: Option<Time>,
    /// When it was last decided whether they are banned. Two decisions never have the same.
    pub decided: Option<Time>,
    /// Whether they are to be seen as offline by everybody.
    pub hidden: bool,
}

impl Status {
    /// Whether they are banned now. A ban ends by the clock, not by a deletion.
    #[must_use]
    pub fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}
