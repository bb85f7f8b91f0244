//! Matches as moderators read them: one match with its replay, and the queue of disputed matches.

use super::Store;
use super::item::{Item, get_json, get_number, optional_text, sort_key};
use super::keys::{BEFORE_ALL, DISPUTE_SHARDS, Key, TTL, Table, dispute_partition};
use super::matches::{REPLAY, read};
use super::query::{Consistency, Query};
use crate::domain::history::HistoryCursor;
use crate::error::Error;
use serde_json::{Map, Value};
use shared::id::RoomId;
use shared::rpc::record::MatchRecord;
use shared::time::Time;

/// A match with what only moderators may read.
#[derive(Debug, Clone, PartialEq)]
pub struct ModeratedMatch {
    /// The record, with its replay if the room sent one and no player of the match is erased.
    pub record: MatchRecord,
    /// The rating changes as the history shows them, by player.
    pub ratings: Map<String, Value>,
}

impl Store {
    /// Returns a match that has not expired.
    pub async fn match_strong(&self, id: &RoomId, now: Time) -> Result<Option<ModeratedMatch>, Error> {
        let item = self.item_strong("get_match", &Key::Match(id.clone())).await?;
        let Some(item) = item else {
            return Ok(None);
        };
        if is_expired(&item, now)? {
            return Ok(None);
        }
        let mut record = read(&item)?;
        record.replay = optional_text::<String>(&item, REPLAY)?
            .map(|text| serde_json::from_str(&text).map_err(|_| Error::Corrupt { attribute: REPLAY }))
            .transpose()?;
        Ok(Some(ModeratedMatch { record, ratings: get_json(&item, "ratings")? }))
    }

    /// Returns a page of the disputed matches, the newest first and without replays, and the queue key after which the
    /// next page starts. The list may miss the newest matches; the content of each is current.
    pub async fn disputed_matches(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Time,
    ) -> Result<(Vec<MatchRecord>, Option<String>), Error> {
        let call = "get_disputes";
        let shards = (0..DISPUTE_SHARDS)
            .map(|shard| Query::new(dispute_partition(shard)).after(after.unwrap_or(BEFORE_ALL)));
        let key = |entry: &Item| sort_key(entry).map(str::to_owned);
        let (entries, next) = self.query_merged(call, Table::History, shards, limit, key).await?;
        let cursor = |entry: &Item| HistoryCursor::parse_newest_first(sort_key(entry).ok()?);
        let cursors = entries.iter().filter_map(cursor);
        let rows: Vec<Item> = cursors.map(|cursor| Key::Match(cursor.id).item()).collect();
        let items = self.items(call, Table::History, &rows, Consistency::Strong).await?;
        let mut matches = Vec::with_capacity(items.len());
        for item in &items {
            if !is_expired(item, now)? {
                matches.push(read(item)?);
            }
        }
        matches.sort_by_key(|record| HistoryCursor::of(record).newest_first());
        Ok((matches, next))
    }
}

fn is_expired(item: &Item, now: Time) -> Result<bool, Error> {
    let ttl: u64 = get_number(item, TTL)?;
    Ok(ttl <= now.secs())
}
