//! The first player to sign in, who moderates a region on one machine.

use shared::id::PlayerId;
use shared::service_key::Scope;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The first player to sign in: known from the first sign-in on, and kept in a file beside the data for later runs.
#[derive(Debug, PartialEq, Eq)]
pub struct FirstPlayer {
    file: PathBuf,
    player: OnceLock<PlayerId>,
    scopes: BTreeSet<Scope>,
}

impl FirstPlayer {
    /// Reads the player of an earlier run from `file`; without that file, the next player to sign in is the first.
    pub(super) fn open(file: &Path, scopes: impl Into<BTreeSet<Scope>>) -> io::Result<Self> {
        let player = match fs::read_to_string(file) {
            Ok(text) => OnceLock::from(text.trim().parse::<PlayerId>().map_err(|_| ErrorKind::InvalidData)?),
            Err(error) if error.kind() == ErrorKind::NotFound => OnceLock::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { file: file.to_owned(), player, scopes: scopes.into() })
    }

    /// Makes the player the first one, unless there is one already.
    pub(super) fn sign_in(&self, player: &PlayerId) {
        self.player.get_or_init(|| {
            // The file holds one line, which is written once in the life of a data directory.
            if let Err(error) = fs::write(&self.file, format!("{player}\n")) {
                let file = self.file.display();
                tracing::error!(%error, %file, "the first player is a moderator for this run only");
            }
            player.clone()
        });
    }

    /// Returns the scopes of a player; none, the player is not the first one.
    pub(super) fn scopes(&self, player: &PlayerId) -> Option<&BTreeSet<Scope>> {
        (self.player.get() == Some(player)).then_some(&self.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::operators::Operators;

    #[test]
    fn first_player_to_sign_in_moderates_also_after_a_restart() -> Result<(), Box<dyn std::error::Error>> {
        let dir = std::env::temp_dir().join(format!("matchpoint-first-player-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let file = dir.join("first_player");
        let (first, second): (PlayerId, PlayerId) = ("p_first".parse()?, "p_second".parse()?);

        let operators = Operators::default().with_first_player(&file)?;
        assert_eq!(operators.scopes(&first), None, "no player has signed in");
        operators.sign_in(&first);
        operators.sign_in(&second);
        assert_eq!(operators.scopes(&first), Some(&Operators::MODERATOR.into()));
        assert_eq!(operators.scopes(&second), None);

        let restarted = Operators::default().with_first_player(&file)?;
        restarted.sign_in(&second);
        assert_eq!(restarted.scopes(&first), Some(&Operators::MODERATOR.into()));
        assert_eq!(restarted.scopes(&second), None);

        fs::write(&file, "nobody")?;
        assert!(Operators::default().with_first_player(&file).is_err());
        Ok(fs::remove_dir_all(dir)?)
    }
}
