//! Events for webhooks: a row for each event and endpoint, written with the change, until it is delivered or dead.
//!
//! The events of a subject are one partition, in their order. An attempt claims its event first: it moves the time at
//! which the event is due behind the longest attempt, so that one process sends it and another continues after a crash.

pub mod dead;

use super::Store;
use super::item::{
    Item, at, get_number, get_text, get_time, n, new_item, optional_text, s, sort_key, stored_key,
};
use super::keys::{
    BEFORE_ALL, DUE_SHARDS, GSI1PK, GSI1SK, Key, SK, TTL, Table, delivery_sort_key, due_end, due_partition,
    due_shard, due_sort_key, line_partition, parse_due,
};
use super::query::Query;
use super::write_op::{UpdateOutcome, WriteOp};
use crate::domain::webhook::Line;
use crate::domain::webhook::event::Event;
use crate::error::Error;
use crate::trace;
use futures_util::future::try_join_all;
use shared::id::MessageId;
use shared::limits;
use shared::time::Time;
use shared::trace::Trace;
use shared::webhook::EventType;
use std::collections::BTreeSet;

/// Lines that one look at a shard finds.
const DUE_PAGE: usize = 16;
/// Events of a line that wait for the first one and are moved behind it at once.
const POSTPONED_PAGE: usize = 50;

/// An event that an endpoint has not received yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub line: Line,
    /// The sort key in the line.
    place: String,
    pub id: MessageId,
    pub event: EventType,
    /// The body, as each attempt sends it.
    pub body: String,
    /// When the change was committed, or the event was replayed.
    pub created: Time,
    /// The attempts that have begun.
    pub tries: u32,
    /// When the next attempt is due.
    pub due: Time,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The trace of the change; none in rows of earlier versions, and for changes outside of a request.
    pub trace: Option<Trace>,
}

impl Delivery {
    /// Returns whether an attempt may begin, once the event is the first of its line.
    #[must_use]
    pub fn is_ready(&self, now: Time) -> bool {
        self.tries == 0 || self.due <= now
    }

    fn key(&self) -> Key {
        Key::Delivery(self.line.clone(), self.place.clone())
    }

    /// The change of an event that nothing else has changed meanwhile.
    fn update(&self, due: Time) -> WriteOp {
        WriteOp::update(&self.key())
            .set("due", at(due))
            .set(GSI1SK, s(due_sort_key(due, &self.id)))
            .only_if("tries = :tries AND due = :due")
            .value(":tries", n(self.tries))
            .value(":due", at(self.due))
    }
}

impl Store {
    /// Returns the writes of events, for the transaction of the change from which they follow. It must happen once.
    pub(super) fn event_ops(&self, events: impl IntoIterator<Item = Event>, now: Time) -> Vec<WriteOp> {
        let mut ops = Vec::new();
        for event in events {
            for endpoint in self.endpoints.of(event.kind) {
                let id = event.message_id(&endpoint.id);
                let delivery = Delivery {
                    line: Line { endpoint: endpoint.id.clone(), subject: event.subject.clone() },
                    place: delivery_sort_key(event.order, &id),
                    id,
                    event: event.kind,
                    body: event.body(),
                    created: now,
                    tries: 0,
                    due: now,
                    error: None,
                    trace: trace::current(),
                };
                ops.push(WriteOp::put(Table::Events, write(&delivery)));
            }
        }
        ops
    }

    /// Returns lines of an endpoint with an event that is due. The list may miss the newest ones.
    pub async fn due_lines(&self, endpoint: &str, now: Time) -> Result<BTreeSet<Line>, Error> {
        let pages = (0..DUE_SHARDS).map(|shard| {
            let range = (BEFORE_ALL.to_owned(), due_end(now));
            let query = Query::index(due_partition(endpoint, shard)).between(range).limit(DUE_PAGE);
            self.query_page("get_due", Table::Events, query)
        });
        let mut lines = BTreeSet::new();
        for (entries, _) in try_join_all(pages).await? {
            lines.extend(entries.iter().filter_map(line_of));
        }
        Ok(lines)
    }

    /// Returns when the next event of an endpoint is due.
    pub async fn next_due(&self, endpoint: &str) -> Result<Option<Time>, Error> {
        let firsts = (0..DUE_SHARDS).map(|shard| {
            let query = Query::index(due_partition(endpoint, shard)).limit(1);
            self.query_page("get_due", Table::Events, query)
        });
        let entries = try_join_all(firsts).await?.into_iter().flat_map(|(entries, _)| entries);
        Ok(entries.filter_map(|entry| parse_due(entry.get(GSI1SK)?.as_s().ok()?)).min())
    }

    /// Returns the first event of a line.
    pub async fn first_delivery_strong(&self, line: &Line) -> Result<Option<Delivery>, Error> {
        let query = Query::new(line_partition(line)).strong().limit(1);
        let (items, _) = self.query_page("get_delivery", Table::Events, query).await?;
        items.first().map(read).transpose()
    }

    /// Claims an event for an attempt. Returns the event with that attempt; none if another process has claimed it.
    pub async fn claim_delivery(&self, delivery: &Delivery, now: Time) -> Result<Option<Delivery>, Error> {
        let (due, tries) = (now + limits::WEBHOOK_LEASE, delivery.tries + 1);
        let op = delivery.update(due).set("tries", n(tries));
        // The SDK may repeat an update, and the repetition would find its own claim: a transaction knows itself.
        let claimed = self.commit("claim_delivery", vec![op]).await?.is_committed();
        Ok(claimed.then(|| Delivery { tries, due, ..delivery.clone() }))
    }

    /// Stores when a claimed event is due again, and why its attempt failed.
    pub async fn retry_delivery(&self, claimed: &Delivery, due: Time, error: &str) -> Result<(), Error> {
        self.update("retry_delivery", claimed.update(due).set("error", s(error))).await.map(|_| ())
    }

    /// Deletes an event that is delivered.
    pub async fn finish_delivery(&self, delivered: &Delivery) -> Result<(), Error> {
        self.commit("finish_delivery", vec![WriteOp::delete(&delivered.key())]).await.map(|_| ())
    }

    /// Makes the events of a line that are due wait until the first one is: they cannot be sent before it.
    pub async fn postpone_deliveries(&self, line: &Line, until: Time, now: Time) -> Result<(), Error> {
        let query = Query::new(line_partition(line)).strong().limit(POSTPONED_PAGE);
        let (items, _) = self.query_page("get_delivery", Table::Events, query).await?;
        for item in items.iter().skip(1) {
            let waiting = read(item)?;
            if waiting.due <= now {
                let moved = self.update("postpone_delivery", waiting.update(until)).await?;
                if let UpdateOutcome::ConditionFailed(_) = moved {
                    tracing::debug!(id = %waiting.id, "an event that waits was changed meanwhile");
                }
            }
        }
        Ok(())
    }
}

/// Returns the line of an index entry.
fn line_of(entry: &Item) -> Option<Line> {
    match stored_key(entry) {
        Some(Key::Delivery(line, _)) => Some(line),
        Some(_) | None => None,
    }
}

fn write(delivery: &Delivery) -> Item {
    let kept = limits::WEBHOOK_AGE_MAX + limits::WEBHOOK_DEAD_AGE_MAX;
    let mut item = content(&delivery.key(), delivery);
    item.extend(
        [
            ("due", at(delivery.due)),
            (TTL, n((delivery.created + kept).secs())),
            (GSI1PK, s(due_partition(&delivery.line.endpoint, due_shard(&delivery.line)))),
            (GSI1SK, s(due_sort_key(delivery.due, &delivery.id))),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item
}

/// The attributes that an event has in any state.
fn content(key: &Key, delivery: &Delivery) -> Item {
    let mut item = new_item(
        key,
        [
            ("id", s(delivery.id.as_str())),
            ("event", s(delivery.event.name())),
            ("body", s(&*delivery.body)),
            ("created", at(delivery.created)),
            ("tries", n(delivery.tries)),
        ],
    );
    item.extend(delivery.trace.map(|trace| ("trace".to_owned(), s(trace.to_string()))));
    item
}

fn read(item: &Item) -> Result<Delivery, Error> {
    let line = line_of(item).ok_or(Error::Corrupt { attribute: SK })?;
    let place = sort_key(item)?.to_owned();
    read_content(item, line, place, get_time(item, "due")?)
}

fn read_content(item: &Item, line: Line, place: String, due: Time) -> Result<Delivery, Error> {
    Ok(Delivery {
        line,
        place,
        id: get_text(item, "id")?,
        event: get_text(item, "event")?,
        body: get_text(item, "body")?,
        created: get_time(item, "created")?,
        tries: get_number(item, "tries")?,
        due,
        error: optional_text(item, "error")?,
        trace: optional_text(item, "trace")?,
    })
}
