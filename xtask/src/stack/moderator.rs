//! The moderator of a local stack: a named player, or the first one who signs in.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use shared::id::PlayerId;

/// The word for [`Moderator::First`].
const FIRST: &str = "first";

/// The player who may do on a local stack what moderators may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moderator {
    /// The first player who signs in on this data directory.
    First,
    /// The player with this id.
    Player(PlayerId),
}

impl Moderator {
    /// The variable of the region with which it knows this moderator.
    #[must_use]
    pub fn variable(&self) -> (&'static str, String) {
        match self {
            Self::First => ("FIRST_PLAYER_MODERATES", "on".to_owned()),
            Self::Player(player) => ("MODERATORS", player.to_string()),
        }
    }

    /// Returns the moderator's id, or `first` if no player has signed in on the data directory `data`.
    #[must_use]
    pub fn on(&self, data: &Path) -> String {
        match self {
            Self::First => fs::read_to_string(data.join("region/first_player"))
                .map_or_else(|_| FIRST.to_owned(), |id| id.trim().to_owned()),
            Self::Player(player) => player.to_string(),
        }
    }
}

impl FromStr for Moderator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == FIRST {
            return Ok(Self::First);
        }
        text.parse().map(Self::Player).map_err(|_| {
            format!("a moderator is the id of a player (p_…), or `{FIRST}` for the first player who signs in")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moderator_is_an_id_or_the_first_player() {
        let variable = |text: &str| text.parse::<Moderator>().map(|moderator| moderator.variable());
        assert_eq!(variable("first"), Ok(("FIRST_PLAYER_MODERATES", "on".to_owned())));
        assert_eq!(variable("p_7"), Ok(("MODERATORS", "p_7".to_owned())));
        assert!(variable("bob").is_err_and(|error| error.contains("p_…") && error.contains("`first`")));
    }
}
