//! How somebody is forgotten: at once for all who look, then item by item.
//!
//! A mark is left in the transaction that ends their logins and empties their profile. The table's stream carries the
//! mark to whoever does the rest, and brings it again until all of that is done: each step finds what is left, so a
//! crash anywhere only means that the next one goes on. The mark stays, because a match that they were in may be told
//! late. What moderators decided of them, and what was reported, stays too.

use super::Store;
use super::blocks::other;
use super::item::{Item, at, get_text, n, s};
use super::keys::{BLOCKED_BY, BLOCKS, FOLLOWS, Key, PK, SESSIONS, SK, Table, core, history};
use super::read::Run;
use super::status::{sort_key, truth};
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use crate::history::Place;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::id::{PlayerId, SessionId};
use shared::record::MatchRecord;
use shared::time::Time;

/// How the index's sort keys of a player's accounts elsewhere begin.
const ACCOUNTS: &str = "A#";
/// How often a record is changed anew while others are erased from it too.
const ATTEMPTS: u32 = 8;

impl Store {
    /// Empties a profile, ends all its logins, and leaves the mark that brings about the rest. False where there is no
    /// such player, or where this was done before.
    pub async fn begin_erasure(&self, player: &PlayerId, now: Time) -> Result<bool, Error> {
        let mut mark = Key::Erased(player).item();
        mark.insert("t".into(), s("erased"));
        mark.insert("player".into(), s(player.as_str()));
        mark.insert("since".into(), at(now));
        let empty = "SET v = v + :one, auth_epoch = auth_epoch + :one, epoch_at = :now, updated = :now, erased = :yes, \
                     #name = :none, bio = :none REMOVE attrs, #private, tier";
        let steps = vec![
            Step::put(Table::Core, mark).only_if("attribute_not_exists(pk)"),
            Step::update(Key::Profile(player), empty)
                .only_if("attribute_exists(pk)")
                .name("#name", "name")
                .name("#private", "private")
                .value(":one", n(1))
                .value(":now", at(now))
                .value(":yes", AttributeValue::Bool(true))
                .value(":none", s("")),
        ];
        let outcome = self.commit("begin_erasure", steps).await?;
        Ok(matches!(outcome, Outcome::Done))
    }

    /// Whether somebody has been erased, or is being so.
    pub async fn erased_strong(&self, player: &PlayerId) -> Result<bool, Error> {
        let mark = self.item_strong("get_erased", Key::Erased(player)).await?;
        Ok(mark.is_some())
    }

    /// Forgets somebody who is marked. Twice is the same as once, and what was left half is made whole.
    pub async fn erase(&self, player: &PlayerId, now: Time) -> Result<(), Error> {
        for account in self.named(player, ACCOUNTS, "A#").await? {
            let step = Step::delete(Key::Account(&account));
            self.commit("erase_account", vec![step]).await?;
        }
        for sid in self.named(player, SESSIONS, "S#").await? {
            let sid: SessionId = sid.parse().map_err(|_| Error::Corrupt { attribute: PK })?;
            let step = Step::delete(Key::Session(&sid));
            self.commit("erase_session", vec![step]).await?;
        }
        for whom in self.tied(player, BLOCKS).await? {
            self.unblock(player, &whom).await?;
        }
        for by in self.tied(player, BLOCKED_BY).await? {
            self.unblock(&by, player).await?;
        }
        for whom in self.tied(player, FOLLOWS).await? {
            self.unfollow(player, &whom).await?;
        }
        for by in self.followers(player).await? {
            self.unfollow(&by, player).await?;
        }
        self.erase_ratings(player).await?;
        for picture in self.pictures_strong(player).await? {
            let step = Step::delete(Key::Picture(player, &picture.id));
            self.commit("erase_picture", vec![step]).await?;
        }
        while self.erase_some_history(player).await? {}
        // Last: whoever counts ties counts them here.
        let profile = Step::delete(Key::Profile(player));
        self.commit("erase_profile", vec![profile]).await?;
        let done = Step::update(Key::Erased(player), "SET done = :now")
            .only_if("attribute_exists(pk)")
            .value(":now", at(now));
        self.commit("erased", vec![done]).await.map(|_| ())
    }

    /// Forgets how well somebody plays.
    async fn erase_ratings(&self, player: &PlayerId) -> Result<(), Error> {
        for pool in self.ratings_of_strong(player).await?.into_keys() {
            let step = Step::delete(Key::Rating(player, &pool));
            self.commit("erase_rating", vec![step]).await?;
        }
        Ok(())
    }

    /// Takes those who are erased out of a match that has just been copied. A copy is written before this looks for
    /// marks, and a mark before an erasure looks for copies: one of the two sees the other.
    pub(super) async fn erase_late(&self, record: &MatchRecord, place: &Place) -> Result<(), Error> {
        let players = record.players.iter().filter(|one| !one.gone);
        let keys: Vec<Item> = players.map(|one| Key::Erased(&one.player).item()).collect();
        for mark in self.items_strong("get_erased", Table::Core, &keys).await? {
            let player: PlayerId = get_text(&mark, "player")?;
            self.erase_match(&player, place, record).await?;
            self.erase_ratings(&player).await?;
        }
        Ok(())
    }

    /// One page of it; whether there may be more.
    async fn erase_some_history(&self, player: &PlayerId) -> Result<bool, Error> {
        let run = Run { pk: history(player), strong: true, limit: Some(25), ..Run::default() };
        let (items, _) = self.page("erase_history", Table::History, run).await?;
        for item in &items {
            let place = Place::of(sort_key(item)?);
            let place = place.ok_or(Error::Corrupt { attribute: SK })?;
            let record: MatchRecord = super::matches::read(item)?;
            self.erase_match(player, &place, &record).await?;
        }
        Ok(!items.is_empty())
    }

    /// Takes a player's name out of a match and out of the copies of all who played it, and then their own copy away.
    async fn erase_match(&self, player: &PlayerId, place: &Place, record: &MatchRecord) -> Result<(), Error> {
        self.erase_name(Key::Match(&place.id), player).await?;
        for one in record.players.iter().filter(|one| one.player != *player) {
            self.erase_name(Key::History(&one.player, place), player).await?;
        }
        let own = Step::delete(Key::History(player, place));
        self.commit("erase_match", vec![own]).await.map(|_| ())
    }

    async fn erase_name(&self, key: Key<'_>, player: &PlayerId) -> Result<(), Error> {
        let call = "erase_name";
        for _ in 0..ATTEMPTS {
            let Some(item) = self.item_strong(call, key).await? else {
                return Ok(());
            };
            let held: String = get_text(&item, "record")?;
            let mut record = super::matches::read(&item)?;
            let mut changed = false;
            for one in record.players.iter_mut().filter(|one| one.player == *player) {
                changed |= !one.gone;
                one.gone = true;
                one.name.clear();
            }
            if !changed {
                return Ok(());
            }
            let step = Step::update(key, "SET #record = :next")
                .only_if("#record = :held")
                .name("#record", "record")
                .value(":next", s(super::matches::text(&record)?))
                .value(":held", s(held));
            if let Outcome::Done = self.commit(call, vec![step]).await? {
                return Ok(());
            }
        }
        Err(Error::Contended { call })
    }

    /// The others behind this beginning of the sort keys of a player's partition.
    async fn tied(&self, player: &PlayerId, prefix: &str) -> Result<Vec<PlayerId>, Error> {
        let run = Run { pk: core(player), prefix: prefix.into(), strong: true, ..Run::default() };
        let items = self.run("erase_ties", Table::Core, run).await?;
        items.iter().map(|item| other(item, prefix)).collect()
    }

    async fn followers(&self, player: &PlayerId) -> Result<Vec<PlayerId>, Error> {
        let ids = self.named(player, "F#", "U#").await?;
        let id = |id: &String| id.parse().map_err(|_| Error::Corrupt { attribute: PK });
        ids.iter().map(id).collect()
    }

    /// What the partition keys name of the items that the index holds of a player.
    async fn named(&self, player: &PlayerId, prefix: &str, before: &str) -> Result<Vec<String>, Error> {
        let run = Run { pk: core(player), prefix: prefix.into(), index: true, ..Run::default() };
        let items = self.run("erase_indexed", Table::Core, run).await?;
        let name = |item: &Item| {
            let key: String = get_text(item, PK)?;
            let name = key.strip_prefix(before).map(str::to_owned);
            name.ok_or(Error::Corrupt { attribute: PK })
        };
        items.iter().map(name).collect()
    }
}

/// Whether a profile's item is of somebody who is being erased: nobody for all who look.
pub(super) fn is_erased(item: &Item) -> bool {
    truth(item, "erased")
}
