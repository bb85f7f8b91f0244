//! The log of a room: events in one order from position 1, the newest retained for a resume, rows for the disk.

mod entry;

use crate::connection::Conn;
use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use crate::wire::envelope::Text;
pub use entry::{Entry, NewEntry, Played, skip};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A row of the log on disk: a slot number, and a JSON array of stored entries. It replaces the row of that slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The slot, from 0 to `limits::CHUNK_SLOTS`, exclusive.
    pub slot: u64,
    /// The stored entries.
    pub text: String,
}

/// The log of one room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log {
    entries: VecDeque<Entry>,
    head: u64,
    durable: u64,
    bytes: usize,
    /// The weight of the entries that are not on disk yet.
    unwritten_bytes: usize,
    /// The keys of the newest `limits::COMMAND_KEYS_MAX` positions, in order.
    keyed: VecDeque<(u64, PlayerId, String)>,
    keys: BTreeMap<(PlayerId, String), u64>,
    /// The slot of the row that is being filled, and the stored entries in it.
    slot: u64,
    row: Vec<Text>,
}

impl Log {
    /// Returns the newest position.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Returns the position up to which everything is on disk.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Returns the weight of the retained entries in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the time of an event that is accepted now: times never go back.
    #[must_use]
    pub fn stamp(&self, now: Time) -> Time {
        self.entries.back().map_or(now, |last| last.ts.max(now))
    }

    /// Appends an event and returns its entry.
    pub fn push(&mut self, now: Time, new: NewEntry<'_>) -> Entry {
        let entry = Entry::new(self.head + 1, self.stamp(now), new);
        self.unwritten_bytes += entry.bytes();
        self.index(entry.clone());
        self.trim(now);
        entry
    }

    fn index(&mut self, entry: Entry) {
        self.head = entry.at;
        self.bytes += entry.bytes();
        if let (Some(by), Some(key)) = (&entry.by, &entry.key) {
            self.keyed.push_back((entry.at, by.clone(), key.clone()));
            self.keys.insert((by.clone(), key.clone()), entry.at);
        }
        while self.keyed.front().is_some_and(|(at, ..)| at + limits::COMMAND_KEYS_MAX as u64 <= self.head) {
            if let Some((_, by, key)) = self.keyed.pop_front() {
                self.keys.remove(&(by, key));
            }
        }
        self.entries.push_back(entry);
    }

    /// Drops the entries beyond the limits of the log, but never one that is not on disk yet.
    pub fn trim(&mut self, now: Time) {
        while let Some(first) = self.entries.front() {
            let over = self.entries.len() > limits::LOG_EVENTS_MAX
                || self.bytes > limits::LOG_BYTES_MAX
                || now.since(first.ts) > limits::LOG_AGE_MAX;
            if !over || first.at > self.durable {
                return;
            }
            self.bytes -= first.bytes();
            self.entries.pop_front();
        }
    }

    /// Returns the position of the event that the first command with this key caused.
    #[must_use]
    pub fn result(&self, by: &PlayerId, key: &str) -> Option<u64> {
        self.keys.get(&(by.clone(), key.to_owned())).copied()
    }

    /// Returns the entries after `at`; none if the log no longer has all of them.
    #[must_use]
    pub fn since(&self, at: u64) -> Option<impl Iterator<Item = &Entry>> {
        let missing = usize::try_from(self.head.checked_sub(at)?).ok()?;
        let skip = self.entries.len().checked_sub(missing)?;
        Some(self.entries.iter().skip(skip))
    }

    /// Returns the retained entries, the oldest first.
    #[must_use]
    pub fn retained(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Returns the entries that are not on disk yet, the newest first.
    pub fn unwritten(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev().take_while(|entry| entry.at > self.durable)
    }

    /// Returns the number of entries that are not on disk yet.
    fn unwritten_count(&self) -> usize {
        usize::try_from(self.head - self.durable).unwrap_or(usize::MAX)
    }

    /// Returns when the oldest unwritten entry was accepted.
    #[must_use]
    pub fn oldest_unwritten(&self) -> Option<Time> {
        let oldest = self.entries.len().checked_sub(self.unwritten_count())?;
        self.entries.get(oldest).map(|oldest| oldest.ts)
    }

    /// Returns the time at which the oldest unwritten entry must be written.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        self.oldest_unwritten().map(|oldest| oldest + limits::CHUNK_AGE_MAX)
    }

    /// Returns true if the unwritten entries fill a row.
    #[must_use]
    pub fn full(&self) -> bool {
        self.unwritten_count() >= limits::CHUNK_EVENTS_MAX || self.unwritten_bytes >= limits::CHUNK_BYTES_MAX
    }

    /// Returns true if the unwritten entries cannot wait for the next flush: another one may not fit into a row.
    #[must_use]
    pub fn overfull(&self) -> bool {
        self.unwritten_count() >= 2 * limits::CHUNK_EVENTS_MAX
            || self.unwritten_bytes >= limits::CHUNK_BYTES_MAX
    }

    /// Returns the slot of the row that is being filled.
    #[must_use]
    pub fn slot(&self) -> u64 {
        self.slot
    }

    /// Returns the row that stores all unwritten entries: the last one again if it has space, else the next slot.
    pub fn chunk(&mut self) -> Option<Chunk> {
        let mut unwritten: Vec<Text> = self.unwritten().filter_map(|entry| entry.stored.clone()).collect();
        if unwritten.is_empty() {
            return None;
        }
        unwritten.reverse();
        let weight = |texts: &[Text]| texts.iter().map(|text| text.len()).sum::<usize>();
        let fits = self.row.len() + unwritten.len() <= limits::CHUNK_EVENTS_MAX
            && weight(&self.row) + weight(&unwritten) <= limits::CHUNK_BYTES_MAX;
        if self.row.is_empty() || fits {
            self.row.append(&mut unwritten);
        } else {
            self.slot = (self.slot + 1) % limits::CHUNK_SLOTS;
            self.row = unwritten;
        }
        let durable = std::mem::replace(&mut self.durable, self.head);
        for entry in self.entries.iter_mut().rev().take_while(|entry| entry.at > durable) {
            entry.carrier = None;
            entry.stored = None;
        }
        self.unwritten_bytes = 0;
        let texts: Vec<&str> = self.row.iter().map(|text| &**text).collect();
        Some(Chunk { slot: self.slot, text: format!("[{}]", texts.join(",")) })
    }

    /// Restores a log from its rows and the entries of attachments; false if an entry between them is missing. The log
    /// is not trimmed yet.
    #[must_use]
    pub fn restore(rows: &[Chunk], carried: Vec<Entry>) -> (Self, bool) {
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
                log.index(entry);
            }
        }
        log.durable = log.head;
        let mut carried: Vec<Entry> = carried.into_iter().filter(|entry| entry.at > log.durable).collect();
        carried.sort_by_key(|entry| entry.at);
        let mut whole = true;
        for entry in carried {
            if entry.at == log.head + 1 {
                log.unwritten_bytes += entry.bytes();
                log.index(entry);
            } else if entry.at > log.head {
                whole = false;
            }
        }
        (log, whole)
    }

    /// Gives each unwritten entry that no attachment carries to one of these sockets, and adds the sockets whose attachment
    /// changes to `changed`; false if they have no space. Few sockets are chosen, because each change is an attachment
    /// to write, and the ones that carry least, because an attachment is written whole.
    pub fn carry(&mut self, sockets: &[Conn], changed: &mut BTreeSet<Conn>) -> bool {
        let first = self.entries.len().saturating_sub(self.unwritten_count());
        let mut loads: Vec<(usize, Conn)> = sockets.iter().map(|&conn| (0, conn)).collect();
        let mut waiting = false;
        for entry in self.entries.range(first..) {
            match entry.carrier {
                Some(carrier) => {
                    let load = loads.iter_mut().find(|(_, conn)| *conn == carrier);
                    if let Some((load, _)) = load {
                        *load += entry.weight();
                    }
                }
                None => waiting = true,
            }
        }
        if !waiting {
            return true;
        }
        loads.sort_unstable();
        let mut loads = loads.into_iter();
        let mut carrier = loads.next();
        for entry in self.entries.range_mut(first..).filter(|entry| entry.carrier.is_none()) {
            let weight = entry.weight();
            while carrier.is_some_and(|(load, _)| load + weight > limits::JOURNAL_BYTES_MAX) {
                carrier = loads.next();
            }
            let Some((load, conn)) = &mut carrier else {
                return false;
            };
            *load += weight;
            entry.carrier = Some(*conn);
            changed.insert(*conn);
        }
        true
    }

    /// Returns the stored entries that the attachment of a socket must carry, the newest first.
    pub fn journal(&self, conn: Conn) -> impl Iterator<Item = &str> {
        self.unwritten()
            .filter(move |entry| entry.carrier == Some(conn))
            .filter_map(|entry| entry.stored.as_deref())
    }
}
