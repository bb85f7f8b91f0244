//! The export of everything that is stored about a player, page by page.

use super::Store;
use super::item::{Item, optional_text, s, sort_key, stored_key};
use super::keys::{
    GSI1PK, GSI1SK, INDEXED_SESSIONS, Key, PK, SK, TTL, Table, history_partition, player_partition,
};
use super::matches::REPLAY;
use super::query::Query;
use crate::domain::profile::columns::{Column, InExport};
use crate::error::Error;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use shared::id::PlayerId;

/// Items in one page of an export.
const PAGE_SIZE: usize = 100;
/// Attributes that no export shows: keys, hashes of secrets, the moderator who decided, and what opponents hid.
const HIDDEN: [&str; 11] =
    [PK, SK, GSI1PK, GSI1SK, TTL, "cur_hash", "prev_hash", "attempt_hash", "by", "told", REPLAY];

/// Where an export continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportCursor {
    pub section: Section,
    /// The sort key after which the page starts.
    pub after: Option<String>,
}

/// The sections of an export, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The player's own partition, and the sessions.
    Player,
    History,
}

impl Store {
    /// Returns a page of what is stored about a player, and where the next page continues. The players who
    /// block or report the player stay hidden, and so do the notes of moderators.
    pub async fn export_strong(
        &self,
        player: &PlayerId,
        from: &ExportCursor,
    ) -> Result<(Vec<Value>, Option<ExportCursor>), Error> {
        let (table, pk) = match from.section {
            Section::Player => (Table::Core, player_partition(player)),
            Section::History => (Table::History, history_partition(player)),
        };
        let start = from.after.as_ref();
        let start = start.map(|sk| Item::from([(PK.to_owned(), s(&pk)), (SK.to_owned(), s(sk))]));
        let query = Query::new(&pk).strong().start_after(start).limit(PAGE_SIZE);
        let (items, more) = self.query_page("export", table, query).await?;
        let visible = items.iter().filter(|item| is_visible(item));
        let mut shown = visible.map(show).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().map(sort_key).transpose()?;
        let next = match (more, last, from.section) {
            (true, Some(last), section) => Some(ExportCursor { section, after: Some(last.to_owned()) }),
            (_, _, Section::Player) => {
                shown.extend(self.export_sessions(player).await?);
                Some(ExportCursor { section: Section::History, after: None })
            }
            (_, _, Section::History) => None,
        };
        Ok((shown, next))
    }

    async fn export_sessions(&self, player: &PlayerId) -> Result<Vec<Value>, Error> {
        let query = Query::index(player_partition(player)).prefix(INDEXED_SESSIONS);
        let entries = self.query_all("export", Table::Core, query).await?;
        let items = self.items_of_entries("export", Table::Core, entries).await?;
        items.iter().map(show).collect()
    }
}

/// Returns false for what other players and moderators did in confidence: blocks, reports and notes.
fn is_visible(item: &Item) -> bool {
    !matches!(stored_key(item), Some(Key::BlockedBy(..) | Key::ReportAbout(..) | Key::Note(..)))
}

/// Returns an item as an export shows it. `kind` is its tag, and `about` is the last part of its sort key:
/// the other player, the pool, the picture or the match.
fn show(item: &Item) -> Result<Value, Error> {
    let is_profile = matches!(stored_key(item), Some(Key::Profile(_)));
    let mut shown = Map::new();
    let kind: Option<String> = optional_text(item, "t")?;
    shown.insert("kind".into(), kind.unwrap_or_default().into());
    if let Some((_, about)) = sort_key(item)?.rsplit_once('#') {
        shown.insert("about".into(), about.into());
    }
    for (name, value) in item.iter().filter(|(name, _)| *name != "t") {
        match presentation(name, is_profile) {
            InExport::Plain => shown.insert(name.clone(), plain(value)?),
            InExport::Json => {
                let plain = plain(value)?;
                let parsed = plain.as_str().and_then(|text| serde_json::from_str(text).ok());
                shown.insert(name.clone(), parsed.unwrap_or(plain))
            }
            InExport::Hidden => None,
        };
    }
    Ok(Value::Object(shown))
}

fn presentation(name: &str, is_profile: bool) -> InExport {
    if HIDDEN.contains(&name) {
        return InExport::Hidden;
    }
    match Column::parse(name).filter(|_| is_profile) {
        Some(column) => column.in_export(),
        // A match record, and the rating change in a player's copy of it.
        None if matches!(name, "record" | "rating") => InExport::Json,
        None => InExport::Plain,
    }
}

fn plain(value: &AttributeValue) -> Result<Value, Error> {
    serde_dynamo::from_attribute_value(value.clone()).map_err(|_| Error::Corrupt { attribute: "t" })
}
