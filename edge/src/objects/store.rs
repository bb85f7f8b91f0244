//! The SQLite rows of every object: tables, keys, contents and lifetimes.
//!
//! | object | table | key | content | lifetime |
//! |---|---|---|---|---|
//! | room | `rows` | 0, 1, 2 | the room; its board; its match | until the room is erased |
//! | room | `log` | slot number | the entries of the slot | until overwritten, or the room is erased |
//! | lobby | `things` | see `shared::lobby::Disk` | see `shared::lobby::Disk` | see `shared::lobby::Disk` |
//! | player | `players`, `watchers` | see `player_store` | see `player_store` | see `player_store` |
//! | metrics | `rows` | 0 | the totals | forever |
//! | metrics | `queues` | name of a shard | its figures, and when it reported them | forever |

use crate::error::Result;
use crate::objects::sql::Sql;
use crate::telemetry::meter::{self, Billed, Class};
use shared::room::log::Chunk;
use shared::room::state::Disk;
use shared::time::Time;
use shared::{lobby, room};
use worker::js_sys::{Date, Object};
use worker::wasm_bindgen::JsValue;
use worker::{SqlStorageValue, Storage};

/// The table of objects with few, numbered rows.
const CREATE_ROWS: &str = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, data TEXT NOT NULL)";

const MAIN_ROW: i32 = 0;
const BOARD_ROW: i32 = 1;
const GAME_ROW: i32 = 2;

/// Reads a room; `None` if it was never created or is erased.
pub fn read_room(storage: &Storage) -> Result<Option<Disk>> {
    let sql = Sql::of(storage, Class::Room);
    if !sql.has_table("log")? {
        return Ok(None);
    }
    let Some(room) = read_row(&sql, MAIN_ROW)? else {
        return Ok(None);
    };
    let mut chunks = Vec::new();
    for found in sql.read("SELECT slot, data FROM log", vec![])? {
        if let [SqlStorageValue::Integer(slot), SqlStorageValue::String(text)] = found.as_slice() {
            chunks.push(Chunk { slot: u64::try_from(*slot).unwrap_or_default(), text: text.clone() });
        }
    }
    let (board, game) = (read_row(&sql, BOARD_ROW)?, read_row(&sql, GAME_ROW)?);
    Ok(Some(Disk { room, board, game, chunks }))
}

/// Creates the tables of a room.
pub fn create_room_tables(storage: &Storage) -> Result<()> {
    let sql = Sql::of(storage, Class::Room);
    sql.write(CREATE_ROWS, vec![])?;
    sql.write("CREATE TABLE IF NOT EXISTS log (slot INTEGER PRIMARY KEY, data TEXT NOT NULL)", vec![])?;
    Ok(())
}

/// Writes a room. Without an await between the statements, the platform commits all of them or none.
pub fn write_room(storage: &Storage, save: &room::Save) -> Result<()> {
    let sql = Sql::of(storage, Class::Room);
    if let Some(chunk) = &save.chunk {
        let slot = i64::try_from(chunk.slot).unwrap_or_default();
        let values = vec![slot.into(), chunk.text.as_str().into()];
        sql.write("INSERT OR REPLACE INTO log (slot, data) VALUES (?, ?)", values)?;
    }
    if let Some(board) = &save.board {
        write_row(&sql, BOARD_ROW, board)?;
    }
    if let Some(game) = &save.game {
        write_row(&sql, GAME_ROW, game)?;
    }
    if let Some(room) = &save.room {
        write_row(&sql, MAIN_ROW, room)?;
    }
    set_alarm(storage, Class::Room, save.alarm)
}

/// Reads the rows of a lobby.
pub fn read_lobby(storage: &Storage) -> Result<lobby::Disk> {
    let sql = Sql::of(storage, Class::Lobby);
    let mut disk = lobby::Disk::new();
    if !sql.has_table("things")? {
        return Ok(disk);
    }
    for found in sql.read("SELECT key, data FROM things", vec![])? {
        if let [SqlStorageValue::String(key), SqlStorageValue::String(text)] = found.as_slice() {
            disk.insert(key.clone(), text.clone());
        }
    }
    Ok(disk)
}

/// Writes the changed rows of a lobby.
pub fn write_lobby(storage: &Storage, save: &lobby::Save) -> Result<()> {
    let sql = Sql::of(storage, Class::Lobby);
    if !save.rows.is_empty() && !sql.has_table("things")? {
        sql.write("CREATE TABLE things (key TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID", vec![])?;
    }
    for (key, text) in &save.rows {
        let key = SqlStorageValue::from(key.as_str());
        match text {
            Some(text) => {
                let values = vec![key, text.as_str().into()];
                sql.write("INSERT OR REPLACE INTO things (key, data) VALUES (?, ?)", values)?;
            }
            None => sql.write("DELETE FROM things WHERE key = ?", vec![key])?,
        }
    }
    set_alarm(storage, Class::Lobby, save.alarm)
}

/// Reads the totals of the metrics object.
pub fn read_totals(storage: &Storage) -> Result<Option<String>> {
    let sql = Sql::of(storage, Class::Metrics);
    if sql.has_table("rows")? { read_row(&sql, MAIN_ROW) } else { Ok(None) }
}

/// Writes the totals of the metrics object.
pub fn write_totals(storage: &Storage, text: &str) -> Result<()> {
    let sql = Sql::of(storage, Class::Metrics);
    sql.write(CREATE_ROWS, vec![])?;
    write_row(&sql, MAIN_ROW, text)
}

/// Reads the figures of all queues.
pub fn read_queues(storage: &Storage) -> Result<Vec<String>> {
    let sql = Sql::of(storage, Class::Metrics);
    let mut rows = Vec::new();
    if !sql.has_table("queues")? {
        return Ok(rows);
    }
    for found in sql.read("SELECT data FROM queues ORDER BY name", vec![])? {
        if let [SqlStorageValue::String(text)] = found.as_slice() {
            rows.push(text.clone());
        }
    }
    Ok(rows)
}

/// Writes the figures of a shard, unless later ones are there.
pub fn write_queue(storage: &Storage, name: &str, as_of: Time, text: &str) -> Result<()> {
    let sql = Sql::of(storage, Class::Metrics);
    let create =
        "CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)";
    sql.write(create, vec![])?;
    let at = i64::try_from(as_of.ms()).unwrap_or(i64::MAX);
    let upsert = "INSERT INTO queues (name, at, data) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE \
                  SET at = excluded.at, data = excluded.data WHERE excluded.at >= queues.at";
    sql.write(upsert, vec![name.into(), at.into(), text.into()])
}

fn read_row(sql: &Sql, id: i32) -> Result<Option<String>> {
    let rows = sql.read("SELECT data FROM rows WHERE id = ?", vec![id.into()])?;
    match rows.first().map(Vec::as_slice) {
        Some([SqlStorageValue::String(text)]) => Ok(Some(text.clone())),
        Some(_) | None => Ok(None),
    }
}

fn write_row(sql: &Sql, id: i32, text: &str) -> Result<()> {
    sql.write("INSERT OR REPLACE INTO rows (id, data) VALUES (?, ?)", vec![id.into(), text.into()])?;
    Ok(())
}

/// Sets the alarm together with the rows. The promise is not awaited: the platform holds back outgoing messages until
/// the write is done.
#[allow(clippy::cast_precision_loss)]
pub fn set_alarm(storage: &Storage, class: Class, at: Option<Time>) -> Result<()> {
    let Some(at) = at else { return Ok(()) };
    meter::add(class, Billed::RowsWritten, 1);
    let date = Date::new(&JsValue::from_f64(at.ms() as f64));
    let _set = storage.as_raw().set_alarm(date, Object::new()).map_err(worker::Error::from)?;
    Ok(())
}
