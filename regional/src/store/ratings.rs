//! Ratings: one item for each player and pool. Its version is the number of rated matches.

use super::Store;
use super::item::{Item, at, get_number, get_text, get_time, n, s};
use super::keys::{GSI1PK, GSI1SK, Key, RATING_PREFIX, RowKind, Table, player_partition, rating_index};
use super::query::{Consistency, Query};
use super::write_op::WriteOp;
use crate::domain::rating::{PlayerRating, RatingChange};
use crate::error::Error;
use shared::id::{PlayerId, PoolName};
use shared::rating::Rating;
use std::collections::{BTreeMap, BTreeSet};

impl Store {
    /// Returns the ratings of several players in a pool. Players without a rating are left out.
    pub async fn ratings_strong(
        &self,
        pool: &PoolName,
        players: &BTreeSet<PlayerId>,
    ) -> Result<BTreeMap<PlayerId, PlayerRating>, Error> {
        let keys = players.iter().map(|player| Key::Rating(player.clone(), pool.clone()).item());
        let keys: Vec<Item> = keys.collect();
        let items = self.items("get_ratings", Table::Core, &keys, Consistency::Strong).await?;
        items.iter().map(|item| Ok((get_text(item, "player")?, read(item)?))).collect()
    }

    /// Returns a player's rating in a pool, if there is one.
    pub async fn rating_strong(
        &self,
        pool: &PoolName,
        player: &PlayerId,
    ) -> Result<Option<PlayerRating>, Error> {
        let item = self.item_strong("get_rating", &Key::Rating(player.clone(), pool.clone())).await?;
        item.as_ref().map(read).transpose()
    }

    /// Returns all ratings of a player by pool.
    pub async fn ratings_of_strong(
        &self,
        player: &PlayerId,
    ) -> Result<BTreeMap<PoolName, PlayerRating>, Error> {
        let query = Query::new(player_partition(player)).prefix(RATING_PREFIX).strong();
        let items = self.query_all("get_ratings_of", Table::Core, query).await?;
        items.iter().map(|item| Ok((get_text(item, "pool")?, read(item)?))).collect()
    }
}

/// The write that applies a rating change, if the rating is still as it was before the match. It also moves
/// the player on the pool's leaderboard, so the two never disagree.
pub(super) fn rating_op(pool: &PoolName, player: &PlayerId, change: &RatingChange) -> WriteOp {
    let (index_partition, index_sort) = rating_index(pool, &change.new_rating().rank_key(player));
    let op = WriteOp::update(&Key::Rating(player.clone(), pool.clone()))
        .set("t", s(RowKind::Rating.tag()))
        .set("player", s(player.as_str()))
        .set("pool", s(pool.as_str()))
        .set("v", n(change.matches + 1))
        .set("rating", n(change.after.rating))
        .set("deviation", n(change.after.deviation))
        .set("volatility", n(change.after.volatility))
        .set("at", at(change.at))
        .set(GSI1PK, s(index_partition))
        .set(GSI1SK, s(index_sort));
    if change.matches == 0 {
        return op.only_if("attribute_not_exists(pk)");
    }
    op.only_if("v = :before").value(":before", n(change.matches))
}

/// Reads a rating row.
pub(super) fn read(item: &Item) -> Result<PlayerRating, Error> {
    Ok(PlayerRating {
        matches: get_number(item, "v")?,
        rating: Rating {
            rating: get_number(item, "rating")?,
            deviation: get_number(item, "deviation")?,
            volatility: get_number(item, "volatility")?,
        },
        at: get_time(item, "at")?,
    })
}
