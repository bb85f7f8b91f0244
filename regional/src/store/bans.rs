//! Bans: the row of each decision, and the active ban in the profile.

use super::Store;
use super::audit::audit_op;
use super::item::{Item, at, get_text, get_time, new_item, optional_text, optional_time, s};
use super::keys::{BAN_PREFIX, Key, Table, ban_sort_key, parse_ban_sort_key};
use super::write_op::{UpdateOutcome, WriteOp};
use crate::domain::ban::{Ban, BanChange};
use crate::domain::profile::columns::Column;
use crate::domain::status::Status;
use crate::domain::webhook::event::Event;
use crate::error::Error;
use shared::id::PlayerId;
use shared::rpc::audit::AuditEntry;
use shared::time::Time;

/// A page of a player's bans.
#[derive(Debug)]
pub struct BanPage {
    /// The newest ban first.
    pub bans: Vec<Ban>,
    /// The sort key after which the next page starts; none on the last page.
    pub next: Option<String>,
}

impl Store {
    /// Returns the ban that a status names.
    pub async fn named_ban_strong(&self, player: &PlayerId, status: &Status) -> Result<Option<Ban>, Error> {
        let Some((decided, id)) = status.ban.as_deref().and_then(parse_ban_sort_key) else {
            return Ok(None);
        };
        let item = self.item_strong("get_ban", &Key::Ban(player.clone(), decided, id)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Writes a decision that was made from this status, in the profile, in the bans and in the audit trail. Returns
    /// false if the status has changed since.
    pub async fn change_ban(
        &self,
        player: &PlayerId,
        status: &Status,
        change: &BanChange,
        audit: &AuditEntry,
    ) -> Result<bool, Error> {
        let mut ops = ban_ops(player, status, change);
        ops.push(audit_op(audit));
        ops.extend(self.event_ops(Event::ban_changed(player, change), change.at));
        Ok(self.commit("change_ban", ops).await?.is_committed())
    }

    /// Returns a page of all decisions about a player.
    pub async fn bans_eventual(
        &self,
        player: &PlayerId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<BanPage, Error> {
        let (items, next) = self.player_page("get_bans", player, BAN_PREFIX, after, limit).await?;
        Ok(BanPage { bans: items.iter().map(read).collect::<Result<_, _>>()?, next })
    }

    /// Stores the appeal of the banned player, once. Otherwise returns the ban as it is.
    pub async fn appeal(&self, ban: &Ban, text: &str, now: Time) -> Result<Result<(), Ban>, Error> {
        let op = WriteOp::update(&row_key(ban))
            .set("appeal", s(text))
            .set("appealed", at(now))
            .only_if("attribute_exists(pk) AND attribute_not_exists(appeal) AND attribute_not_exists(ended)");
        match self.update("appeal", op).await? {
            UpdateOutcome::Updated(_) => Ok(Ok(())),
            UpdateOutcome::ConditionFailed(found) => {
                let found = found.as_ref().map(read).transpose()?;
                Ok(Err(found.unwrap_or_else(|| ban.clone())))
            }
        }
    }
}

/// The writes that carry out a decision: the profile mirrors the active ban, and the rows of the bans record
/// it.
pub(super) fn ban_ops(player: &PlayerId, status: &Status, change: &BanChange) -> Vec<WriteOp> {
    let profile = WriteOp::update(&Key::Profile(player.clone()))
        .set(Column::StatusAt.name(), at(change.at))
        .add(Column::Version.name(), 1);
    let profile = match &change.new {
        Some(ban) => profile
            .set(Column::Status.name(), s("banned"))
            .set(Column::Ban.name(), s(ban_sort_key(ban.decided, &ban.id)))
            .set(Column::BannedUntil.name(), at(ban.until)),
        None => profile
            .remove(Column::Ban.name())
            .remove(Column::BannedUntil.name())
            .remove(Column::Status.name()),
    };
    // Each decision has its own moment, so the moment alone shows whether another decision came between.
    let mut ops = vec![match status.decided {
        Some(seen) => profile.only_if("status_at = :seen").value(":seen", at(seen)),
        None => profile.only_if("attribute_exists(pk) AND attribute_not_exists(status_at)"),
    }];
    if let Some(ban) = &change.over
        && let Some((ended, by)) = &ban.ended
    {
        ops.push(
            WriteOp::update(&row_key(ban))
                .set("ended", at(*ended))
                .set("ended_by", s(by.as_str()))
                .only_if("attribute_exists(pk)"),
        );
    }
    if let Some(ban) = &change.new {
        ops.push(WriteOp::put(Table::Core, write(ban)).only_if("attribute_not_exists(pk)"));
    }
    ops
}

fn row_key(ban: &Ban) -> Key {
    Key::Ban(ban.player.clone(), ban.decided, ban.id.clone())
}

fn write(ban: &Ban) -> Item {
    new_item(
        &row_key(ban),
        [
            ("id", s(ban.id.as_str())),
            ("uid", s(ban.player.as_str())),
            ("reason", s(&ban.reason)),
            ("by", s(ban.by.as_str())),
            ("decided", at(ban.decided)),
            ("until", at(ban.until)),
        ],
    )
}

fn read(item: &Item) -> Result<Ban, Error> {
    let ended = optional_time(item, "ended")?.zip(optional_text(item, "ended_by")?);
    let appeal = optional_time(item, "appealed")?.zip(optional_text(item, "appeal")?);
    Ok(Ban {
        id: get_text(item, "id")?,
        player: get_text(item, "uid")?,
        reason: get_text(item, "reason")?,
        by: get_text(item, "by")?,
        decided: get_time(item, "decided")?,
        until: get_time(item, "until")?,
        ended,
        appeal,
    })
}
