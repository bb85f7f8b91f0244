//! Who follows whom, and who of them follow each other.
//!
//! Each follower's row says whether it is mutual, and both rows change in one transaction. So who may see that somebody
//! is here is read from their own partition, however many follow them.

use super::Store;
use super::blocks::{Tied, one_less, one_more, other, tied};
use super::item::{Item, at, get_time, s};
use super::keys::{BLOCKED_BY, BLOCKS, FOLLOWS, GSI1PK, GSI1SK, Key, Table, follower_index};
use super::read::Run;
use super::status::truth;
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::caps;
use shared::id::PlayerId;
use shared::record::Circle;
use shared::time::Time;
use std::collections::BTreeSet;

/// Somebody whom one follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Who.
    pub player: PlayerId,
    /// Since when.
    pub since: Time,
    /// Whether they follow back.
    pub mutual: bool,
}

/// How often a decision is made anew while the other one keeps changing theirs.
const ATTEMPTS: u32 = 5;

impl Store {
    /// Follows somebody.
    pub async fn follow(&self, by: &PlayerId, player: &PlayerId, now: Time) -> Result<Tied, Error> {
        for _ in 0..ATTEMPTS {
            let back = self.follow_strong(player, by).await?.is_some();
            let steps = vec![
                Step::put(Table::Core, row(by, player, now, back)).only_if("attribute_not_exists(pk)"),
                one_more(by, "follows", caps::FOLLOWS),
                their_side(player, by, back, true),
                Step::check(Key::Profile(player)).only_if("attribute_exists(pk)"),
            ];
            let outcome = self.commit("follow", steps).await?;
            if !changed(&outcome) {
                return Ok(tied(&outcome));
            }
        }
        Err(Error::Contended { call: "follow" })
    }

    /// Follows somebody no more. Where one does not, nothing changes.
    pub async fn unfollow(&self, by: &PlayerId, player: &PlayerId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let back = self.follow_strong(player, by).await?.is_some();
            let steps = vec![
                Step::delete(Key::Follow(by, player)).only_if("attribute_exists(pk)"),
                one_less(by, "follows"),
                their_side(player, by, back, false),
            ];
            if !changed(&self.commit("unfollow", steps).await?) {
                return Ok(());
            }
        }
        Err(Error::Contended { call: "unfollow" })
    }

    /// Whether one follows another.
    pub async fn follow_strong(&self, by: &PlayerId, player: &PlayerId) -> Result<Option<Follow>, Error> {
        let item = self.item_strong("get_follow", Key::Follow(by, player)).await?;
        item.as_ref().map(read).transpose()
    }

    /// Whom one follows, by id, behind `after`; and whether there are more.
    pub async fn follows_strong(
        &self,
        by: &PlayerId,
        after: Option<&PlayerId>,
        limit: usize,
    ) -> Result<(Vec<Follow>, bool), Error> {
        let mut run = own(by, FOLLOWS);
        run.after = after.map(|after| Key::Follow(by, after).item());
        run.limit = Some(limit);
        let (items, more) = self.page("get_follows", Table::Core, run).await?;
        let follows = items.iter().map(read).collect::<Result<_, _>>()?;
        Ok((follows, more))
    }

    /// Who may see whether somebody is here, at this moment; none where there is no such player.
    pub async fn circle_strong(&self, player: &PlayerId) -> Result<Option<Circle>, Error> {
        let ask = |prefix| self.run("get_circle", Table::Core, own(player, prefix));
        let (status, follows, blocks, blocked_by) =
            tokio::try_join!(self.status_strong(player), ask(FOLLOWS), ask(BLOCKS), ask(BLOCKED_BY),)?;
        let Some(status) = status else {
            return Ok(None);
        };
        let mut apart = BTreeSet::new();
        for (items, prefix) in [(blocks, BLOCKS), (blocked_by, BLOCKED_BY)] {
            for item in &items {
                apart.insert(other(item, prefix)?);
            }
        }
        let mut mutual = Vec::new();
        for item in follows.iter().filter(|item| truth(item, "mutual")) {
            let player = other(item, FOLLOWS)?;
            if !apart.contains(&player) {
                mutual.push(player);
            }
        }
        Ok(Some(Circle { player: player.clone(), mutual, hidden: status.hidden }))
    }
}

/// What becomes of the other one's row, which was found to be there or not.
fn their_side(player: &PlayerId, by: &PlayerId, there: bool, mutual: bool) -> Step {
    let key = Key::Follow(player, by);
    if there {
        Step::update(key, "SET mutual = :mutual")
            .only_if("attribute_exists(pk)")
            .value(":mutual", AttributeValue::Bool(mutual))
    } else {
        Step::check(key).only_if("attribute_not_exists(pk)")
    }
}

/// Whether all that failed is what was found of the other one's row.
fn changed(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Done => false,
        Outcome::Refused(held) => held.iter().enumerate().all(|(at, held)| held.is_some() == (at == 2)),
    }
}

fn own(player: &PlayerId, prefix: &str) -> Run {
    Run { pk: Key::Profile(player).pk(), prefix: prefix.into(), strong: true, ..Run::default() }
}

fn row(by: &PlayerId, player: &PlayerId, since: Time, mutual: bool) -> Item {
    let mut item = Key::Follow(by, player).item();
    let (whose, follower) = follower_index(player, by);
    item.extend(
        [
            ("t", s("follow")),
            ("since", at(since)),
            ("mutual", AttributeValue::Bool(mutual)),
            (GSI1PK, s(whose)),
            (GSI1SK, s(follower)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

fn read(item: &Item) -> Result<Follow, Error> {
    Ok(Follow {
        player: other(item, FOLLOWS)?,
        since: get_time(item, "since")?,
        mutual: truth(item, "mutual"),
    })
}
