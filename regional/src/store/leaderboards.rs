//! Leaderboards: the sparse index over ratings, in shards.
//!
//! A pool in which all players finish matches at once would write one partition of the index too often, so a
//! leaderboard has several shards. The shard of a player follows from the player's id.

use super::Store;
use super::item::{Item, get_text};
use super::keys::{
    AFTER_ALL, BEFORE_ALL, GSI1SK, LEADERBOARD_SHARDS, Table, directly_after, rating_index_partition,
    same_score_end,
};
use super::query::Query;
use crate::domain::leaderboard::{RankKey, merge_shards};
use crate::error::Error;
use futures_util::future::try_join_all;
use shared::id::PoolName;
use shared::limits;

/// A range of a leaderboard, without the position at which it starts.
#[derive(Debug, Clone, Copy)]
pub enum BoardRange<'a> {
    /// From the highest position downwards.
    Best,
    /// From a position upwards, the nearest first.
    Above(&'a RankKey),
    /// From a position downwards.
    Below(&'a RankKey),
}

impl Store {
    /// Returns neighbours on a leaderboard, at least `min` of them if there are as many.
    pub async fn leaderboard_eventual(
        &self,
        pool: &PoolName,
        range: BoardRange<'_>,
        min: usize,
    ) -> Result<Vec<RankKey>, Error> {
        let (first, last) = (BEFORE_ALL.to_owned(), AFTER_ALL.to_owned());
        let (upwards, between, start) = match range {
            BoardRange::Best => (false, (first, last), None),
            BoardRange::Above(rank) => (true, (rank.sort_key(), last), Some(rank)),
            BoardRange::Below(rank) => (false, (first, rank.sort_key()), Some(rank)),
        };
        let start = start.map(|rank| &rank.player);
        let shards = (0..LEADERBOARD_SHARDS).map(async |shard| {
            let query = Query::index(rating_index_partition(pool, shard))
                .between(between.clone())
                .descending(!upwards)
                // One more, because the position at which the range starts is left out.
                .limit(min + 1);
            let (items, more) = self.query_page("get_leaderboard", Table::Core, query).await?;
            let mut keys = items.iter().map(rank_key).collect::<Result<Vec<_>, _>>()?;
            // The index is eventually consistent: the player's entry may be older than the position asked
            // from.
            keys.retain(|key| Some(&key.player) != start);
            Ok::<_, Error>((keys, more))
        });
        Ok(merge_shards(try_join_all(shards).await?, upwards))
    }

    /// Counts the players with a higher score than this position, and the players with the same score that
    /// come before it. None if either count is [`limits::EXACT_RANKS_MAX`] or more.
    pub async fn ranked_ahead_eventual(
        &self,
        pool: &PoolName,
        rank: &RankKey,
    ) -> Result<Option<(u64, u64)>, Error> {
        let better = (same_score_end(rank.score), AFTER_ALL.to_owned());
        let same = (directly_after(&rank.sort_key()), same_score_end(rank.score));
        let (better, same) = tokio::try_join!(self.count_range(pool, better), self.count_range(pool, same))?;
        Ok(better.zip(same))
    }

    /// Counts the positions of a range. Counting costs as much as reading: an index entry has about 150
    /// bytes, so [`limits::EXACT_RANKS_MAX`] entries and a last page of each shard are at most 1.5 MB, or 190
    /// read units.
    async fn count_range(&self, pool: &PoolName, between: (String, String)) -> Result<Option<u64>, Error> {
        let page = usize::try_from(limits::EXACT_RANKS_MAX).unwrap_or(usize::MAX);
        let page = page / usize::from(LEADERBOARD_SHARDS);
        let mut open: Vec<(u8, Option<Item>)> = (0..LEADERBOARD_SHARDS).map(|shard| (shard, None)).collect();
        let mut sum = 0;
        while !open.is_empty() {
            let pages = open.into_iter().map(async |(shard, start)| {
                let query = Query::index(rating_index_partition(pool, shard))
                    .between(between.clone())
                    .start_after(start)
                    .limit(page);
                let (count, last) = self.count_page("count_leaderboard", Table::Core, &query).await?;
                Ok::<_, Error>((shard, count, last))
            });
            let counted = try_join_all(pages).await?;
            sum += counted.iter().map(|(_, count, _)| count).sum::<u64>();
            if sum >= limits::EXACT_RANKS_MAX {
                return Ok(None);
            }
            let unfinished = counted.into_iter();
            open = unfinished.filter_map(|(shard, _, last)| Some((shard, Some(last?)))).collect();
        }
        Ok(Some(sum))
    }
}

fn rank_key(entry: &Item) -> Result<RankKey, Error> {
    let key: String = get_text(entry, GSI1SK)?;
    RankKey::parse(&key).ok_or(Error::Corrupt { attribute: GSI1SK })
}
