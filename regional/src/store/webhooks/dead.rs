//! Dead events: those that no attempt could deliver. They are kept for a month, and may be replayed.

use super::{Delivery, content, read_content, write};
use crate::domain::webhook::Line;
use crate::error::Error;
use crate::store::Store;
use crate::store::audit::audit_op;
use crate::store::item::{Item, at, get_text, get_time, n, s};
use crate::store::keys::{
    BEFORE_ALL, DEAD_SHARDS, GSI1PK, GSI1SK, Key, TTL, Table, dead_partition, dead_shard, dead_sort_key,
};
use crate::store::query::Query;
use crate::store::write_op::WriteOp;
use shared::id::MessageId;
use shared::limits;
use shared::rpc::audit::AuditEntry;
use shared::time::Time;

/// An event that no attempt could deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadDelivery {
    pub delivery: Delivery,
    pub died: Time,
}

impl Store {
    /// Moves a claimed event to the dead ones.
    pub async fn bury_delivery(&self, claimed: &Delivery, error: &str, now: Time) -> Result<(), Error> {
        let mut item = content(&Key::DeadDelivery(claimed.id.clone()), claimed);
        item.extend(
            [
                ("endpoint", s(&*claimed.line.endpoint)),
                ("subject", s(&*claimed.line.subject)),
                ("place", s(&*claimed.place)),
                ("error", s(error)),
                ("died", at(now)),
                (TTL, n((now + limits::WEBHOOK_DEAD_AGE_MAX).secs())),
                (GSI1PK, s(dead_partition(dead_shard(&claimed.id)))),
                (GSI1SK, s(dead_sort_key(now, &claimed.id))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let ops = vec![
            WriteOp::delete(&claimed.key()).only_if("attribute_exists(pk)"),
            WriteOp::put(Table::Events, item),
        ];
        self.commit("bury_delivery", ops).await.map(|_| ())
    }

    /// Returns a page of the dead events, newest first, and the index key after which the next page starts. The list may
    /// miss the newest ones.
    pub async fn dead_deliveries(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Time,
    ) -> Result<(Vec<DeadDelivery>, Option<String>), Error> {
        let call = "get_dead_deliveries";
        let shards = (0..DEAD_SHARDS)
            .map(|shard| Query::index(dead_partition(shard)).after(after.unwrap_or(BEFORE_ALL)));
        let key = |entry: &Item| get_text(entry, GSI1SK);
        let (entries, next) = self.query_merged(call, Table::Events, shards, limit, key).await?;
        let items = self.items_of_entries(call, Table::Events, entries).await?;
        let mut dead = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        dead.retain(|one| one.died + limits::WEBHOOK_DEAD_AGE_MAX > now);
        dead.sort_by_cached_key(|one| dead_sort_key(one.died, &one.delivery.id));
        Ok((dead, next))
    }

    /// Makes a dead event due again, with another day of attempts, together with the action in the audit trail. Returns
    /// false if there is no such event.
    pub async fn replay_delivery(
        &self,
        id: &MessageId,
        now: Time,
        audit: &AuditEntry,
    ) -> Result<bool, Error> {
        let key = Key::DeadDelivery(id.clone());
        let Some(item) = self.item_strong("get_dead_delivery", &key).await? else {
            return Ok(false);
        };
        let delivery = read(&item)?.delivery;
        let again = Delivery { created: now, due: now, tries: 0, error: None, ..delivery };
        let ops = vec![
            WriteOp::delete(&key).only_if("attribute_exists(pk)"),
            WriteOp::put(Table::Events, write(&again)),
            audit_op(audit),
        ];
        Ok(self.commit("replay_delivery", ops).await?.is_committed())
    }
}

fn read(item: &Item) -> Result<DeadDelivery, Error> {
    let line = Line { endpoint: get_text(item, "endpoint")?, subject: get_text(item, "subject")? };
    let died = get_time(item, "died")?;
    let delivery = read_content(item, line, get_text(item, "place")?, died)?;
    Ok(DeadDelivery { delivery, died })
}
