//! What was said, in one order: positions from 1, the newest kept for a resume, chunks for the disk.

use super::Conn;
use crate::caps;
use crate::id::PlayerId;
use crate::protocol::event::{self, Event, Text};
use crate::time::Time;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};

/// One event of the log, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub at: u64,
    /// When it was accepted.
    pub ts: Time,
    /// Whose command made it.
    pub by: Option<PlayerId>,
    /// Whom alone it is for; the others get its number.
    pub to: Option<PlayerId>,
    /// The key of the command.
    pub key: Option<String>,
    /// The event as it goes out.
    pub text: Text,
    /// The same as it is kept on disk and in attachments, encoded once; none, it is on disk.
    pub stored: Option<Text>,
    /// The socket whose attachment carries it until it is on disk.
    pub conn: Option<Conn>,
}

impl Entry {
    /// The event as this recipient may see it.
    #[must_use]
    pub fn seen_by(&self, player: &PlayerId) -> Text {
        match &self.to {
            Some(to) if to != player => event::skip(self.at),
            Some(_) | None => self.text.clone(),
        }
    }

    /// Reads what `store` wrote. What a socket carries is not on disk yet, and stays as it came.
    #[must_use]
    pub fn restore(stored: &RawValue, conn: Option<Conn>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Stored<'a> {
            #[serde(borrow)]
            e: &'a RawValue,
            k: Option<String>,
            to: Option<PlayerId>,
        }
        #[derive(Deserialize)]
        struct Head {
            at: u64,
            ts: Time,
            by: Option<PlayerId>,
        }
        let kept = conn.map(|_| stored.get().into());
        let Stored { e, k: key, to } = serde_json::from_str(stored.get()).ok()?;
        let Head { at, ts, by } = serde_json::from_str(e.get()).ok()?;
        Some(Self { at, ts, by, to, key, text: e.get().into(), stored: kept, conn })
    }

    /// The body of the event, where it has one.
    #[must_use]
    pub fn body(&self) -> Option<Value> {
        let mut event: Value = serde_json::from_str(&self.text).ok()?;
        event.get_mut("body").map(Value::take)
    }

    /// What happened.
    #[must_use]
    pub fn is(&self, ev: &str) -> bool {
        #[derive(Deserialize)]
        struct Name<'a> {
            ev: &'a str,
        }
        serde_json::from_str::<Name<'_>>(&self.text).is_ok_and(|name| name.ev == ev)
    }
}

/// An event as it is kept: as it goes out, with what its recipients need not know.
fn store(event: &str, key: Option<&str>, to: Option<&PlayerId>) -> Text {
    let mut stored = String::with_capacity(event.len() + 32);
    stored.push_str(r#"{"e":"#);
    stored.push_str(event);
    if let Some(key) = key {
        stored.push_str(r#","k":"#);
        stored.push_str(&event::encode(&key));
    }
    if let Some(to) = to {
        stored.push_str(r#","to":"#);
        stored.push_str(&event::encode(to));
    }
    stored.push('}');
    stored.into()
}

/// What is to be appended.
#[derive(Debug)]
pub struct New<'a> {
    /// What happened.
    pub ev: &'a str,
    /// Who did it.
    pub by: Option<&'a PlayerId>,
    /// Whom alone it is for.
    pub to: Option<&'a PlayerId>,
    /// The key of the command.
    pub key: Option<&'a str>,
    /// The rest.
    pub body: Option<&'a Value>,
    /// The socket it came from.
    pub conn: Option<Conn>,
}

/// A row of the log: slot number and JSON array of stored entries. It replaces what the slot held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// `0..caps::CHUNK_SLOTS`.
    pub slot: u64,
    /// The entries.
    pub text: String,
}

/// The log of one room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    entries: VecDeque<Entry>,
    head: u64,
    durable: u64,
    bytes: usize,
    /// By position: who gave which key. The newest `caps::KEYS` positions.
    keyed: VecDeque<(u64, PlayerId, String)>,
    keys: BTreeMap<(PlayerId, String), u64>,
    /// The row that is still being filled, and what is in it.
    slot: u64,
    row: Vec<Text>,
}

impl Log {
    /// The newest position.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Everything up to here is on disk.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// What the entries weigh, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends an event and returns it.
    pub fn push(&mut self, now: Time, new: &New<'_>) -> Entry {
        let at = self.head + 1;
        let ts = self.entries.back().map_or(now, |last| last.ts.max(now));
        let event = Event { at: Some(at), ev: new.ev, by: new.by, ts: Some(ts), body: new.body };
        let text = event.text();
        let entry = Entry {
            at,
            ts,
            by: new.by.cloned(),
            to: new.to.cloned(),
            key: new.key.map(str::to_owned),
            stored: Some(store(&text, new.key, new.to)),
            text,
            conn: new.conn,
        };
        self.take(entry.clone());
        self.trim(now);
        entry
    }

    fn take(&mut self, entry: Entry) {
        self.head = entry.at;
        self.bytes += entry.text.len();
        if let (Some(by), Some(key)) = (&entry.by, &entry.key) {
            self.keyed.push_back((entry.at, by.clone(), key.clone()));
            self.keys.insert((by.clone(), key.clone()), entry.at);
        }
        while self.keyed.front().is_some_and(|(at, ..)| at + caps::KEYS as u64 <= self.head) {
            if let Some((_, by, key)) = self.keyed.pop_front() {
                self.keys.remove(&(by, key));
            }
        }
        self.entries.push_back(entry);
    }

    /// Forgets what is past its keeping; never what is not yet on disk.
    pub fn trim(&mut self, now: Time) {
        while let Some(first) = self.entries.front() {
            let over = self.entries.len() > caps::LOG_EVENTS
                || self.bytes > caps::LOG_BYTES
                || now.since(first.ts) > caps::LOG_AGE;
            if !over || first.at > self.durable {
                return;
            }
            self.bytes -= first.text.len();
            self.entries.pop_front();
        }
    }

    /// The first result of a command with this key.
    #[must_use]
    pub fn result(&self, by: &PlayerId, key: &str) -> Option<u64> {
        self.keys.get(&(by.clone(), key.to_owned())).copied()
    }

    /// Everything after `at`; none where the log cannot prove that it has all of it.
    #[must_use]
    pub fn since(&self, at: u64) -> Option<impl Iterator<Item = &Entry>> {
        let missing = usize::try_from(self.head.checked_sub(at)?).ok()?;
        let skip = self.entries.len().checked_sub(missing)?;
        Some(self.entries.iter().skip(skip))
    }

    /// Everything that is kept.
    #[must_use]
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// What is not yet on disk.
    pub fn unwritten(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev().take_while(|entry| entry.at > self.durable)
    }

    /// When what waits for the disk has waited long enough; none where nothing waits.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        self.unwritten().last().map(|oldest| oldest.ts + caps::CHUNK_AGE)
    }

    /// Whether what waits is enough for a row.
    #[must_use]
    pub fn full(&self) -> bool {
        let waiting = self.head - self.durable;
        waiting >= caps::CHUNK_EVENTS as u64
            || self.unwritten().map(|entry| entry.text.len()).sum::<usize>() >= caps::CHUNK_BYTES
    }

    /// The row that puts everything on disk: the last one again where it has space, else the next in turn.
    pub fn chunk(&mut self) -> Option<Chunk> {
        let mut fresh: Vec<Text> = self.unwritten().filter_map(|entry| entry.stored.clone()).collect();
        if fresh.is_empty() {
            return None;
        }
        fresh.reverse();
        let weight = |texts: &[Text]| texts.iter().map(|text| text.len()).sum::<usize>();
        let fits = self.row.len() + fresh.len() <= caps::CHUNK_EVENTS
            && weight(&self.row) + weight(&fresh) <= caps::CHUNK_BYTES;
        if self.row.is_empty() || fits {
            self.row.append(&mut fresh);
        } else {
            self.slot = (self.slot + 1) % caps::CHUNK_SLOTS;
            self.row = fresh;
        }
        let durable = std::mem::replace(&mut self.durable, self.head);
        for entry in self.entries.iter_mut().rev().take_while(|entry| entry.at > durable) {
            entry.conn = None;
            entry.stored = None;
        }
        let texts: Vec<&str> = self.row.iter().map(|text| &**text).collect();
        Some(Chunk { slot: self.slot, text: format!("[{}]", texts.join(",")) })
    }

    /// Reads the rows and what the attachments carry. False beside the log: something between them is missing.
    #[must_use]
    pub fn restore(rows: &[Chunk], carried: Vec<Entry>, now: Time) -> (Self, bool) {
        let mut log = Self::default();
        let mut read: Vec<(u64, Vec<(Text, Entry)>)> = rows
            .iter()
            .map(|row| {
                let stored: Vec<&RawValue> = serde_json::from_str(&row.text).unwrap_or_default();
                let entries = stored
                    .iter()
                    .filter_map(|stored| Some((stored.get().into(), Entry::restore(stored, None)?)))
                    .collect();
                (row.slot, entries)
            })
            .collect();
        read.sort_by_key(|(_, entries)| entries.first().map_or(0, |(_, first)| first.at));
        for (slot, entries) in read {
            log.slot = slot;
            log.row.clear();
            for (stored, entry) in entries {
                log.row.push(stored);
                log.take(entry);
            }
        }
        log.durable = log.head;
        let mut carried: Vec<Entry> = carried.into_iter().filter(|entry| entry.at > log.durable).collect();
        carried.sort_by_key(|entry| entry.at);
        let mut whole = true;
        for entry in carried {
            if entry.at == log.head + 1 {
                log.take(entry);
            } else if entry.at > log.head {
                whole = false;
            }
        }
        log.trim(now);
        (log, whole)
    }

    /// What one socket's attachment must carry, newest first.
    pub fn journal(&self, conn: Conn) -> impl Iterator<Item = &str> {
        self.unwritten()
            .filter(move |entry| entry.conn == Some(conn))
            .filter_map(|entry| entry.stored.as_deref())
    }
}
