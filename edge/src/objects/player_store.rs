//! The SQLite rows of players: many share one object, so each row names its player.
//!
//! | table | key | content | lifetime |
//! |---|---|---|---|
//! | `players` | player id | the player; who may see their presence; when the player's alarm rings | until the player is erased |
//! | `watchers` | player id, player id | a subscriber to the first player's presence | until it unsubscribes |

use crate::error::Result;
use crate::objects::sql::Sql;
use crate::objects::store::set_alarm;
use crate::telemetry::meter::Class;
use shared::id::PlayerId;
use shared::player::{Rows, Save};
use shared::time::Time;
use worker::{SqlStorageValue, Storage};

/// Creates the tables. The index has entries only of players with an alarm, so that others cost one row.
pub fn create_tables(storage: &Storage) -> Result<()> {
    let sql = database(storage);
    for query in [
        "CREATE TABLE IF NOT EXISTS players (id TEXT PRIMARY KEY, data TEXT, circle TEXT, alarm INTEGER) WITHOUT ROWID",
        "CREATE INDEX IF NOT EXISTS alarms ON players (alarm) WHERE alarm IS NOT NULL",
        "CREATE TABLE IF NOT EXISTS watchers (player TEXT, id TEXT, PRIMARY KEY (player, id)) WITHOUT ROWID",
    ] {
        sql.write(query, vec![])?;
    }
    Ok(())
}

/// Reads the rows of a player.
pub fn read(storage: &Storage, player: &str) -> Result<Rows> {
    let sql = database(storage);
    let mut rows = Rows::default();
    let query = "SELECT data, circle FROM players WHERE id = ?";
    let found = sql.read(query, vec![player.into()])?;
    let Some(found) = found.first() else {
        return Ok(rows);
    };
    if let [data, circle] = found.as_slice() {
        (rows.player, rows.visibility) = (text(data), text(circle));
    }
    for found in sql.read("SELECT id FROM watchers WHERE player = ?", vec![player.into()])? {
        if let [SqlStorageValue::String(id)] = found.as_slice()
            && let Ok(id) = id.parse()
        {
            rows.subscribers.push(id);
        }
    }
    Ok(rows)
}

/// Writes the changed rows of a player. Without an await between the statements, the platform commits all of them or
/// none.
pub fn write(storage: &Storage, player: &str, save: &Save) -> Result<()> {
    let sql = database(storage);
    let alarm = save.alarm.map(integer).into();
    let row = vec![player.into(), save.player.as_deref().into(), save.visibility.as_deref().into(), alarm];
    let query = "INSERT INTO players (id, data, circle, alarm) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE \
                 SET data = coalesce(?2, data), circle = coalesce(?3, circle), alarm = coalesce(?4, alarm)";
    sql.write(query, row)?;
    for (id, watches) in &save.subscribers {
        let query = if *watches {
            "INSERT OR IGNORE INTO watchers (player, id) VALUES (?, ?)"
        } else {
            "DELETE FROM watchers WHERE player = ? AND id = ?"
        };
        sql.write(query, vec![player.into(), id.as_str().into()])?;
    }
    // The object's alarm is that of the player who is first.
    match save.alarm {
        Some(at) if next_alarm(storage)? == Some(at) => set_alarm(storage, Class::Player, Some(at)),
        Some(_) | None => Ok(()),
    }
}

/// Deletes the rows of a player.
pub fn erase(storage: &Storage, player: &str) -> Result<()> {
    let sql = database(storage);
    sql.write("DELETE FROM players WHERE id = ?", vec![player.into()])?;
    sql.write("DELETE FROM watchers WHERE player = ?", vec![player.into()])?;
    Ok(())
}

/// Returns the players whose alarm is due, with the time of the alarm.
pub fn due_players(storage: &Storage, now: Time) -> Result<Vec<(PlayerId, Time)>> {
    let query = "SELECT id, alarm FROM players WHERE alarm IS NOT NULL AND alarm <= ? ORDER BY alarm";
    let mut due = Vec::new();
    for found in database(storage).read(query, vec![integer(now).into()])? {
        if let [SqlStorageValue::String(id), SqlStorageValue::Integer(ms)] = found.as_slice()
            && let (Ok(id), Ok(ms)) = (id.parse(), u64::try_from(*ms))
        {
            due.push((id, Time::from_ms(ms)));
        }
    }
    Ok(due)
}

/// Clears a player's alarm that has been handled; another one, which the player has set since, stays.
pub fn clear_alarm(storage: &Storage, player: &PlayerId, at: Time) -> Result<()> {
    let query = "UPDATE players SET alarm = NULL WHERE id = ? AND alarm = ?";
    database(storage).write(query, vec![player.as_str().into(), integer(at).into()])
}

/// Returns the earliest alarm of all players.
pub fn next_alarm(storage: &Storage) -> Result<Option<Time>> {
    let query = "SELECT alarm FROM players WHERE alarm IS NOT NULL ORDER BY alarm LIMIT 1";
    match database(storage).read(query, vec![])?.first().map(Vec::as_slice) {
        Some([SqlStorageValue::Integer(ms)]) => Ok(u64::try_from(*ms).ok().map(Time::from_ms)),
        Some(_) | None => Ok(None),
    }
}

fn database(storage: &Storage) -> Sql {
    Sql::of(storage, Class::Player)
}

fn integer(time: Time) -> i64 {
    i64::try_from(time.ms()).unwrap_or(i64::MAX)
}

fn text(value: &SqlStorageValue) -> Option<String> {
    match value {
        SqlStorageValue::String(text) => Some(text.clone()),
        SqlStorageValue::Null
        | SqlStorageValue::Boolean(_)
        | SqlStorageValue::Integer(_)
        | SqlStorageValue::Float(_)
        | SqlStorageValue::Blob(_) => None,
    }
}
