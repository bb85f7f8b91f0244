//! Blocks: a row on each side, written and deleted together.

use super::Store;
use super::item::{Item, at, get_time, n, new_item, stored_key};
use super::keys::{BLOCK_PREFIX, Key, SK, Table};
use super::query::Query;
use super::transact::CommitOutcome;
use super::write_op::WriteOp;
use crate::domain::profile::columns::Column;
use crate::error::Error;
use shared::id::PlayerId;
use shared::limits;
use shared::time::Time;

/// The result of a block or a follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieOutcome {
    Created,
    AlreadyExists,
    /// The player has as many blocks or follows as the limit allows.
    LimitReached,
    PlayerNotFound,
}

/// A player that another player blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub player: PlayerId,
    pub since: Time,
}

impl Store {
    /// Blocks a player, on both sides or on neither.
    pub async fn block(&self, by: &PlayerId, player: &PlayerId, now: Time) -> Result<TieOutcome, Error> {
        let side = |key: Key| WriteOp::put(Table::Core, new_item(&key, [("since", at(now))]));
        let ops = vec![
            side(Key::Block(by.clone(), player.clone())).only_if("attribute_not_exists(pk)"),
            increment_count(by, Column::Blocks, limits::BLOCKS_MAX),
            side(Key::BlockedBy(player.clone(), by.clone())),
            WriteOp::check(&Key::Profile(player.clone())).only_if("attribute_exists(pk)"),
        ];
        Ok(tie_outcome(&self.commit("block", ops).await?))
    }

    /// Removes a block on both sides. Does nothing if there is no block.
    pub async fn unblock(&self, by: &PlayerId, player: &PlayerId) -> Result<(), Error> {
        let ops = vec![
            WriteOp::delete(&Key::Block(by.clone(), player.clone())).only_if("attribute_exists(pk)"),
            decrement_count(by, Column::Blocks),
            WriteOp::delete(&Key::BlockedBy(player.clone(), by.clone())),
        ];
        self.commit("unblock", ops).await.map(|_| ())
    }

    /// Returns the block of a player by another, if there is one.
    pub async fn block_strong(&self, by: &PlayerId, player: &PlayerId) -> Result<Option<Block>, Error> {
        let item = self.item_strong("get_block", &Key::Block(by.clone(), player.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Returns a page of the players that a player blocks, by id, and whether more follow.
    pub async fn blocks_strong(
        &self,
        by: &PlayerId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<(Vec<Block>, bool), Error> {
        let start = after.map(|after| Key::Block(by.clone(), after.clone()).item());
        let query = Query::new(Key::Profile(by.clone()).pk()).prefix(BLOCK_PREFIX).strong();
        let query = query.start_after(start).limit(limit);
        let (items, more) = self.query_page("get_blocks", Table::Core, query).await?;
        let blocks = items.iter().map(read).collect::<Result<_, _>>()?;
        Ok((blocks, more))
    }
}

/// Increments the number of a player's blocks, follows or pictures, up to a limit. The profile's version stays, because
/// the number is not visible.
pub(super) fn increment_count(player: &PlayerId, column: Column, max: usize) -> WriteOp {
    WriteOp::update(&Key::Profile(player.clone()))
        .add(column.name(), 1)
        .only_if("attribute_exists(pk) AND attribute_not_exists(erased) AND (attribute_not_exists(#count) OR #count < :max)")
        .name("#count", column.name())
        .value(":max", n(max))
}

/// Decrements the number of a player's blocks, follows or pictures.
pub(super) fn decrement_count(player: &PlayerId, column: Column) -> WriteOp {
    WriteOp::update(&Key::Profile(player.clone())).add(column.name(), -1).only_if("attribute_exists(pk)")
}

/// Reads the outcome of a transaction whose first writes are the tie and the count, and whose last is the
/// check of the other player's profile.
pub(super) fn tie_outcome(outcome: &CommitOutcome) -> TieOutcome {
    let CommitOutcome::ConditionFailed(found) = outcome else {
        return TieOutcome::Created;
    };
    if found.first().is_some_and(Option::is_some) {
        TieOutcome::AlreadyExists
    } else if found.last().is_some_and(Option::is_some) {
        TieOutcome::PlayerNotFound
    } else {
        TieOutcome::LimitReached
    }
}

fn read(item: &Item) -> Result<Block, Error> {
    let Some(Key::Block(_, player)) = stored_key(item) else {
        return Err(Error::Corrupt { attribute: SK });
    };
    Ok(Block { player, since: get_time(item, "since")? })
}
