//! The audit trail: what moderators and service keys have done, newest first.

use super::Store;
use super::item::{Item, at, get_text, get_time, n, new_item, optional_text, s, sort_key};
use super::keys::{AUDIT_SHARDS, BEFORE_ALL, Key, TTL, Table, audit_partition, parse_audit_sort_key};
use super::query::Query;
use super::write_op::WriteOp;
use crate::error::Error;
use shared::limits;
use shared::rpc::audit::AuditEntry;

impl Store {
    /// Stores an action. A repetition has the same key and replaces itself.
    pub async fn add_audit(&self, entry: &AuditEntry) -> Result<(), Error> {
        self.commit("add_audit", vec![audit_op(entry)]).await.map(|_| ())
    }

    /// Returns a page of the actions, newest first, and the sort key after which the next page starts. The list may miss
    /// the newest ones.
    pub async fn audits(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, Option<String>), Error> {
        let shards = (0..AUDIT_SHARDS)
            .map(|shard| Query::new(audit_partition(shard)).after(after.unwrap_or(BEFORE_ALL)));
        let key = |item: &Item| sort_key(item).map(str::to_owned);
        let (items, next) = self.query_merged("get_audit", Table::Core, shards, limit, key).await?;
        Ok((items.iter().map(read).collect::<Result<_, _>>()?, next))
    }
}

/// The write that adds an action to the audit trail. A change and its action are written in one transaction, so that no
/// change lacks its action.
pub(super) fn audit_op(entry: &AuditEntry) -> WriteOp {
    let key = Key::Audit(entry.at, entry.id.clone());
    let ttl = (entry.at + limits::AUDIT_AGE_MAX).secs();
    let texts = [
        ("room", entry.room.as_ref().map(ToString::to_string)),
        ("player", entry.player.as_ref().map(ToString::to_string)),
        ("detail", (!entry.detail.is_empty()).then(|| entry.detail.clone())),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, s(text?))));
    let always =
        [("at", at(entry.at)), ("by", s(entry.by.as_str())), ("action", s(&*entry.action)), (TTL, n(ttl))];
    WriteOp::put(Table::Core, new_item(&key, always.into_iter().chain(texts)))
}

fn read(item: &Item) -> Result<AuditEntry, Error> {
    let (_, id) = parse_audit_sort_key(sort_key(item)?).ok_or(Error::Corrupt { attribute: "sk" })?;
    Ok(AuditEntry {
        id,
        at: get_time(item, "at")?,
        by: get_text(item, "by")?,
        action: get_text(item, "action")?,
        room: optional_text(item, "room")?,
        player: optional_text(item, "player")?,
        detail: optional_text(item, "detail")?.unwrap_or_default(),
    })
}
