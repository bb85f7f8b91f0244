//! Who keeps away from whom: a row on both sides, written and removed together.

use super::Store;
use super::item::{Item, at, get_time, n, s};
use super::keys::{BLOCKS, Key, Table};
use super::read::Run;
use super::status::sort_key;
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use shared::caps;
use shared::id::PlayerId;
use shared::time::Time;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tied {
    /// It is so now.
    Done,
    /// It was so before.
    Already,
    /// One has as many as there may be.
    Full,
    /// There is no such player.
    Nobody,
}

/// Somebody whom one blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Who.
    pub player: PlayerId,
    /// Since when.
    pub since: Time,
}

impl Store {
    /// Keeps two apart, on both sides or on neither.
    pub async fn block(&self, by: &PlayerId, player: &PlayerId, now: Time) -> Result<Tied, Error> {
        let side = |key: Key<'_>| row(key, now);
        let steps = vec![
            Step::put(Table::Core, side(Key::Block(by, player))).only_if("attribute_not_exists(pk)"),
            one_more(by, "blocks", caps::BLOCKS),
            Step::put(Table::Core, side(Key::BlockedBy(player, by))),
            Step::check(Key::Profile(player)).only_if("attribute_exists(pk)"),
        ];
        Ok(tied(&self.commit("block", steps).await?))
    }

    /// Takes it back on both sides. Where there is no block, nothing changes.
    pub async fn unblock(&self, by: &PlayerId, player: &PlayerId) -> Result<(), Error> {
        let steps = vec![
            Step::delete(Key::Block(by, player)).only_if("attribute_exists(pk)"),
            one_less(by, "blocks"),
            Step::delete(Key::BlockedBy(player, by)),
        ];
        self.commit("unblock", steps).await.map(|_| ())
    }

    /// Whether one blocks another, and since when.
    pub async fn block_strong(&self, by: &PlayerId, player: &PlayerId) -> Result<Option<Block>, Error> {
        let item = self.item_strong("get_block", Key::Block(by, player)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Whom one blocks, by id, behind `after`; and whether there are more.
    pub async fn blocks_strong(
        &self,
        by: &PlayerId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<(Vec<Block>, bool), Error> {
        let run = Run {
            pk: Key::Profile(by).pk(),
            prefix: BLOCKS.into(),
            strong: true,
            after: after.map(|after| Key::Block(by, after).item()),
            limit: Some(limit),
            ..Run::default()
        };
        let (items, more) = self.page("get_blocks", Table::Core, run).await?;
        let blocks = items.iter().map(read).collect::<Result<_, _>>()?;
        Ok((blocks, more))
    }
}

/// Counts one more of something that a player has, up to a bound. The profile is not another for it: its version stays.
pub(super) fn one_more(player: &PlayerId, what: &str, most: usize) -> Step {
    Step::update(Key::Profile(player), "ADD #count :one")
        .only_if("attribute_exists(pk) AND (attribute_not_exists(#count) OR #count < :most)")
        .name("#count", what)
        .value(":one", n(1))
        .value(":most", n(most))
}

/// Counts one less.
pub(super) fn one_less(player: &PlayerId, what: &str) -> Step {
    Step::update(Key::Profile(player), "ADD #count :less")
        .only_if("attribute_exists(pk)")
        .name("#count", what)
        .value(":less", n(-1))
}

/// Reads the outcome of a transaction whose first steps are the tie itself, the count, and last the other's profile.
pub(super) fn tied(outcome: &Outcome) -> Tied {
    let Outcome::Refused(held) = outcome else {
        return Tied::Done;
    };
    let failed = |at: usize| held.get(at).is_some_and(Option::is_some);
    if failed(0) {
        Tied::Already
    } else if held.last().is_some_and(Option::is_some) {
        Tied::Nobody
    } else {
        Tied::Full
    }
}

/// One side of a tie.
fn row(key: Key<'_>, since: Time) -> Item {
    let mut item = key.item();
    item.insert("t".into(), s("block"));
    item.insert("since".into(), at(since));
    item
}

fn read(item: &Item) -> Result<Block, Error> {
    Ok(Block { player: other(item, BLOCKS)?, since: get_time(item, "since")? })
}

/// The other player, whom the sort key names behind a prefix.
pub(crate) fn other(item: &Item, prefix: &str) -> Result<PlayerId, Error> {
    let player = sort_key(item)?.strip_prefix(prefix);
    let player = player.and_then(|player| player.parse().ok());
    player.ok_or(Error::Corrupt { attribute: super::keys::SK })
}
