//! The notes of moderators about a player.

use super::Store;
use super::audit::audit_op;
use super::item::{Item, get_text, new_item, s, stored_key};
use super::keys::{Key, NOTE_PREFIX, SK, Table};
use super::write_op::WriteOp;
use crate::domain::note::Note;
use crate::error::Error;
use shared::id::PlayerId;
use shared::rpc::audit::AuditEntry;

impl Store {
    /// Stores a note, together with its action in the audit trail. Returns false if there is no such player.
    pub async fn add_note(&self, note: &Note, audit: &AuditEntry) -> Result<bool, Error> {
        let key = Key::Note(note.player.clone(), note.written, note.id.clone());
        let item = new_item(&key, [("by", s(note.by.as_str())), ("text", s(&note.text))]);
        let ops = vec![
            WriteOp::put(Table::Core, item),
            WriteOp::check(&Key::Profile(note.player.clone()))
                .only_if("attribute_exists(pk) AND attribute_not_exists(erased)"),
            audit_op(audit),
        ];
        Ok(self.commit("add_note", ops).await?.is_committed())
    }

    /// Returns a page of the notes about a player, the newest first, and the sort key after which the next page starts. The
    /// list may miss the newest ones.
    pub async fn notes(
        &self,
        player: &PlayerId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Note>, Option<String>), Error> {
        let (items, next) = self.player_page("get_notes", player, NOTE_PREFIX, after, limit).await?;
        Ok((items.iter().map(read).collect::<Result<_, _>>()?, next))
    }
}

fn read(item: &Item) -> Result<Note, Error> {
    let Some(Key::Note(player, written, id)) = stored_key(item) else {
        return Err(Error::Corrupt { attribute: SK });
    };
    Ok(Note { id, player, written, by: get_text(item, "by")?, text: get_text(item, "text")? })
}
