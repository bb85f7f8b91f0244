//! Who somebody is to others, and how they may change it.

pub mod edit;

pub use edit::name;
pub(crate) use edit::unseemly;

use serde_json::{Map, Value};
use shared::id::{PictureId, PlayerId};
use shared::time::Time;

/// A player, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Who.
    pub player: PlayerId,
    /// Raised with every change; the entity tag.
    pub version: u64,
    /// The display name.
    pub name: String,
    /// What they say of themselves; may be empty.
    pub bio: String,
    /// What queues may go by: texts, numbers, truths and sets of texts.
    pub attrs: Map<String, Value>,
    /// What they alone see.
    pub private: Map<String, Value>,
    /// What they have paid for, by a name that the service chose.
    pub tier: Option<String>,
    /// Their pictures, the first one first.
    pub pictures: Vec<PictureId>,
    /// Raised to end all their sessions.
    pub epoch: u64,
    /// Until when they are banned, if they were.
    pub banned_until: Option<Time>,
    /// When they came.
    pub created: Time,
    /// When they last changed something.
    pub updated: Time,
}

impl Profile {
    /// Somebody new.
    #[must_use]
    pub fn new(player: PlayerId, name: String, now: Time) -> Self {
        Self {
            player,
            version: 1,
            name,
            bio: String::new(),
            attrs: Map::new(),
            private: Map::new(),
            tier: None,
            pictures: Vec::new(),
            epoch: 0,
            banned_until: None,
            created: now,
            updated: now,
        }
    }

    /// Whether they are banned now. A ban ends by the clock, not by a deletion.
    #[must_use]
    pub fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// What queues may go by, the tier among it.
    #[must_use]
    pub fn standing_attrs(&self) -> Map<String, Value> {
        let mut attrs = self.attrs.clone();
        if let Some(tier) = &self.tier {
            attrs.insert(edit::TIER.into(), tier.as_str().into());
        }
        attrs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_ends_by_the_clock() {
        let at = Time::from_ms;
        let Ok(player) = "p_1".parse() else { return };
        let mut profile = Profile::new(player, "Ana".into(), at(0));
        assert!(!profile.banned(at(5)));
        profile.banned_until = Some(at(10));
        assert!(profile.banned(at(9)));
        assert!(!profile.banned(at(10)));
    }
}
