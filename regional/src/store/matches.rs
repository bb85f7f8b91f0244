//! Finished matches in the store: one item for the match, one for each player who had a seat.

use super::item::{Item, get_number, get_text, n, s};
use super::keys::{Key, PK, SK, TTL, history};
use super::transact::Outcome;
use super::{Store, failed};
use crate::error::Error;
use crate::history::Place;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use shared::id::PlayerId;
use shared::record::MatchRecord;
use shared::time::Time;
use std::time::Duration;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New,
    /// The same record was kept before.
    Before,
    /// Another record is kept under the same match.
    Another,
}

/// A page of somebody's history.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub matches: Vec<MatchRecord>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Place>,
}

impl Store {
    /// Keeps a match and a copy for each player, or none of it. Keys follow from the record alone.
    pub async fn add_match(&self, record: &MatchRecord, keep: Duration) -> Result<Kept, Error> {
        let call = "add_match";
        let text = serde_json::to_string(record).map_err(|error| Error::Store {
            call,
            text: error.to_string(),
        })?;
        let ttl = (record.ended + keep).secs();
        let place = Place {
            ended: record.ended,
            id: record.id.clone(),
        };
        let own = Key::Match(&record.id);
        let seats = record
            .players
            .iter()
            .map(|seat| Key::History(&seat.player, &place));
        let mut items = Vec::with_capacity(1 + record.players.len());
        for key in std::iter::once(own).chain(seats) {
            let mut put = Put::builder()
                .table_name(self.name(key.table()))
                .set_item(Some(write(key, &text, ttl)));
            if let Key::Match(_) = key {
                put = put
                    .condition_expression("attribute_not_exists(pk)")
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    );
            }
            let put = put.build().map_err(|error| Error::Store {
                call,
                text: error.to_string(),
            })?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(call, items).await? {
            Outcome::Done => Ok(Kept::New),
            Outcome::Refused(held) => {
                let held = held.into_iter().flatten().next().unwrap_or_default();
                // The text first: a float that is read back may differ in its last bit.
                let same = get_text::<String>(&held, "record")? == text || read(&held)? == *record;
                Ok(if same { Kept::Before } else { Kept::Another })
            }
        }
    }

    /// A page of a player's history, behind `after`, as it was a moment ago. What has outlived its time is left out,
    /// whether the store has deleted it yet or not; so a page may be short, and `next` alone says whether there is more.
    pub async fn history_eventual(
        &self,
        player: &PlayerId,
        after: Option<&Place>,
        limit: usize,
        now: Time,
    ) -> Result<Page, Error> {
        let mut request = self
            .client
            .query()
            .table_name(self.name(super::keys::Table::History))
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", s(history(player)))
            .scan_index_forward(false)
            // One more than asked for tells whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        if let Some(place) = after {
            request = request.set_exclusive_start_key(Some(Key::History(player, place).item()));
        }
        let got = request.send().await.map_err(failed("get_history"))?;
        let items = got.items.unwrap_or_default();
        let more = items.len() > limit || got.last_evaluated_key.is_some();
        let mut page = Page {
            matches: Vec::with_capacity(limit),
            next: None,
        };
        for item in items.iter().take(limit) {
            let key: String = get_text(item, SK)?;
            page.next = Some(Place::of(&key).ok_or(Error::Corrupt { attribute: SK })?);
            if now.secs() < get_number::<u64>(item, TTL)? {
                page.matches.push(read(item)?);
            }
        }
        page.next = page.next.filter(|_| more);
        Ok(page)
    }
}

fn write(key: Key<'_>, record: &str, ttl: u64) -> Item {
    let mut item = key.item();
    item.extend(
        [("t", s("match")), ("record", s(record)), (TTL, n(ttl))]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

fn read(item: &Item) -> Result<MatchRecord, Error> {
    let text: String = get_text(item, "record")?;
    serde_json::from_str(&text).map_err(|_| Error::Corrupt {
        attribute: "record",
    })
}
