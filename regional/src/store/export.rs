//! Everything that is held about somebody, page by page, as it is stored.

use super::Store;
use super::item::{Item, optional_text};
use super::keys::{BLOCKED_BY, GSI1PK, GSI1SK, PK, SESSIONS, SK, TTL, Table, core, history};
use super::read::Run;
use super::status::sort_key;
use crate::error::Error;
use serde_json::{Map, Value};
use shared::id::PlayerId;

/// Items a page.
const PAGE: usize = 100;
/// What is nobody's to know, or says nothing: keys, hashes of secrets, who decided, the name of the last change.
const LEFT_OUT: [&str; 11] =
    [PK, SK, GSI1PK, GSI1SK, TTL, "cur_hash", "prev_hash", "by", "edit", "place", "told"];

/// Where an export goes on: in which part, behind which key of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The part.
    pub part: Part,
    /// Behind this.
    pub after: Option<String>,
}

/// The parts of what is held about somebody, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Their own partition, and their logins.
    Person,
    /// What they played.
    History,
}

impl Store {
    /// A page of what is held about a player. Who blocks them is not theirs to know.
    pub async fn export_strong(
        &self,
        player: &PlayerId,
        from: &Next,
    ) -> Result<(Vec<Value>, Option<Next>), Error> {
        let call = "export";
        let (table, pk) = match from.part {
            Part::Person => (Table::Core, core(player)),
            Part::History => (Table::History, history(player)),
        };
        let after = from.after.as_ref().map(|sk| key(&pk, sk));
        let run = Run { pk, strong: true, after, limit: Some(PAGE), ..Run::default() };
        let (items, more) = self.page(call, table, run).await?;
        let mut shown = Vec::with_capacity(items.len());
        for item in &items {
            if !sort_key(item)?.starts_with(BLOCKED_BY) {
                shown.push(show(item)?);
            }
        }
        let last = items.last().map(sort_key).transpose()?;
        let next = match (more, last, from.part) {
            (true, Some(last), part) => Some(Next { part, after: Some(last.to_owned()) }),
            (_, _, Part::Person) => {
                shown.extend(self.export_sessions(player).await?);
                Some(Next { part: Part::History, after: None })
            }
            (_, _, Part::History) => None,
        };
        Ok((shown, next))
    }

    async fn export_sessions(&self, player: &PlayerId) -> Result<Vec<Value>, Error> {
        let run = Run { pk: core(player), prefix: SESSIONS.into(), index: true, ..Run::default() };
        let mut keys = self.run("export", Table::Core, run).await?;
        for key in &mut keys {
            key.retain(|name, _| name == PK || name == SK);
        }
        let items = self.items_strong("export", Table::Core, &keys).await?;
        items.iter().map(show).collect()
    }
}

fn key(pk: &str, sk: &str) -> Item {
    let text = |text: &str| super::item::s(text);
    Item::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))])
}

/// An item without what is left out; what is stored as JSON is shown as JSON. `kind` says what it is; whom it is about,
/// where it is about somebody else too, is in its key.
fn show(item: &Item) -> Result<Value, Error> {
    let mut shown = Map::new();
    let kind: Option<String> = optional_text(item, "t")?;
    shown.insert("kind".into(), kind.unwrap_or_default().into());
    if let Some((_, about)) = sort_key(item)?.rsplit_once('#') {
        shown.insert("about".into(), about.into());
    }
    let rest = item.iter();
    for (name, value) in rest.filter(|(name, _)| *name != "t" && !LEFT_OUT.contains(&name.as_str())) {
        let plain: Value = serde_dynamo::from_attribute_value(value.clone())
            .map_err(|_| Error::Corrupt { attribute: "t" })?;
        let parsed = match name.as_str() {
            "attrs" | "private" | "pictures" | "record" | "rating" => plain.as_str(),
            _ => None,
        };
        let parsed = parsed.and_then(|text| serde_json::from_str(text).ok());
        shown.insert(name.clone(), parsed.unwrap_or(plain));
    }
    Ok(Value::Object(shown))
}
