//! A note of a moderator about a player, which only moderators read.

use shared::id::{NoteId, PlayerId};
use shared::time::Time;

/// A moderator's text about a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: NoteId,
    pub player: PlayerId,
    /// The operator, or `p_service-` and the id of a service key.
    pub by: PlayerId,
    pub written: Time,
    pub text: String,
}
