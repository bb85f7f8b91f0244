//! Sliding window counters: the moments of recent events, in one item for each counter.

use super::Store;
use super::item::{Item, get_number, get_text, n, new_item, s};
use super::keys::{Key, TTL, Table};
use super::retry::until_committed;
use super::write_op::WriteOp;
use crate::domain::lockout::{Counter, RecentEvents};
use crate::error::Error;
use shared::time::Time;
use std::time::Duration;

impl Store {
    /// Returns how long until the event is allowed again, or none if it is allowed now.
    pub async fn wait_time_strong(&self, counter: &Counter, now: Time) -> Result<Option<Duration>, Error> {
        let item = self.item_strong("get_counter", &Key::Counter(counter.clone())).await?;
        Ok(read(item.as_ref())?.wait_time(counter.limit(), now))
    }

    /// Counts an event, or returns how long until it is allowed. The limit is exact, however many requests
    /// count at once.
    pub async fn count_event(&self, counter: &Counter, now: Time) -> Result<Option<Duration>, Error> {
        until_committed("count_event", decisions(counter), |_| {
            Box::pin(async move {
                match self.event_op(counter, now).await? {
                    Counted::Limited(wait) => Ok(Some(Some(wait))),
                    Counted::Op(op) => {
                        let outcome = self.commit("count_event", vec![*op]).await?;
                        Ok(outcome.is_committed().then_some(None))
                    }
                }
            })
        })
        .await
    }

    /// Returns the write that counts an event, if no other event is counted in between, or how long until the
    /// event is allowed.
    pub(super) async fn event_op(&self, counter: &Counter, now: Time) -> Result<Counted, Error> {
        let (key, limit) = (&Key::Counter(counter.clone()), counter.limit());
        let item = self.item_strong("count_event", key).await?;
        let events = read(item.as_ref())?;
        if let Some(wait) = events.wait_time(limit, now) {
            return Ok(Counted::Limited(wait));
        }
        let times = events.with_event_at(limit, now);
        let times: Vec<_> = times.iter().map(|time| time.ms().to_string()).collect();
        let attributes = [
            ("v", n(events.version.unwrap_or_default() + 1)),
            ("times", s(times.join(","))),
            (TTL, n((now + limit.window).secs() + 1)),
        ];
        let put = WriteOp::put(Table::Core, new_item(key, attributes));
        Ok(Counted::Op(Box::new(match events.version {
            None => put.only_if("attribute_not_exists(pk)"),
            Some(seen) => put.only_if("v = :seen").value(":seen", n(seen)),
        })))
    }
}

/// The decision about an event.
pub(super) enum Counted {
    /// The write that counts it.
    Op(Box<WriteOp>),
    /// The limit is reached: how long until the event is allowed.
    Limited(Duration),
}

/// How often an event is decided about while others are counted: a request that loses finds one more event each
/// time, so after `limit.max` losses the window is full.
pub(super) fn decisions(counter: &Counter) -> u32 {
    u32::try_from(counter.limit().max + 1).unwrap_or(u32::MAX)
}

fn read(item: Option<&Item>) -> Result<RecentEvents, Error> {
    let Some(item) = item else {
        return Ok(RecentEvents::default());
    };
    let text: String = get_text(item, "times")?;
    let corrupt = |_| Error::Corrupt { attribute: "times" };
    let times = text.split(',').map(|ms| ms.parse().map(Time::from_ms).map_err(corrupt));
    Ok(RecentEvents { times: times.collect::<Result<_, _>>()?, version: Some(get_number(item, "v")?) })
}
