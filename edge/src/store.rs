//! Every row that an object keeps: table, key, what is in it, how long it stays.
//!
//! A room, until it is erased: `rows` 0 the room, 1 the board; `log` a slot's number, the slot's entries.
//! A lobby, for ever: `things`, whose keys and lifetimes `shared::lobby::Disk` lists.
//! A player, until they are gone for good: `rows` 0 the player, 1 who may see them; `watchers` who is told how they are,
//! until nobody listens there.
//! The metrics, for ever: `rows` 0 the totals.

use crate::error::Result;
use shared::room::log::Chunk;
use shared::room::save::Disk;
use shared::time::Time;
use shared::{lobby, player, room};
use worker::js_sys::{Date, Object};
use worker::wasm_bindgen::JsValue;
use worker::{SqlStorage, SqlStorageValue, Storage};

const THING: i32 = 0;
const BOARD: i32 = 1;
const CIRCLE: i32 = 1;

/// What a room finds of itself; none, it was never made or is erased.
pub fn read_room(storage: &Storage) -> Result<Option<Disk>> {
    let sql = storage.sql();
    if !has(&sql, "log")? {
        return Ok(None);
    }
    let Some(room) = row(&sql, THING)? else {
        return Ok(None);
    };
    let mut chunks = Vec::new();
    for found in sql.exec("SELECT slot, data FROM log", None)?.raw() {
        if let [SqlStorageValue::Integer(slot), SqlStorageValue::String(text)] = found?.as_slice() {
            chunks.push(Chunk { slot: u64::try_from(*slot).unwrap_or_default(), text: text.clone() });
        }
    }
    Ok(Some(Disk { room, board: row(&sql, BOARD)?, chunks }))
}

/// Makes the tables of a room.
pub fn make_room(storage: &Storage) -> Result<()> {
    let sql = storage.sql();
    sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, data TEXT NOT NULL)", None)?;
    sql.exec("CREATE TABLE IF NOT EXISTS log (slot INTEGER PRIMARY KEY, data TEXT NOT NULL)", None)?;
    Ok(())
}

/// Writes what a room saves: no await between, so all of it or nothing.
pub fn write_room(storage: &Storage, save: &room::Save) -> Result<()> {
    let sql = storage.sql();
    if let Some(chunk) = &save.chunk {
        let slot = i64::try_from(chunk.slot).unwrap_or_default();
        let values = vec![slot.into(), chunk.text.as_str().into()];
        sql.exec("INSERT OR REPLACE INTO log (slot, data) VALUES (?, ?)", values)?;
    }
    if let Some(board) = &save.board {
        write_row(&sql, BOARD, board)?;
    }
    if let Some(room) = &save.room {
        write_row(&sql, THING, room)?;
    }
    ring_at(storage, save.alarm)
}

/// What a lobby finds of itself.
pub fn read_lobby(storage: &Storage) -> Result<lobby::Disk> {
    let sql = storage.sql();
    let mut disk = lobby::Disk::new();
    if !has(&sql, "things")? {
        return Ok(disk);
    }
    for found in sql.exec("SELECT key, data FROM things", None)?.raw() {
        if let [SqlStorageValue::String(key), SqlStorageValue::String(text)] = found?.as_slice() {
            disk.insert(key.clone(), text.clone());
        }
    }
    Ok(disk)
}

/// Writes what a lobby saves.
pub fn write_lobby(storage: &Storage, save: &lobby::Save) -> Result<()> {
    let sql = storage.sql();
    if !save.rows.is_empty() && !has(&sql, "things")? {
        sql.exec("CREATE TABLE things (key TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID", None)?;
    }
    for (key, text) in &save.rows {
        let key = SqlStorageValue::from(key.as_str());
        match text {
            Some(text) => {
                let values = vec![key, text.as_str().into()];
                sql.exec("INSERT OR REPLACE INTO things (key, data) VALUES (?, ?)", values)?;
            }
            None => drop(sql.exec("DELETE FROM things WHERE key = ?", vec![key])?),
        }
    }
    ring_at(storage, save.alarm)
}

/// What a player's object finds of itself.
pub fn read_player(storage: &Storage) -> Result<player::Disk> {
    let sql = storage.sql();
    if !has(&sql, "watchers")? {
        return Ok(player::Disk::default());
    }
    let mut watchers = Vec::new();
    for found in sql.exec("SELECT id FROM watchers", None)?.raw() {
        if let [SqlStorageValue::String(id)] = found?.as_slice()
            && let Ok(id) = id.parse()
        {
            watchers.push(id);
        }
    }
    Ok(player::Disk { player: row(&sql, THING)?, circle: row(&sql, CIRCLE)?, watchers })
}

/// Writes what a player saves.
pub fn write_player(storage: &Storage, save: &player::Save) -> Result<()> {
    let sql = storage.sql();
    sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, data TEXT NOT NULL)", None)?;
    sql.exec("CREATE TABLE IF NOT EXISTS watchers (id TEXT PRIMARY KEY) WITHOUT ROWID", None)?;
    if let Some(player) = &save.player {
        write_row(&sql, THING, player)?;
    }
    if let Some(circle) = &save.circle {
        write_row(&sql, CIRCLE, circle)?;
    }
    for (id, watches) in &save.watchers {
        let query = if *watches {
            "INSERT OR IGNORE INTO watchers (id) VALUES (?)"
        } else {
            "DELETE FROM watchers WHERE id = ?"
        };
        sql.exec(query, vec![id.as_str().into()])?;
    }
    ring_at(storage, save.alarm)
}

/// What the metrics' object finds of itself.
pub fn read_totals(storage: &Storage) -> Result<Option<String>> {
    let sql = storage.sql();
    if has(&sql, "rows")? { row(&sql, THING) } else { Ok(None) }
}

/// Writes what was counted.
pub fn write_totals(storage: &Storage, text: &str) -> Result<()> {
    let sql = storage.sql();
    sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, data TEXT NOT NULL)", None)?;
    write_row(&sql, THING, text)
}

fn has(sql: &SqlStorage, table: &str) -> Result<bool> {
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
    Ok(sql.exec(query, vec![table.into()])?.raw().next().is_some())
}

fn row(sql: &SqlStorage, id: i32) -> Result<Option<String>> {
    match sql
        .exec("SELECT data FROM rows WHERE id = ?", vec![id.into()])?
        .raw()
        .next()
        .transpose()?
        .as_deref()
    {
        Some([SqlStorageValue::String(text)]) => Ok(Some(text.clone())),
        Some(_) | None => Ok(None),
    }
}

fn write_row(sql: &SqlStorage, id: i32, text: &str) -> Result<()> {
    sql.exec("INSERT OR REPLACE INTO rows (id, data) VALUES (?, ?)", vec![id.into(), text.into()])?;
    Ok(())
}

/// Sets the alarm in the same breath as the rows. The promise is the platform's: it holds back what is sent until
/// the write is done.
#[allow(clippy::cast_precision_loss)]
fn ring_at(storage: &Storage, at: Option<Time>) -> Result<()> {
    let Some(at) = at else { return Ok(()) };
    let date = Date::new(&JsValue::from_f64(at.ms() as f64));
    let _set = storage.as_raw().set_alarm(date, Object::new()).map_err(worker::Error::from)?;
    Ok(())
}
