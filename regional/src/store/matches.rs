//! Finished matches in the store: one item for the match, one for each player who had a seat.

use super::item::{Item, get_number, get_text, n, optional_hash, optional_text, s};
use super::keys::{Key, SK, TTL, Table, history};
use super::read::Run;
use super::step::Step;
use super::transact::{Outcome, part};
use super::{Store, failed, ratings};
use crate::error::Error;
use crate::history::{LAST, Place};
use crate::rating::{Move, decide, rates};
use crate::session::Hash;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::caps;
use shared::id::{PlayerId, PoolName};
use shared::record::MatchRecord;
use shared::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a match is decided anew because its players' ratings moved meanwhile.
const DECISIONS: u32 = 12;
/// The longest wait before that, times the attempt: whoever was faster is done.
const AGAIN: Duration = Duration::from_millis(10);
/// Items that one batch writes at most, by the store's own rule.
const BATCH: usize = 25;
/// Rounds of a batch before what is left counts as busy.
const ROUNDS: u32 = 4;

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

/// A match in somebody's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// What happened.
    pub record: MatchRecord,
    /// What it did to their rating, if it was rated; see [`Move::show`].
    pub rating: Option<Value>,
}

/// Which of somebody's matches.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Behind this place.
    pub after: Option<Place>,
    /// That ended then or later.
    pub from: Option<Time>,
    /// That ended before then.
    pub to: Option<Time>,
    /// Of this pool.
    pub pool: Option<PoolName>,
}

/// A page of somebody's history.
#[derive(Debug)]
pub struct Page {
    /// Newest first.
    pub matches: Vec<Played>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Place>,
}

/// A match as its own item says it.
struct Row {
    record: MatchRecord,
    /// Of the record as it was told.
    told: Option<Hash>,
    /// What it did to each rating.
    steps: Map<String, Value>,
    /// Whether everybody has their copy.
    copied: bool,
}

impl Store {
    /// Keeps a match, and with it what it does to ratings, once: all of that or nothing. Then gives each player a copy.
    /// Who repeats a record after a crash in between has the copies made; keys follow from the record alone.
    pub async fn keep_match(&self, record: &MatchRecord, rated: bool, keep: Duration) -> Result<Kept, Error> {
        let told: Hash = Sha256::digest(text(record)?).into();
        let ttl = (record.ended + keep).secs();
        let result = rated.then(|| rates(record)).flatten();
        let pool = record.pool.as_ref();
        for attempt in 1..=DECISIONS {
            let steps = match (pool, &result) {
                (Some(pool), Some((players, outcome))) => {
                    let known = self.ratings_strong(pool, players).await?;
                    decide(record.ended, players, outcome, &known)
                }
                (None, _) | (_, None) => BTreeMap::new(),
            };
            match self.add_match(record, told, &steps, ttl).await? {
                Outcome::Done => {
                    let steps = steps.iter().map(|(who, step)| (who.to_string(), step.show()));
                    self.copy(record, &steps.collect(), ttl).await?;
                    return Ok(Kept::New);
                }
                Outcome::Refused(held) => {
                    // The first item is the match. Were it absent, somebody's rating has moved: decide anew.
                    let Some(held) = held.into_iter().next().flatten() else {
                        tokio::time::sleep(part(AGAIN * attempt)?).await;
                        continue;
                    };
                    let row = row(&held)?;
                    if row.told != Some(told) {
                        return Ok(Kept::Another);
                    }
                    if !row.copied {
                        self.copy(&row.record, &row.steps, ttl).await?;
                    }
                    return Ok(Kept::Before);
                }
            }
        }
        Err(Error::Contended { call: "keep_match" })
    }

    /// The match and the ratings: at most 1 + [`shared::caps::SEATS`] items, where a transaction may have 100.
    async fn add_match(
        &self,
        record: &MatchRecord,
        told: Hash,
        steps: &BTreeMap<PlayerId, Move>,
        ttl: u64,
    ) -> Result<Outcome, Error> {
        let key = Key::Match(&record.id);
        let shown: Map<String, Value> =
            steps.iter().map(|(player, step)| (player.to_string(), step.show())).collect();
        let mut item = write(key, &text(record)?, ttl);
        item.insert("told".into(), super::item::b(told));
        item.insert("ratings".into(), s(Value::Object(shown).to_string()));
        let put = Step::put(Table::History, item).only_if("attribute_not_exists(pk)");
        let mut all = vec![put];
        if let Some(pool) = &record.pool {
            all.extend(steps.iter().map(|(player, to)| ratings::step(pool, player, to)));
        }
        self.commit("keep_match", all).await
    }

    /// Gives each player who is still there a copy, and notes that this is done. Twice is the same as once.
    async fn copy(&self, record: &MatchRecord, steps: &Map<String, Value>, ttl: u64) -> Result<(), Error> {
        let place = Place { ended: record.ended, id: record.id.clone() };
        let text = text(record)?;
        let players = record.players.iter().filter(|one| !one.gone);
        let copies = players.map(|one| {
            let mut item = write(Key::History(&one.player, &place), &text, ttl);
            if let Some(step) = steps.get(one.player.as_str()) {
                item.insert("rating".into(), s(step.to_string()));
            }
            item
        });
        self.put_all("copy_match", Table::History, copies.collect()).await?;
        self.erase_late(record, &place).await?;
        self.client
            .update_item()
            .table_name(self.name(Table::History))
            .set_key(Some(Key::Match(&record.id).item()))
            .update_expression("SET copied = :yes")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await
            .map(|_| ())
            .map_err(failed("copy_match"))
    }

    /// Puts items, whatever was there.
    async fn put_all(&self, call: &'static str, table: Table, items: Vec<Item>) -> Result<(), Error> {
        let puts = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        });
        let mut left = puts
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::Store { call, text: error.to_string() })?;
        let table = self.name(table);
        // What the store did not get to, because of a ceiling, is asked again.
        let mut rounds = left.len().div_ceil(BATCH) as u64 + u64::from(ROUNDS);
        while !left.is_empty() {
            rounds = rounds
                .checked_sub(1)
                .ok_or_else(|| Error::Busy { call, text: format!("{} items left unwritten", left.len()) })?;
            let now = left.split_off(left.len().saturating_sub(BATCH));
            let request = self.client.batch_write_item().request_items(table, now);
            let done = request.send().await.map_err(failed(call))?;
            let mut missed = done.unprocessed_items.unwrap_or_default();
            left.extend(missed.remove(table).unwrap_or_default());
        }
        Ok(())
    }

    /// A page of a player's history as it was a moment ago. What has outlived its time is left out, whether the store has
    /// deleted it yet or not, and for a pool no more than [`caps::HISTORY_LOOKS`] pages are looked through; so a page may be
    /// short, and `next` alone says whether there is more.
    pub async fn history_eventual(
        &self,
        player: &PlayerId,
        wanted: &Wanted,
        limit: usize,
        now: Time,
    ) -> Result<Page, Error> {
        let mut page = Page { matches: Vec::with_capacity(limit), next: wanted.after.clone() };
        for _ in 0..caps::HISTORY_LOOKS {
            let run = Run {
                pk: history(player),
                span: Some(span(wanted)),
                backwards: true,
                after: page.next.map(|at| Key::History(player, &at).item()),
                // One more than is missing tells whether there is a next page.
                limit: Some(limit - page.matches.len() + 1),
                ..Run::default()
            };
            let missing = limit - page.matches.len();
            let (items, more) = self.page("get_history", Table::History, run).await?;
            let more = more || items.len() > missing;
            page.next = None;
            for item in items.iter().take(missing) {
                let key: String = get_text(item, SK)?;
                page.next = Some(Place::of(&key).ok_or(Error::Corrupt { attribute: SK })?);
                let record = read(item)?;
                let of_pool = wanted.pool.is_none() || wanted.pool == record.pool;
                if of_pool && now.secs() < get_number::<u64>(item, TTL)? {
                    page.matches.push(Played { record, rating: optional_text(item, "rating")? });
                }
            }
            page.next = page.next.filter(|_| more);
            if page.next.is_none() || page.matches.len() == limit || wanted.pool.is_none() {
                break;
            }
        }
        Ok(page)
    }
}

/// The sort keys between which all of these lie: every one begins with 13 digits and a `#`.
fn span(wanted: &Wanted) -> (String, String) {
    let at = |time: Time| format!("{:013}", time.ms().min(LAST.ms()));
    let from = wanted.from.map_or_else(|| "0".to_owned(), at);
    (from, wanted.to.map_or_else(|| "~".to_owned(), at))
}

pub(super) fn text(record: &MatchRecord) -> Result<String, Error> {
    serde_json::to_string(record)
        .map_err(|error| Error::Store { call: "keep_match", text: error.to_string() })
}

fn write(key: Key<'_>, record: &str, ttl: u64) -> Item {
    let mut item = key.item();
    item.extend(
        [("t", s("match")), ("record", s(record)), (TTL, n(ttl))]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

fn row(item: &Item) -> Result<Row, Error> {
    let steps: Option<Value> = optional_text(item, "ratings")?;
    let copied = item.get("copied").and_then(|value| value.as_bool().ok());
    Ok(Row {
        record: read(item)?,
        told: optional_hash(item, "told")?,
        steps: match steps {
            Some(Value::Object(steps)) => steps,
            Some(_) | None => Map::new(),
        },
        copied: copied.copied().unwrap_or(false),
    })
}

pub(super) fn read(item: &Item) -> Result<MatchRecord, Error> {
    let text: String = get_text(item, "record")?;
    serde_json::from_str(&text).map_err(|_| Error::Corrupt { attribute: "record" })
}
