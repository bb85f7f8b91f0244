//! The account status in a profile row, which logins and moderators use.

use super::Store;
use super::audit::audit_op;
use super::item::{Item, at, flag, get_flag, get_number, optional_text, optional_time};
use super::keys::Key;
use super::write_op::{UpdateOutcome, WriteOp};
use crate::domain::profile::columns::Column;
use crate::domain::status::Status;
use crate::error::Error;
use shared::id::PlayerId;
use shared::rpc::audit::AuditEntry;
use shared::time::Time;
use std::iter;

impl Store {
    /// Returns the status of a player, or none if there is no such player.
    pub async fn status_strong(&self, player: &PlayerId) -> Result<Option<Status>, Error> {
        let item = self.item_strong("get_status", &Key::Profile(player.clone())).await?;
        let item = item.filter(|item| !is_erased(item));
        item.as_ref().map(read).transpose()
    }

    /// Ends all sessions of a player at once, by incrementing the auth epoch, together with the action in the audit trail
    /// where an operator does it. Returns false if there is no such player.
    pub async fn raise_epoch(
        &self,
        player: &PlayerId,
        now: Time,
        audit: Option<&AuditEntry>,
    ) -> Result<bool, Error> {
        let op = WriteOp::update(&Key::Profile(player.clone()))
            .add(Column::AuthEpoch.name(), 1)
            .set(Column::EpochAt.name(), at(now))
            .only_if("attribute_exists(pk)");
        // A transaction even for one write: its token keeps a repeated attempt from incrementing twice.
        let ops = iter::once(op).chain(audit.map(audit_op)).collect();
        Ok(self.commit("raise_epoch", ops).await?.is_committed())
    }

    /// Hides a player's presence, or shows it. Returns false if there is no such player.
    pub async fn hide(&self, player: &PlayerId, hidden: bool) -> Result<bool, Error> {
        let op = WriteOp::update(&Key::Profile(player.clone()))
            .set(Column::Hidden.name(), flag(hidden))
            .only_if("attribute_exists(pk)");
        Ok(matches!(self.update("hide", op).await?, UpdateOutcome::Updated(_)))
    }
}

/// Reads the status from a profile row.
pub(crate) fn read(item: &Item) -> Result<Status, Error> {
    Ok(Status {
        version: get_number(item, Column::Version.name())?,
        epoch: get_number(item, Column::AuthEpoch.name())?,
        epoch_at: optional_time(item, Column::EpochAt.name())?,
        ban: optional_text(item, Column::Ban.name())?,
        banned_until: optional_time(item, Column::BannedUntil.name())?,
        decided: optional_time(item, Column::StatusAt.name())?,
        hidden: get_flag(item, Column::Hidden.name()),
    })
}

/// Returns whether a profile row belongs to a player who is being erased. Such a player does not exist for
/// any reader.
pub(super) fn is_erased(item: &Item) -> bool {
    get_flag(item, Column::Erased.name())
}
