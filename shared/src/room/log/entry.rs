//! An entry of the log: one event, encoded once, and what single players receive in its place.

use crate::connection::Conn;
use crate::id::PlayerId;
use crate::mode;
use crate::time::Time;
use crate::wire::envelope::{self, Envelope, Text};
use crate::wire::room::Event;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One event of the log, encoded once.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The position in the log.
    pub at: u64,
    /// The time at which the event was accepted.
    pub ts: Time,
    /// The player whose command caused the event.
    pub by: Option<PlayerId>,
    /// The only recipient; all others receive the position alone. None for an event to all.
    pub to: Option<PlayerId>,
    /// The key of the command.
    pub key: Option<String>,
    pub event: Rc<Event>,
    /// The event as it goes over the wire.
    pub text: Text,
    /// The event as it goes to single players in place of `text`.
    pub own_texts: BTreeMap<PlayerId, Text>,
    /// The event of the room's mode that caused this one.
    pub played: Option<Rc<Played>>,
    /// The entry as disk and attachments store it; none once it is on disk.
    pub stored: Option<Text>,
    /// The socket whose attachment carries the entry until it is on disk; none before the next flush, and once it is on
    /// disk.
    pub carrier: Option<Conn>,
}

/// Entries are compared by their text, which is what clients receive: a number that JSON cannot represent exactly may
/// differ between the event that was read and the same event after a restart.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        let Self { at, ts, by, to, key, event: _, text, own_texts, played, stored, carrier } = self;
        (at, ts, by, to) == (&other.at, &other.ts, &other.by, &other.to)
            && (key, text, stored, carrier) == (&other.key, &other.text, &other.stored, &other.carrier)
            && (own_texts, played) == (&other.own_texts, &other.played)
    }
}

impl Entry {
    /// Encodes a new entry.
    pub(super) fn new(at: u64, ts: Time, new: NewEntry<'_>) -> Self {
        let NewEntry { event, by, to, key, own_events, played } = new;
        let envelope = |event| Envelope { at: Some(at), by: by.cloned(), ts: Some(ts), event };
        let own_text = |(player, event)| (player, envelope(event).text());
        let own_texts: BTreeMap<PlayerId, Text> = own_events.into_iter().map(own_text).collect();
        let envelope = envelope(event);
        let text = envelope.text();
        Self {
            at,
            ts,
            by: envelope.by,
            to: to.cloned(),
            key: key.map(str::to_owned),
            event: Rc::new(envelope.event),
            stored: Some(store(&text, key, to, &own_texts, played.as_ref())),
            text,
            own_texts,
            played: played.map(Rc::new),
            carrier: None,
        }
    }

    /// Returns the event as this recipient receives it.
    #[must_use]
    pub fn seen_by(&self, player: &PlayerId) -> Text {
        if self.is_hidden_from(player) {
            return skip(self.at);
        }
        self.own_texts.get(player).unwrap_or(&self.text).clone()
    }

    /// Returns the event as this recipient receives it, as JSON.
    #[must_use]
    pub fn value_for(&self, player: &PlayerId) -> Value {
        match self.own_texts.get(player) {
            Some(text) => serde_json::from_str(text).unwrap_or_default(),
            None => self.public_value_for(player),
        }
    }

    /// Returns the event as JSON, without what only this recipient may see of a mode.
    #[must_use]
    pub fn public_value_for(&self, player: &PlayerId) -> Value {
        let Self { at, ts, by, event, .. } = self;
        let envelope = if self.is_hidden_from(player) {
            Envelope { at: Some(*at), ..Envelope::ephemeral(Rc::new(Event::Skip)) }
        } else {
            Envelope { at: Some(*at), by: by.clone(), ts: Some(*ts), event: Rc::clone(event) }
        };
        serde_json::to_value(envelope).unwrap_or_default()
    }

    /// Returns the bytes that the entry takes in memory, as far as clients determine them.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.own_texts.values().map(|text| text.len()).sum::<usize>()
    }

    /// Returns the bytes that the entry takes in an attachment, with the comma that follows it.
    pub(super) fn weight(&self) -> usize {
        self.stored.as_ref().map_or(0, |stored| stored.len() + 1)
    }

    fn is_hidden_from(&self, player: &PlayerId) -> bool {
        self.to.as_ref().is_some_and(|to| to != player)
    }

    /// Reads a stored entry. An entry that a socket carried is not on disk yet, and keeps its stored form.
    #[must_use]
    pub fn restore(stored: &RawValue, carrier: Option<Conn>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Stored<'a> {
            #[serde(borrow)]
            e: &'a RawValue,
            k: Option<String>,
            to: Option<PlayerId>,
            #[serde(borrow, default)]
            own: BTreeMap<PlayerId, &'a RawValue>,
            m: Option<Played>,
        }
        let text = carrier.map(|_| stored.get().into());
        let Stored { e, k: key, to, own, m } = serde_json::from_str(stored.get()).ok()?;
        let Envelope { at, by, ts, event } = serde_json::from_str(e.get()).ok()?;
        let own_texts = own.into_iter().map(|(player, text)| (player, text.get().into())).collect();
        let (text, stored, played) = (e.get().into(), text, m.map(Rc::new));
        Some(Self { at: at?, ts: ts?, by, to, key, event, text, own_texts, played, stored, carrier })
    }
}

/// Encodes the event that a player receives for an event to another player: its position alone.
#[must_use]
pub fn skip(at: u64) -> Text {
    Envelope { at: Some(at), ..Envelope::ephemeral(Event::Skip) }.text()
}

/// Encodes an entry as disk and attachments store it: the event, its key, its only recipient, the texts for single
/// players, and the event of the mode.
fn store(
    event: &str,
    key: Option<&str>,
    to: Option<&PlayerId>,
    own_texts: &BTreeMap<PlayerId, Text>,
    played: Option<&Played>,
) -> Text {
    let mut stored = String::with_capacity(event.len() + 32);
    stored.push_str(r#"{"e":"#);
    stored.push_str(event);
    if let Some(key) = key {
        stored.push_str(r#","k":"#);
        stored.push_str(&envelope::encode(&key));
    }
    if let Some(to) = to {
        stored.push_str(r#","to":"#);
        stored.push_str(&envelope::encode(to));
    }
    for (nth, (player, text)) in own_texts.iter().enumerate() {
        stored.push_str(if nth == 0 { r#","own":{"# } else { "," });
        stored.push_str(&envelope::encode(player));
        stored.push(':');
        stored.push_str(text);
    }
    if !own_texts.is_empty() {
        stored.push('}');
    }
    if let Some(played) = played {
        stored.push_str(r#","m":"#);
        stored.push_str(&envelope::encode(played));
    }
    stored.push('}');
    stored.into()
}

/// An event that is not in the log yet.
#[derive(Debug)]
pub struct NewEntry<'a> {
    pub event: Event,
    /// The player whose command causes the event.
    pub by: Option<&'a PlayerId>,
    /// The only recipient.
    pub to: Option<&'a PlayerId>,
    /// The key of the command.
    pub key: Option<&'a str>,
    /// The event for single players, in place of `event`.
    pub own_events: BTreeMap<PlayerId, Event>,
    /// The event of the room's mode that causes this one.
    pub played: Option<Played>,
}

/// An event of a room's mode, as the log stores it.
pub type Played = mode::Event<Value>;

impl<'a> NewEntry<'a> {
    /// An event to all that no command with a key caused.
    #[must_use]
    pub fn by(by: Option<&'a PlayerId>, event: Event) -> Self {
        Self { event, by, to: None, key: None, own_events: BTreeMap::new(), played: None }
    }
}
