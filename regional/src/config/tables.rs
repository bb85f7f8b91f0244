//! The names of the DynamoDB tables.

use crate::config::reader::{BadConfig, Reader};

/// The names of the three tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// `TABLE_CORE`: players, sessions, blocks, follows, bans and reports.
    pub core: String,
    /// `TABLE_HISTORY`: matches and ratings.
    pub history: String,
    /// `TABLE_EVENTS`: tournaments and their seats.
    pub events: String,
}

impl TableNames {
    /// Reads the names for a function that needs no further configuration.
    pub fn from_source(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut reader = Reader::new(source);
        let names = Self::read(&mut reader);
        reader.finish(Some(names))
    }

    /// Reads the names as part of a larger configuration.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            core: reader.text("TABLE_CORE"),
            history: reader.text("TABLE_HISTORY"),
            events: reader.text("TABLE_EVENTS"),
        }
    }
}
