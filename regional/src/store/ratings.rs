//! Ratings in the store: one item a player and pool, its version the number of matches that made it.

use super::Store;
use super::boards::index;
use super::item::{Item, at, get_number, get_text, get_time, n, s};
use super::keys::{GSI1PK, GSI1SK, Key, RATINGS, Table, core};
use super::read::Run;
use super::step::Step;
use crate::error::Error;
use crate::rating::{Move, Rated};
use shared::id::{PlayerId, PoolName};
use shared::rating::Rating;
use std::collections::{BTreeMap, BTreeSet};

impl Store {
    /// The ratings of several players in a pool, as they are at this moment; who has none is left out.
    pub async fn ratings_strong(
        &self,
        pool: &PoolName,
        players: &BTreeSet<PlayerId>,
    ) -> Result<BTreeMap<PlayerId, Rated>, Error> {
        let keys = players.iter().map(|one| Key::Rating(one, pool).item());
        let keys: Vec<Item> = keys.collect();
        let items = self.items_strong("get_ratings", Table::Core, &keys).await?;
        items.iter().map(|item| Ok((get_text(item, "player")?, read(item)?))).collect()
    }

    /// A player's rating in a pool, as it is at this moment.
    pub async fn rating_strong(&self, pool: &PoolName, player: &PlayerId) -> Result<Option<Rated>, Error> {
        let key = Key::Rating(player, pool);
        let item = self.item_strong("get_rating", key).await?;
        item.as_ref().map(read).transpose()
    }

    /// All ratings of a player, as they are at this moment.
    pub async fn ratings_of_strong(&self, player: &PlayerId) -> Result<BTreeMap<PoolName, Rated>, Error> {
        let run = Run { pk: core(player), prefix: RATINGS.into(), strong: true, ..Run::default() };
        let items = self.run("get_ratings_of", Table::Core, run).await?;
        items.iter().map(|item| Ok((get_text(item, "pool")?, read(item)?))).collect()
    }
}

/// The write that takes a rating a match further, if it is still as it was before that match; and with it the place on the
/// pool's leaderboard, which so never says anything else.
pub(super) fn step(pool: &PoolName, player: &PlayerId, to: &Move) -> Step {
    let set = "SET t = :t, player = :player, #pool = :pool, v = :v, rating = :rating, deviation = :deviation, \
               volatility = :volatility, #at = :at, #gsi1pk = :board, #gsi1sk = :place";
    let (board, place) = index(pool, &to.rated().place(player));
    let step = Step::update(Key::Rating(player, pool), set)
        .name("#pool", "pool")
        .name("#at", "at")
        .name("#gsi1pk", GSI1PK)
        .name("#gsi1sk", GSI1SK)
        .value(":board", s(board))
        .value(":place", s(place))
        .value(":t", s("rating"))
        .value(":player", s(player.as_str()))
        .value(":pool", s(pool.as_str()))
        .value(":v", n(to.matches + 1))
        .value(":rating", n(to.after.rating))
        .value(":deviation", n(to.after.deviation))
        .value(":volatility", n(to.after.volatility))
        .value(":at", at(to.at));
    if to.matches == 0 {
        return step.only_if("attribute_not_exists(pk)");
    }
    step.only_if("v = :before").value(":before", n(to.matches))
}

pub(super) fn read(item: &Item) -> Result<Rated, Error> {
    Ok(Rated {
        matches: get_number(item, "v")?,
        rating: Rating {
            rating: get_number(item, "rating")?,
            deviation: get_number(item, "deviation")?,
            volatility: get_number(item, "volatility")?,
        },
        at: get_time(item, "at")?,
    })
}
