//! Answers that were given to keyed requests, so that a repetition hears the same.

use super::Store;
use super::item::{Item, at, b, get_number, get_text, n, optional_hash, s};
use super::keys::{Key, TTL, Table};
use super::step::Step;
use super::transact::Outcome;
use crate::error::Error;
use shared::caps;
use shared::id::PlayerId;
use shared::time::Time;

/// Whose request, by which key, and a hash of what it asks.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Who asks.
    pub caller: PlayerId,
    /// By which key.
    pub key: String,
    /// Of method, path and body.
    pub hash: [u8; 32],
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: this request is the one that is carried out.
    Mine,
    /// The first one is being carried out.
    Running,
    /// It was another request.
    Other,
    /// It was answered so.
    Answer {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
}

impl Store {
    /// Takes a key for a request, or says what is known of it.
    pub async fn begin_answer(&self, slot: &Slot, now: Time) -> Result<Kept, Error> {
        let mut item = Key::Answer(&slot.caller, &slot.key).item();
        let fields = [
            ("t", s("answer")),
            ("hash", b(slot.hash)),
            ("begun", at(now)),
            ("status", n(0)),
            ("body", s("")),
            (TTL, n((now + caps::ANSWER_KEPT).secs())),
        ];
        item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        // A request that was cut off, and one from the day before, have had their time.
        let free = "attribute_not_exists(pk) OR begun <= :day OR (#status = :none AND begun <= :dead AND #hash = :hash)";
        let put = Step::put(Table::Core, item)
            .only_if(free)
            .name("#status", "status")
            .name("#hash", "hash")
            .value(":none", n(0))
            .value(":hash", b(slot.hash))
            .value(":day", at(now - caps::ANSWER_KEPT))
            .value(":dead", at(now - caps::REGION_REQUEST));
        match self.commit("begin_answer", vec![put]).await? {
            Outcome::Done => Ok(Kept::Mine),
            Outcome::Refused(held) => {
                let held = held.into_iter().flatten().next().unwrap_or_default();
                read(&held, slot)
            }
        }
    }

    /// Keeps the answer.
    pub async fn end_answer(&self, slot: &Slot, status: u16, body: &[u8], now: Time) -> Result<(), Error> {
        let key = Key::Answer(&slot.caller, &slot.key);
        let update = Step::update(key, "SET #status = :status, #body = :body, answered = :now")
            .only_if("#hash = :hash")
            .name("#status", "status")
            .name("#body", "body")
            .name("#hash", "hash")
            .value(":hash", b(slot.hash))
            .value(":status", n(status))
            .value(":body", s(String::from_utf8_lossy(body)))
            .value(":now", at(now));
        self.commit("end_answer", vec![update]).await.map(|_| ())
    }

    /// Lets go of a key whose request was not carried out.
    pub async fn forget_answer(&self, slot: &Slot) -> Result<(), Error> {
        let delete = Step::delete(Key::Answer(&slot.caller, &slot.key))
            .only_if("#hash = :hash AND #status = :none")
            .name("#status", "status")
            .name("#hash", "hash")
            .value(":hash", b(slot.hash))
            .value(":none", n(0));
        self.commit("forget_answer", vec![delete]).await.map(|_| ())
    }
}

fn read(item: &Item, slot: &Slot) -> Result<Kept, Error> {
    if optional_hash(item, "hash")? != Some(slot.hash) {
        return Ok(Kept::Other);
    }
    let status: u16 = get_number(item, "status")?;
    Ok(if status == 0 {
        Kept::Running
    } else {
        let body = get_text(item, "body")?;
        Kept::Answer { status, body }
    })
}
