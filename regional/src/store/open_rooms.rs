//! The open rooms of queues: a row each, from the opening of the room until the record of its match is stored.
//!
//! The stored match is the mark that the room has ended, so that a late or repeated opening opens nothing again.

use super::Store;
use super::item::{Item, at, get_json, get_text, get_time, json, n, new_item, optional_text, s, sort_key};
use super::keys::{
    BEFORE_ALL, GSI1PK, GSI1SK, Key, OPEN_ROOM_SHARDS, TTL, Table, open_room_index_partition,
    open_room_partition, open_room_shard, open_room_sort_key, parse_open_room_sort_key,
};
use super::query::Query;
use super::write_op::WriteOp;
use crate::domain::webhook::event::Event;
use crate::error::Error;
use shared::id::PoolName;
use shared::limits;
use shared::rpc::opened::OpenedRoom;
use shared::rpc::record::MatchRecord;
use shared::time::Time;

impl Store {
    /// Stores that a room is open, with the event that its match was made, once. Returns false if it is known, or has ended.
    pub async fn open_room(&self, room: &OpenedRoom, now: Time) -> Result<bool, Error> {
        let mut ops = vec![
            WriteOp::put(Table::Core, write(room)).only_if("attribute_not_exists(pk)"),
            WriteOp::check(&Key::Match(room.id.clone())).only_if("attribute_not_exists(pk)"),
        ];
        ops.extend(self.event_ops([Event::match_made(room)], now));
        Ok(self.commit("open_room", ops).await?.is_committed())
    }

    /// Returns the writes that end the room of a match, with the events of its end. Where the region was never told that
    /// the room is open, the event that the match was made is among them.
    pub(super) async fn closing_ops(&self, record: &MatchRecord, now: Time) -> Result<Vec<WriteOp>, Error> {
        let ended = Event::match_ended(record, now);
        let Some(room) = OpenedRoom::of_record(record) else {
            return Ok(self.event_ops([ended], now));
        };
        let key = key(&room);
        let is_known = self.item_strong("get_open_room", &key).await?.is_some();
        let (end, made) = if is_known {
            (WriteOp::delete(&key).only_if("attribute_exists(pk)"), None)
        } else {
            (WriteOp::check(&key).only_if("attribute_not_exists(pk)"), Some(Event::match_made(&room)))
        };
        let mut ops = vec![end];
        ops.extend(self.event_ops(made.into_iter().chain([ended]), now));
        Ok(ops)
    }

    /// Returns a page of the open rooms, newest first, of a pool or of all, and the sort key after which the next page
    /// starts. The list may miss the newest ones.
    pub async fn open_rooms(
        &self,
        pool: Option<&PoolName>,
        after: Option<&str>,
        limit: usize,
        now: Time,
    ) -> Result<(Vec<OpenedRoom>, Option<String>), Error> {
        let (call, after) = ("get_open_rooms", after.unwrap_or(BEFORE_ALL));
        let shards = 0..OPEN_ROOM_SHARDS;
        let key = |item: &Item| sort_key(item).map(str::to_owned);
        let (items, next) = match pool {
            None => {
                let queries = shards.map(|shard| Query::new(open_room_partition(shard)).after(after));
                self.query_merged(call, Table::Core, queries, limit, key).await?
            }
            Some(pool) => {
                let partition = |shard| open_room_index_partition(pool, shard);
                let queries = shards.map(|shard| Query::index(partition(shard)).after(after));
                let (entries, next) = self.query_merged(call, Table::Core, queries, limit, key).await?;
                (self.items_of_entries(call, Table::Core, entries).await?, next)
            }
        };
        let mut rooms = Vec::with_capacity(items.len());
        for item in &items {
            let (created, room) = (get_time(item, "created")?, read(item)?);
            // An expired row is of a room whose end was never told.
            if created + limits::OPEN_ROOM_AGE_MAX > now {
                rooms.push(room);
            }
        }
        rooms.sort_by_cached_key(|room| open_room_sort_key(room.created, &room.id));
        Ok((rooms, next))
    }
}

fn key(room: &OpenedRoom) -> Key {
    Key::OpenRoom(room.created, room.id.clone())
}

fn write(room: &OpenedRoom) -> Item {
    let mut item = new_item(
        &key(room),
        [
            ("pool", s(room.pool.as_str())),
            ("players", s(json(&room.players))),
            ("created", at(room.created)),
            (TTL, n((room.created + limits::OPEN_ROOM_AGE_MAX).secs())),
            (GSI1PK, s(open_room_index_partition(&room.pool, open_room_shard(&room.id)))),
            (GSI1SK, s(open_room_sort_key(room.created, &room.id))),
        ],
    );
    item.extend(room.mode.as_ref().map(|mode| ("mode".to_owned(), s(&**mode))));
    item
}

fn read(item: &Item) -> Result<OpenedRoom, Error> {
    let (_, id) = parse_open_room_sort_key(sort_key(item)?).ok_or(Error::Corrupt { attribute: "sk" })?;
    Ok(OpenedRoom {
        id,
        pool: get_text(item, "pool")?,
        players: get_json(item, "players")?,
        created: get_time(item, "created")?,
        mode: optional_text(item, "mode")?,
    })
}
