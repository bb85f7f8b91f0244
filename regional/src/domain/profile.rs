//! Profiles: what other players see of a player, and what only the owner sees.

pub mod columns;
pub mod edit;

use columns::Column;
use serde_json::{Map, Value};
use shared::id::{PictureId, PlayerId};
use shared::time::Time;

/// A profile as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub player: PlayerId,
    /// Incremented with every change; the entity tag.
    pub version: u64,
    /// The display name.
    pub name: String,
    /// The text about the player; may be empty.
    pub bio: String,
    /// Attributes that matchmaking rules compare: texts, numbers, booleans and sets of texts.
    pub attrs: Map<String, Value>,
    /// Data that only the owner sees.
    pub private: Map<String, Value>,
    /// The name of what the player has paid for. The service chooses it.
    pub tier: Option<String>,
    /// The pictures in their order.
    pub pictures: Vec<PictureId>,
    /// The auth epoch, incremented to end all sessions.
    pub epoch: u64,
    /// When the latest ban expires, if it was not lifted.
    pub banned_until: Option<Time>,
    pub created: Time,
    /// When the profile last changed.
    pub updated: Time,
}

impl Profile {
    /// The profile of a new player.
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

    /// Returns whether the player is banned now. A ban ends by the clock, not by a deletion.
    #[must_use]
    pub fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// Returns what matchmaking rules may compare: the attributes and the tier.
    #[must_use]
    pub fn matchmaking_attrs(&self) -> Map<String, Value> {
        let mut attrs = self.attrs.clone();
        if let Some(tier) = &self.tier {
            attrs.insert(Column::Tier.name().into(), tier.as_str().into());
        }
        attrs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ban_ends_by_the_clock() {
        let at = Time::from_ms;
        let Ok(player) = "p_1".parse() else { return };
        let mut profile = Profile::new(player, "Ana".into(), at(0));
        assert!(!profile.banned(at(5)));
        profile.banned_until = Some(at(10));
        assert!(profile.banned(at(9)));
        assert!(!profile.banned(at(10)));
    }
}
