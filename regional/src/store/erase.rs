//! The erasure of a player: at once for all readers, then row by row.
//!
//! A transaction leaves a mark, ends all sessions and empties the profile. The table's stream delivers the
//! mark to the worker that deletes the rows, again and again until that is done. Each step looks for what is
//! left, so a crash at any point only means that the next run continues. The mark stays, because a match of
//! the player may be recorded late.

use super::Store;
use super::item::{Item, at, get_text, new_item, s, stored_key};
use super::keys::{
    BLOCK_PREFIX, BLOCKED_BY_PREFIX, FOLLOW_PREFIX, INDEXED_ACCOUNTS, INDEXED_ANSWERS, INDEXED_FOLLOWERS,
    INDEXED_SESSIONS, Key, NOTE_PREFIX, PICTURE_PREFIX, PK, RATING_PREFIX, RowKind, SK, Table,
    history_partition, player_partition,
};
use super::query::{Consistency, Query};
use super::retry::until_committed;
use super::write_op::WriteOp;
use super::{matches, profiles};
use crate::domain::history::HistoryCursor;
use crate::domain::lockout::Counter;
use crate::domain::webhook::event::Event;
use crate::error::Error;
use shared::id::PlayerId;
use shared::rpc::record::MatchRecord;
use shared::time::Time;

/// How often a name is removed from a record again while other players are erased from the same record.
const ATTEMPTS: u32 = 8;
/// Matches that one step of an erasure reads.
const HISTORY_PAGE_SIZE: usize = 25;

impl Store {
    /// Empties a profile, ends all sessions, and leaves the mark from which the rest follows. Returns false
    /// if there is no such player, or if the erasure has begun before.
    pub async fn begin_erasure(&self, player: &PlayerId, now: Time) -> Result<bool, Error> {
        let mark =
            new_item(&Key::Erased(player.clone()), [("player", s(player.as_str())), ("since", at(now))]);
        let mut ops = vec![
            WriteOp::put(Table::Core, mark).only_if("attribute_not_exists(pk)"),
            profiles::erasure_op(player, now),
        ];
        ops.extend(self.event_ops([Event::player_erased(player, now)], now));
        Ok(self.commit("begin_erasure", ops).await?.is_committed())
    }

    /// Returns whether a player is erased, or is being erased.
    pub async fn erased_strong(&self, player: &PlayerId) -> Result<bool, Error> {
        Ok(self.item_strong("get_erased", &Key::Erased(player.clone())).await?.is_some())
    }

    /// Deletes the rows of a player whose erasure has begun. Repeating it changes nothing, and completes what
    /// an interrupted run left.
    pub async fn erase(&self, player: &PlayerId, now: Time) -> Result<(), Error> {
        for kind in RowKind::ALL {
            Box::pin(self.erase_rows(*kind, player)).await?;
        }
        let done = WriteOp::update(&Key::Erased(player.clone()))
            .set("done", at(now))
            .only_if("attribute_exists(pk)");
        self.commit("end_erasure", vec![done]).await.map(|_| ())
    }

    /// Erases the rows of one kind. Each kind of row has to be decided about here: deleted, redacted, or kept
    /// for a reason.
    async fn erase_rows(&self, kind: RowKind, player: &PlayerId) -> Result<(), Error> {
        match kind {
            RowKind::AccountFailures => {
                for key in self.entries(player, INDEXED_ACCOUNTS).await? {
                    if let Key::Account(account) = key {
                        self.erase_row(&Key::Counter(Counter::AccountFailures(account))).await?;
                    }
                }
                Ok(())
            }
            RowKind::ReportCount => self.erase_row(&Key::Counter(Counter::Reports(player.clone()))).await,
            RowKind::Account => self.erase_entries(player, INDEXED_ACCOUNTS).await,
            RowKind::Session => self.erase_entries(player, INDEXED_SESSIONS).await,
            RowKind::Answer => self.erase_entries(player, INDEXED_ANSWERS).await,
            RowKind::Block => self.erase_blocks(player, BLOCK_PREFIX).await,
            RowKind::BlockedBy => self.erase_blocks(player, BLOCKED_BY_PREFIX).await,
            RowKind::Follow => {
                let followers = self.entries(player, INDEXED_FOLLOWERS).await?;
                for key in self.player_rows(player, FOLLOW_PREFIX).await?.into_iter().chain(followers) {
                    if let Key::Follow(by, followed) = key {
                        self.unfollow(&by, &followed).await?;
                    }
                }
                Ok(())
            }
            RowKind::Rating => self.erase_player_rows(player, RATING_PREFIX).await,
            RowKind::Note => self.erase_player_rows(player, NOTE_PREFIX).await,
            RowKind::Picture => self.erase_player_rows(player, PICTURE_PREFIX).await,
            RowKind::MatchCopy => self.erase_history(player).await,
            RowKind::Profile => self.erase_row(&Key::Profile(player.clone())).await,
            // Redacted together with the copies, which lead to the match.
            RowKind::Match
            // Not about a player: these expire with their match, and with their window within the hour.
            | RowKind::Dispute
            | RowKind::AddressFailures
            // The same, within minutes.
            | RowKind::UsedSignature
            // Only ids of players, and they expire with the room, or within a month.
            | RowKind::OpenRoom | RowKind::Delivery | RowKind::DeadDelivery
            // Kept: what moderators decided, and why, has to stay accountable.
            | RowKind::Ban
            | RowKind::Report
            | RowKind::ReportAbout
            | RowKind::Audit
            // Kept: a match of the player may be recorded late, and must find that the player is erased.
            | RowKind::Erased => Ok(()),
        }
    }

    /// Erases the blocks of a player, or those of others against the player: each has a row on both sides.
    async fn erase_blocks(&self, player: &PlayerId, prefix: &str) -> Result<(), Error> {
        for key in self.player_rows(player, prefix).await? {
            if let Key::Block(by, blocked) | Key::BlockedBy(blocked, by) = key {
                self.unblock(&by, &blocked).await?;
            }
        }
        Ok(())
    }

    async fn erase_history(&self, player: &PlayerId) -> Result<(), Error> {
        while self.erase_history_page(player).await? {}
        Ok(())
    }

    async fn erase_row(&self, key: &Key) -> Result<(), Error> {
        self.commit("erase_row", vec![WriteOp::delete(key)]).await.map(|_| ())
    }

    async fn erase_player_rows(&self, player: &PlayerId, prefix: &str) -> Result<(), Error> {
        for key in self.player_rows(player, prefix).await? {
            self.erase_row(&key).await?;
        }
        Ok(())
    }

    async fn erase_entries(&self, player: &PlayerId, prefix: &str) -> Result<(), Error> {
        for key in self.entries(player, prefix).await? {
            self.erase_row(&key).await?;
        }
        Ok(())
    }

    /// Removes erased players from a match that has just been copied to the histories. A copy is written
    /// before this looks for marks, and a mark is written before an erasure looks for copies, so one of the
    /// two sees the other.
    pub(super) async fn erase_late(&self, record: &MatchRecord, cursor: &HistoryCursor) -> Result<(), Error> {
        let players = record.players.iter().filter(|participant| !participant.erased);
        let keys: Vec<Item> =
            players.map(|participant| Key::Erased(participant.player.clone()).item()).collect();
        for mark in self.items("get_erased", Table::Core, &keys, Consistency::Strong).await? {
            let player: PlayerId = get_text(&mark, "player")?;
            self.erase_match(&player, cursor, record).await?;
            self.erase_player_rows(&player, RATING_PREFIX).await?;
        }
        Ok(())
    }

    /// Erases one page of a player's history. Returns whether more may follow.
    async fn erase_history_page(&self, player: &PlayerId) -> Result<bool, Error> {
        let query = Query::new(history_partition(player)).strong().limit(HISTORY_PAGE_SIZE);
        let (items, _) = self.query_page("erase_history", Table::History, query).await?;
        for item in &items {
            let Some(Key::MatchCopy(_, cursor)) = stored_key(item) else {
                return Err(Error::Corrupt { attribute: SK });
            };
            self.erase_match(player, &cursor, &matches::read(item)?).await?;
        }
        Ok(!items.is_empty())
    }

    /// Removes a player's name from a match and from the copies of all its players, and then deletes the
    /// player's own copy.
    ///
    /// The replay of the match is deleted with the name, for all its players: it is what the player did, move by move,
    /// and a mode may have moves with text that the player wrote. A replay without the moves of one seat would not run.
    async fn erase_match(
        &self,
        player: &PlayerId,
        cursor: &HistoryCursor,
        record: &MatchRecord,
    ) -> Result<(), Error> {
        self.erase_name(&Key::Match(cursor.id.clone()), player).await?;
        for participant in record.players.iter().filter(|participant| participant.player != *player) {
            let copy = Key::MatchCopy(participant.player.clone(), cursor.clone());
            self.erase_name(&copy, player).await?;
        }
        self.erase_row(&Key::MatchCopy(player.clone(), cursor.clone())).await
    }

    async fn erase_name(&self, key: &Key, player: &PlayerId) -> Result<(), Error> {
        let call = "erase_name";
        until_committed(call, ATTEMPTS, |_| {
            Box::pin(async move {
                let Some(item) = self.item_strong(call, key).await? else {
                    return Ok(Some(()));
                };
                let stored: String = get_text(&item, "record")?;
                let mut record = matches::read(&item)?;
                let mut changed = false;
                for participant in
                    record.players.iter_mut().filter(|participant| participant.player == *player)
                {
                    changed |= !participant.erased;
                    participant.erased = true;
                    participant.name.clear();
                }
                if !changed {
                    return Ok(Some(()));
                }
                let op = WriteOp::update(key)
                    .set("record", s(matches::text(&record)?))
                    .remove(matches::REPLAY)
                    .only_if("#record = :stored")
                    .name("#record", "record")
                    .value(":stored", s(stored));
                Ok(self.commit(call, vec![op]).await?.is_committed().then_some(()))
            })
        })
        .await
    }

    /// Returns the keys of the rows in a player's partition whose sort keys have this prefix.
    async fn player_rows(&self, player: &PlayerId, prefix: &str) -> Result<Vec<Key>, Error> {
        let query = Query::new(player_partition(player)).prefix(prefix).strong();
        let items = self.query_all("erase_rows", Table::Core, query).await?;
        items.iter().map(|item| stored_key(item).ok_or(Error::Corrupt { attribute: SK })).collect()
    }

    /// Returns the keys of the rows that the index lists for a player, and whose index sort keys have this
    /// prefix.
    async fn entries(&self, player: &PlayerId, prefix: &str) -> Result<Vec<Key>, Error> {
        let query = Query::index(player_partition(player)).prefix(prefix);
        let items = self.query_all("erase_entries", Table::Core, query).await?;
        items.iter().map(|item| stored_key(item).ok_or(Error::Corrupt { attribute: PK })).collect()
    }
}
