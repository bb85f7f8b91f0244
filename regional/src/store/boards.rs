//! Leaderboards in the store: the sparse index over ratings. A board is in parts, so that a pool in which everybody plays
//! at once has no partition that is written too often; who is in which part follows from the player.

use super::Store;
use super::item::{Item, get_text};
use super::keys::{GSI1SK, Table, board};
use super::read::Run;
use crate::board::{Place, merge};
use crate::error::Error;
use futures_util::future::try_join_all;
use shared::caps;
use shared::id::{PlayerId, PoolName};
use shared::mix::fnv;

/// Parts of a board: a partition of the index takes a thousand writes a second.
const SHARDS: u8 = 8;
/// Before all sort keys of places.
const FIRST: &str = "0";
/// Behind all of them.
const LAST: &str = "~";
/// What comes next after a text: before all that continue it.
const NEXT: &str = "!";

/// Where on a board.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    /// From the best one downwards.
    Best,
    /// From a place upwards, the nearest first; without it.
    Above(&'a Place),
    /// From a place downwards; without it.
    Below(&'a Place),
}

impl Store {
    /// Neighbours on a board as they were a moment ago, at least `least` of them where there are so many.
    pub async fn board_eventual(
        &self,
        pool: &PoolName,
        from: From<'_>,
        least: usize,
    ) -> Result<Vec<Place>, Error> {
        let (upwards, span, own) = match from {
            From::Best => (false, (FIRST.into(), LAST.into()), None),
            From::Above(place) => (true, (place.key(), LAST.into()), Some(place)),
            From::Below(place) => (false, (FIRST.into(), place.key()), Some(place)),
        };
        let own = own.map(|place| &place.player);
        let parts = (0..SHARDS).map(async |shard| {
            let run = Run {
                pk: board(pool, shard),
                span: Some(span.clone()),
                index: true,
                backwards: !upwards,
                // One more: the place that it begins at.
                limit: Some(least + 1),
                ..Run::default()
            };
            let (items, more) = self.page("get_board", Table::Core, run).await?;
            let mut places = items.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            // What the index still has of them may be older than the place that is asked from.
            places.retain(|place| Some(&place.player) != own);
            Ok::<_, Error>((places, more))
        });
        Ok(merge(try_join_all(parts).await?, upwards))
    }

    /// How many have a better score than this place, and how many of the same score come before it; none where either is
    /// [`caps::RANKED`] or more.
    pub async fn before_eventual(&self, pool: &PoolName, place: &Place) -> Result<Option<(u64, u64)>, Error> {
        let better = (place.score.end(), LAST.to_owned());
        let same = (format!("{}{NEXT}", place.key()), place.score.end());
        let (better, same) = tokio::try_join!(self.count_board(pool, better), self.count_board(pool, same))?;
        Ok(better.zip(same))
    }

    /// How many places lie there. Counting costs what reading would: a row of the index has some 150 bytes, so that
    /// [`caps::RANKED`] rows and a last page of each part are 1.5 MB, or 190 read units, at the very most.
    async fn count_board(&self, pool: &PoolName, span: (String, String)) -> Result<Option<u64>, Error> {
        let page = usize::try_from(caps::RANKED).unwrap_or(usize::MAX) / usize::from(SHARDS);
        let mut open: Vec<(u8, Option<Item>)> = (0..SHARDS).map(|shard| (shard, None)).collect();
        let mut sum = 0;
        while !open.is_empty() {
            let asked = open.into_iter().map(async |(shard, after)| {
                let run = Run {
                    pk: board(pool, shard),
                    span: Some(span.clone()),
                    index: true,
                    limit: Some(page),
                    after,
                    ..Run::default()
                };
                let (count, last) = self.count_page("count_board", Table::Core, &run).await?;
                Ok::<_, Error>((shard, count, last))
            });
            let counted = try_join_all(asked).await?;
            sum += counted.iter().map(|(_, count, _)| count).sum::<u64>();
            if sum >= caps::RANKED {
                return Ok(None);
            }
            let more = counted.into_iter();
            open = more.filter_map(|(shard, _, last)| Some((shard, Some(last?)))).collect();
        }
        Ok(Some(sum))
    }
}

/// The index keys of a rating with this place.
pub(super) fn index(pool: &PoolName, place: &Place) -> (String, String) {
    (board(pool, shard(&place.player)), place.key())
}

fn shard(player: &PlayerId) -> u8 {
    u8::try_from(fnv(player.as_str().as_bytes()) % u64::from(SHARDS)).unwrap_or_default()
}

fn place(item: &Item) -> Result<Place, Error> {
    let key: String = get_text(item, GSI1SK)?;
    Place::of(&key).ok_or(Error::Corrupt { attribute: GSI1SK })
}
