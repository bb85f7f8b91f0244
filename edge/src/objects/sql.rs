//! The SQLite statements of an object, with the rows that they read and write counted for the bill.

use crate::error::Result;
use crate::telemetry::meter::{self, Billed, Class};
use worker::{SqlStorage, SqlStorageValue, Storage};

/// The database of an object of a class.
pub struct Sql {
    sql: SqlStorage,
    class: Class,
}

impl Sql {
    /// Returns the database of this storage.
    pub fn of(storage: &Storage, class: Class) -> Self {
        Self { sql: storage.sql(), class }
    }

    /// Runs a statement that returns no rows.
    pub fn write(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<()> {
        self.read(query, values).map(drop)
    }

    /// Runs a query, and returns its rows.
    pub fn read(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<Vec<SqlStorageValue>>> {
        let cursor = self.sql.exec(query, values)?;
        let mut rows = Vec::new();
        for row in cursor.raw() {
            rows.push(row?);
        }
        // The engine's own numbers: an update of an index counts as a row too.
        meter::add(self.class, Billed::RowsRead, cursor.rows_read() as u64);
        meter::add(self.class, Billed::RowsWritten, cursor.rows_written() as u64);
        Ok(rows)
    }

    /// Returns whether there is a table of this name.
    pub fn has_table(&self, table: &str) -> Result<bool> {
        let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
        Ok(!self.read(query, vec![table.into()])?.is_empty())
    }
}
