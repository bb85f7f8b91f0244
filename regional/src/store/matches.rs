//! Finished matches: one item for the match, and a copy in the history of each player.
//!
//! The replay of a match is an attribute of its item only: copies, and what players read, never have it.

use super::item::{
    Item, b, flag, get_flag, get_json, get_text, n, new_item, optional_hash, optional_text, s, stored_key,
};
use super::keys::{Key, SK, TTL, Table, history_partition, history_range};
use super::query::Query;
use super::retry::until_committed;
use super::transact::{CommitOutcome, jitter};
use super::write_op::WriteOp;
use super::{Store, failed, ratings};
use crate::domain::history::HistoryCursor;
use crate::domain::rated::rated_outcome;
use crate::domain::rating::{RatingChange, rating_changes};
use crate::domain::session::Hash;
use crate::error::Error;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::id::{PlayerId, PoolName};
use shared::limits;
use shared::rpc::record::{EndReason, MatchRecord};
use shared::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often rating changes are computed again because another match changed the ratings in between.
const DECISIONS: u32 = 12;
/// The upper bound of the wait before that, times the attempt, so that the faster writer can finish.
const DECISION_WAIT: Duration = Duration::from_millis(10);
/// The attribute of the replay, in the item of a match only.
pub(super) const REPLAY: &str = "replay";
/// Items in one batch write, DynamoDB's own limit.
const BATCH: usize = 25;
/// Extra rounds of a batch write before unwritten items count as busy.
const ROUNDS: u32 = 4;

/// The result of storing a record that may have been stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveOutcome {
    New,
    /// The same record was stored before.
    Duplicate,
    /// A different record is stored under the same id.
    Conflict,
}

/// A match in a player's history.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedMatch {
    pub record: MatchRecord,
    /// The effect on the player's rating, if the match was rated; see [`RatingChange::to_json`].
    pub rating: Option<Value>,
}

/// A filter on the matches of a player.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    pub after: Option<HistoryCursor>,
    /// Matches that ended at this moment or later.
    pub from: Option<Time>,
    /// Matches that ended before this moment.
    pub to: Option<Time>,
    pub pool: Option<PoolName>,
}

/// A page of a player's history.
#[derive(Debug)]
pub struct HistoryPage {
    /// The newest match first.
    pub matches: Vec<PlayedMatch>,
    /// Where the next page starts; none on the last page.
    pub next: Option<HistoryCursor>,
}

/// The item of a match.
struct Row {
    record: MatchRecord,
    /// The hash of the record as the edge sent it. An erasure changes the record, but not this.
    received: Option<Hash>,
    /// The rating changes as the history shows them, by player.
    ratings: Map<String, Value>,
    /// True once all players have their copies.
    copied: bool,
}

impl Store {
    /// Stores a match together with its effect on ratings, its events, and the end of its room, once: all of it or
    /// nothing. Then gives each player a copy. A repeated record completes the copies after a crash in between, because
    /// all keys follow from the record.
    pub async fn save_match(
        &self,
        record: &MatchRecord,
        rated: bool,
        keep: Duration,
        now: Time,
    ) -> Result<SaveOutcome, Error> {
        // The hash covers the replay too, which the stored text does not have.
        let received: Hash = Sha256::digest(serialized(record)?).into();
        let ttl = (record.ended + keep).secs();
        until_committed("save_match", DECISIONS, |attempt| {
            Box::pin(async move {
                let changes = self.rating_changes(record, rated).await?;
                let closing = self.closing_ops(record, now).await?;
                let found = match self.add_match(record, received, &changes, ttl, closing).await? {
                    CommitOutcome::Committed => {
                        self.copy_match(record, &shown(&changes), ttl).await?;
                        return Ok(Some(SaveOutcome::New));
                    }
                    CommitOutcome::ConditionFailed(found) => found.into_iter().next().flatten(),
                };
                // The first write is the match. If its condition held, another match changed a rating in between, or
                // the room was told to be open.
                let Some(found) = found else {
                    tokio::time::sleep(jitter(DECISION_WAIT * attempt)?).await;
                    return Ok(None);
                };
                let row = read_row(&found)?;
                if row.received != Some(received) {
                    return Ok(Some(SaveOutcome::Conflict));
                }
                if !row.copied {
                    self.copy_match(&row.record, &row.ratings, ttl).await?;
                }
                Ok(Some(SaveOutcome::Duplicate))
            })
        })
        .await
    }

    async fn rating_changes(
        &self,
        record: &MatchRecord,
        rated: bool,
    ) -> Result<BTreeMap<PlayerId, RatingChange>, Error> {
        let outcome = rated.then(|| rated_outcome(record)).flatten();
        let (Some(pool), Some((players, outcome))) = (&record.pool, outcome) else {
            return Ok(BTreeMap::new());
        };
        let known = self.ratings_strong(pool, &players).await?;
        Ok(rating_changes(record.ended, &players, &outcome, &known))
    }

    /// Writes the match, its entry in the queue of disputes, the ratings, the end of its room and its events: at most
    /// 3 + [`limits::SEATS_MAX`] + 2 × [`limits::WEBHOOKS_MAX`] items, of the 100 that a transaction may have.
    async fn add_match(
        &self,
        record: &MatchRecord,
        received: Hash,
        changes: &BTreeMap<PlayerId, RatingChange>,
        ttl: u64,
        closing: Vec<WriteOp>,
    ) -> Result<CommitOutcome, Error> {
        let mut item = write(&Key::Match(record.id.clone()), &text(record)?, ttl);
        item.insert("told".into(), b(received));
        item.insert("ratings".into(), s(Value::Object(shown(changes)).to_string()));
        if let Some(replay) = &record.replay {
            item.insert(REPLAY.into(), s(serialized(replay)?));
        }
        let mut ops = vec![WriteOp::put(Table::History, item).only_if("attribute_not_exists(pk)")];
        if record.reason == EndReason::Disputed {
            ops.push(dispute_op(record, ttl));
        }
        if let Some(pool) = &record.pool {
            ops.extend(changes.iter().map(|(player, change)| ratings::rating_op(pool, player, change)));
        }
        ops.extend(closing);
        self.commit("save_match", ops).await
    }

    /// Gives each player who is not erased a copy, and records that this is done. Repeating it changes
    /// nothing.
    async fn copy_match(
        &self,
        record: &MatchRecord,
        ratings: &Map<String, Value>,
        ttl: u64,
    ) -> Result<(), Error> {
        let call = "copy_match";
        let cursor = HistoryCursor::of(record);
        let text = text(record)?;
        let players = record.players.iter().filter(|participant| !participant.erased);
        let copies = players.map(|participant| {
            let mut item = write(&Key::MatchCopy(participant.player.clone(), cursor.clone()), &text, ttl);
            if let Some(rating) = ratings.get(participant.player.as_str()) {
                item.insert("rating".into(), s(rating.to_string()));
            }
            item
        });
        self.put_all(call, Table::History, copies.collect()).await?;
        self.erase_late(record, &cursor).await?;
        let done = WriteOp::update(&Key::Match(record.id.clone())).set("copied", flag(true));
        self.update(call, done.only_if("attribute_exists(pk)")).await.map(|_| ())
    }

    /// Writes items, replacing what exists.
    async fn put_all(&self, call: &'static str, table: Table, items: Vec<Item>) -> Result<(), Error> {
        let puts = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        });
        let mut left = puts
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::Store { call, text: error.to_string() })?;
        let table = self.name(table);
        // DynamoDB leaves items unwritten when a table is at its capacity.
        let mut rounds = left.len().div_ceil(BATCH) as u64 + u64::from(ROUNDS);
        while !left.is_empty() {
            rounds = rounds
                .checked_sub(1)
                .ok_or_else(|| Error::Busy { call, text: format!("{} items left unwritten", left.len()) })?;
            let now = left.split_off(left.len().saturating_sub(BATCH));
            let request = self.client.batch_write_item().request_items(table, now);
            let done = request.send().await.map_err(failed(call))?;
            let mut missed = done.unprocessed_items.unwrap_or_default();
            left.extend(missed.remove(table).unwrap_or_default());
        }
        Ok(())
    }

    /// Returns a page of a player's history: full, or the last one. Expired matches are left out, whether
    /// DynamoDB has deleted them yet or not.
    pub async fn history_eventual(
        &self,
        player: &PlayerId,
        filter: &HistoryFilter,
        limit: usize,
        now: Time,
    ) -> Result<HistoryPage, Error> {
        // One more than is shown tells whether another page follows.
        let wanted = limit + 1;
        let mut found: Vec<(HistoryCursor, PlayedMatch)> = Vec::with_capacity(wanted);
        let mut start = filter.after.clone().map(|cursor| Key::MatchCopy(player.clone(), cursor).item());
        loop {
            let query = history_query(player, filter, now).start_after(start);
            // The limit counts what is read, and matches of other pools are read too.
            let query = match filter.pool {
                Some(_) => query.limit(limits::HISTORY_SCAN_ITEMS_MAX),
                None => query.limit(wanted - found.len()),
            };
            let (items, last) = self.query_from("get_history", Table::History, &query).await?;
            for item in &items {
                let entry = read_copy(item)?;
                let counts = filter.pool.is_none() || filter.pool == entry.1.record.pool;
                if counts && found.len() < wanted {
                    found.push(entry);
                }
            }
            if found.len() == wanted || last.is_none() {
                break;
            }
            start = last;
        }
        let more = found.len() == wanted;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
        Ok(HistoryPage { matches: found.into_iter().map(|(_, played)| played).collect(), next })
    }
}

/// The query of a player's history by time and, as far as the store can tell, by pool.
fn history_query(player: &PlayerId, filter: &HistoryFilter, now: Time) -> Query {
    let query = Query::new(history_partition(player))
        .between(history_range(filter.from, filter.to))
        .descending(true)
        .greater(TTL, now.secs());
    match &filter.pool {
        // The text of the record has the pool as serde writes it. A result may have the same text, so the
        // caller compares the pool itself.
        Some(pool) => query.containing("record", &format!("\"pool\":\"{pool}\"")),
        None => query,
    }
}

/// Returns rating changes as the history shows them, by player.
fn shown(changes: &BTreeMap<PlayerId, RatingChange>) -> Map<String, Value> {
    changes.iter().map(|(player, change)| (player.to_string(), change.to_json())).collect()
}

/// Returns the stored text of a record, for the item of the match and for the copies of its players: the record without
/// the replay, which reveals what players hid.
pub(super) fn text(record: &MatchRecord) -> Result<String, Error> {
    let public = MatchRecord { replay: None, ..record.clone() };
    serialized(&public)
}

fn serialized(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Store { call: "save_match", text: error.to_string() })
}

/// The write that adds a match to the queue of disputes. The entry names the match and expires with it.
fn dispute_op(record: &MatchRecord, ttl: u64) -> WriteOp {
    WriteOp::put(Table::History, new_item(&Key::Dispute(HistoryCursor::of(record)), [(TTL, n(ttl))]))
}

fn write(key: &Key, record: &str, ttl: u64) -> Item {
    new_item(key, [("record", s(record)), (TTL, n(ttl))])
}

fn read_row(item: &Item) -> Result<Row, Error> {
    Ok(Row {
        record: read(item)?,
        received: optional_hash(item, "told")?,
        ratings: get_json(item, "ratings")?,
        copied: get_flag(item, "copied"),
    })
}

fn read_copy(item: &Item) -> Result<(HistoryCursor, PlayedMatch), Error> {
    let Some(Key::MatchCopy(_, cursor)) = stored_key(item) else {
        return Err(Error::Corrupt { attribute: SK });
    };
    Ok((cursor, PlayedMatch { record: read(item)?, rating: optional_text(item, "rating")? }))
}

/// Reads the record of a match or of a copy, without the replay.
pub(super) fn read(item: &Item) -> Result<MatchRecord, Error> {
    let text: String = get_text(item, "record")?;
    serde_json::from_str(&text).map_err(|_| Error::Corrupt { attribute: "record" })
}
