//! Follows, and which of them are mutual.
//!
//! Each follow row says whether it is mutual, and both rows change in one transaction. So the players who may
//! see a player's presence are read from the player's own partition, however many followers there are.

use super::Store;
use super::blocks::{TieOutcome, decrement_count, increment_count, tie_outcome};
use super::item::{Item, at, flag, get_flag, get_time, new_item, s, stored_key};
use super::keys::{
    BLOCK_PREFIX, BLOCKED_BY_PREFIX, FOLLOW_PREFIX, GSI1PK, GSI1SK, Key, SK, Table, follower_index,
    player_partition,
};
use super::query::Query;
use super::retry::{DECISION_ATTEMPTS, until_committed};
use super::transact::CommitOutcome;
use super::write_op::WriteOp;
use crate::domain::profile::columns::Column;
use crate::error::Error;
use shared::id::PlayerId;
use shared::limits;
use shared::rpc::record::Visibility;
use shared::time::Time;
use std::collections::BTreeSet;

/// A player that another player follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    pub player: PlayerId,
    pub since: Time,
    /// True if the followed player follows back.
    pub mutual: bool,
}

impl Store {
    /// Follows a player.
    pub async fn follow(&self, by: &PlayerId, player: &PlayerId, now: Time) -> Result<TieOutcome, Error> {
        until_committed("follow", DECISION_ATTEMPTS, |_| {
            Box::pin(async move {
                let mutual = self.follow_strong(player, by).await?.is_some();
                let ops = vec![
                    WriteOp::put(Table::Core, row(by, player, now, mutual))
                        .only_if("attribute_not_exists(pk)"),
                    increment_count(by, Column::Follows, limits::FOLLOWS_MAX),
                    reverse_row(player, by, mutual, true),
                    WriteOp::check(&Key::Profile(player.clone())).only_if("attribute_exists(pk)"),
                ];
                let outcome = self.commit("follow", ops).await?;
                Ok((!only_reverse_row_failed(&outcome)).then(|| tie_outcome(&outcome)))
            })
        })
        .await
    }

    /// Unfollows a player. Does nothing if there is no follow.
    pub async fn unfollow(&self, by: &PlayerId, player: &PlayerId) -> Result<(), Error> {
        until_committed("unfollow", DECISION_ATTEMPTS, |_| {
            Box::pin(async move {
                let mutual = self.follow_strong(player, by).await?.is_some();
                let ops = vec![
                    WriteOp::delete(&Key::Follow(by.clone(), player.clone())).only_if("attribute_exists(pk)"),
                    decrement_count(by, Column::Follows),
                    reverse_row(player, by, mutual, false),
                ];
                let outcome = self.commit("unfollow", ops).await?;
                Ok((!only_reverse_row_failed(&outcome)).then_some(()))
            })
        })
        .await
    }

    /// Returns the follow of a player by another, if there is one.
    pub async fn follow_strong(&self, by: &PlayerId, player: &PlayerId) -> Result<Option<Follow>, Error> {
        let item = self.item_strong("get_follow", &Key::Follow(by.clone(), player.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Returns a page of the players that a player follows, by id, and whether more follow.
    pub async fn follows_strong(
        &self,
        by: &PlayerId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<(Vec<Follow>, bool), Error> {
        let start = after.map(|after| Key::Follow(by.clone(), after.clone()).item());
        let query = Query::new(player_partition(by)).prefix(FOLLOW_PREFIX).strong();
        let query = query.start_after(start).limit(limit);
        let (items, more) = self.query_page("get_follows", Table::Core, query).await?;
        let follows = items.iter().map(read).collect::<Result<_, _>>()?;
        Ok((follows, more))
    }

    /// Returns the players who may see a player's presence, or none if there is no such player.
    pub async fn visibility_strong(&self, player: &PlayerId) -> Result<Option<Visibility>, Error> {
        let rows = |prefix| {
            let query = Query::new(player_partition(player)).prefix(prefix).strong();
            self.query_all("get_visibility", Table::Core, query)
        };
        let (status, follows, blocks, blocked_by) = tokio::try_join!(
            self.status_strong(player),
            rows(FOLLOW_PREFIX),
            rows(BLOCK_PREFIX),
            rows(BLOCKED_BY_PREFIX),
        )?;
        let Some(status) = status else {
            return Ok(None);
        };
        let blocked = blocks.iter().chain(&blocked_by).map(|item| match stored_key(item) {
            Some(Key::Block(_, other) | Key::BlockedBy(_, other)) => Ok(other),
            _ => Err(Error::Corrupt { attribute: SK }),
        });
        let blocked: BTreeSet<PlayerId> = blocked.collect::<Result<_, _>>()?;
        let mut mutual = Vec::new();
        for item in &follows {
            let follow = read(item)?;
            if follow.mutual && !blocked.contains(&follow.player) {
                mutual.push(follow.player);
            }
        }
        Ok(Some(Visibility { player: player.clone(), mutual, hidden: status.hidden }))
    }
}

/// The write to the follow row of the other player, which was found to exist or not.
fn reverse_row(player: &PlayerId, by: &PlayerId, exists: bool, mutual: bool) -> WriteOp {
    let key = Key::Follow(player.clone(), by.clone());
    if exists {
        WriteOp::update(&key).set("mutual", flag(mutual)).only_if("attribute_exists(pk)")
    } else {
        WriteOp::check(&key).only_if("attribute_not_exists(pk)")
    }
}

/// Returns whether the only failed condition is the one on the other player's follow row, the third write.
/// Then that player followed or unfollowed in between.
fn only_reverse_row_failed(outcome: &CommitOutcome) -> bool {
    match outcome {
        CommitOutcome::Committed => false,
        CommitOutcome::ConditionFailed(found) => {
            found.iter().enumerate().all(|(position, found)| found.is_some() == (position == 2))
        }
    }
}

fn row(by: &PlayerId, player: &PlayerId, since: Time, mutual: bool) -> Item {
    let (index_partition, index_sort) = follower_index(player, by);
    new_item(
        &Key::Follow(by.clone(), player.clone()),
        [
            ("since", at(since)),
            ("mutual", flag(mutual)),
            (GSI1PK, s(index_partition)),
            (GSI1SK, s(index_sort)),
        ],
    )
}

fn read(item: &Item) -> Result<Follow, Error> {
    let Some(Key::Follow(_, player)) = stored_key(item) else {
        return Err(Error::Corrupt { attribute: SK });
    };
    Ok(Follow { player, since: get_time(item, "since")?, mutual: get_flag(item, "mutual") })
}
