//! The match of a room with a mode: its state, the views that recipients have, and the rows that restore it.
//!
//! The match starts once every seat's player has come. Each event that changes it is an entry of the log, which carries
//! the mode's event: the row of the match may be older than the log, and the entries after it are played again.

use super::log::{Log, Played};
use crate::limits;
use crate::mode::{Broken, MODES, Outcome, Rejection, Replay, Running, Seat, Verdict, Viewer, patch};
use crate::text;
use crate::time::Time;
use crate::wire::Json;
use crate::wire::envelope;
use crate::wire::room::Event;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// A match in memory.
pub(super) struct Game {
    running: Box<dyn Running>,
    /// The view of a spectator, and where views may differ those of all seats.
    views: Vec<Json>,
    /// The position of the last event that changed the match.
    changed_at: u64,
    /// All events so far; none where they are too many to keep.
    replay: Option<Replay>,
    replay_bytes: usize,
    /// The slot of the log that was being filled when the row was last written.
    saved_slot: Option<u64>,
}

/// An accepted event, as its recipients are told of it.
pub(super) struct Told {
    /// The event for spectators, and for the seats that `own` does not name.
    pub public: Event,
    pub own: BTreeMap<Seat, Event>,
    /// True if the log must have the event. A move always has a position, and a wake has one where it did anything; an
    /// absence that changes no view has none, because the write that it causes anyway carries it.
    pub is_entry: bool,
}

/// The row of a match.
#[derive(Serialize, Deserialize)]
struct Row<'a, R> {
    /// The position up to which the log's events are in the state.
    at: u64,
    changed_at: u64,
    #[serde(borrow, rename = "match")]
    text: &'a RawValue,
    replay: R,
}

impl Game {
    /// Returns a match that starts.
    pub(super) fn new(running: Box<dyn Running>, replay: Replay) -> Result<Self, Broken> {
        let views = views(running.as_ref())?;
        Ok(Self { running, views, changed_at: 0, replay: Some(replay), replay_bytes: 0, saved_slot: None })
    }

    /// Restores a match from its row, and the events of the log after it.
    pub(super) fn restore(row: &str, log: &Log) -> Result<Self, Broken> {
        let Row { at, changed_at, text, replay } = read(row)?;
        let running = MODES.restore(text.get())?;
        let replay_bytes = replay.iter().flat_map(|replay| &replay.events).map(weight).sum();
        let views = views(running.as_ref())?;
        let mut game = Self { running, views, changed_at, replay, replay_bytes, saved_slot: None };
        for entry in log.retained().filter(|entry| entry.at > at) {
            let Some(played) = &entry.played else { continue };
            game.handle(entry.ts, played).map_err(|rejection| match rejection {
                Rejection::Broken(broken) => broken,
                Rejection::Fault(fault) => {
                    Broken::Unreadable(format!("the log has a refused move: {}", fault.why))
                }
            })?;
            game.changed_at = entry.at;
        }
        Ok(game)
    }

    /// Handles an event. A refused one changes nothing.
    pub(super) fn handle(&mut self, now: Time, event: &Played) -> Result<Told, Rejection> {
        let before = (*event == Played::Woke).then(|| self.running.encode().to_owned());
        let verdict = self.running.handle(now, event)?;
        let views = views(self.running.as_ref())?;
        let has_changed = before.is_some_and(|before| self.running.encode() != before);
        let told = self.told(event, &verdict, &views, has_changed);
        self.views = views;
        self.note(now, event);
        Ok(told)
    }

    /// Returns what each viewer is told: the parts of the verdict, and the patch of the viewer's view.
    fn told(&self, event: &Played, verdict: &Verdict, after: &[Json], has_changed: bool) -> Told {
        let changes = self.views.iter().zip(after);
        let patches: Vec<_> = changes.map(|(old, new)| patch::difference(old, new)).collect();
        let shared = patches.first().cloned().flatten();
        let body = verdict.public.as_ref().map(Json::from);
        let moved = |private: Option<Json>, state| Event::Moved { body: body.clone(), private, state };
        let own = |seat: Seat| {
            let private = verdict.private.get(&seat).map(Json::from);
            let state = patches.get(seat.index() + 1).unwrap_or(&shared);
            (private.is_some() || *state != shared).then(|| (seat, moved(private, state.clone())))
        };
        let own: BTreeMap<Seat, Event> = Seat::all(self.running.seats()).filter_map(own).collect();
        let is_visible = body.is_some() || shared.is_some() || !own.is_empty();
        let is_entry = match event {
            Played::Move { .. } | Played::Signal { .. } => true,
            Played::Woke => is_visible || has_changed,
            Played::Away { .. } | Played::Back { .. } | Played::Gone { .. } => is_visible,
        };
        Told { public: moved(None, shared), own, is_entry }
    }

    /// Adds an event to the replay, as long as it is small enough to keep.
    fn note(&mut self, now: Time, event: &Played) {
        let Some(replay) = &mut self.replay else { return };
        let event = (now, event.clone());
        self.replay_bytes += weight(&event);
        replay.events.push(event);
        if self.replay_bytes > limits::REPLAY_BYTES_MAX {
            self.replay = None;
        }
    }

    /// Notes the position of the event that was handled last.
    pub(super) fn moved_to(&mut self, at: u64) {
        self.changed_at = at;
    }

    pub(super) fn changed_at(&self) -> u64 {
        self.changed_at
    }

    pub(super) fn running(&self) -> &dyn Running {
        self.running.as_ref()
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.running.outcome()
    }

    pub(super) fn replay(&self) -> Option<Replay> {
        self.replay.clone()
    }

    /// Returns the state as a viewer may see it.
    pub(super) fn view(&self, viewer: Viewer) -> Json {
        let index = match viewer {
            Viewer::Spectator => 0,
            Viewer::Seat(seat) => seat.index() + 1,
        };
        self.views.get(index).or(self.views.first()).cloned().unwrap_or_default()
    }

    /// Returns the row, where it must be written: with the room's row, because no entry of the log carries an absence to
    /// the mode, and before the log overwrites an entry that the old row needs.
    pub(super) fn save(&mut self, head: u64, slot: u64, with_room: bool) -> Option<String> {
        if !with_room && self.saved_slot == Some(slot) {
            return None;
        }
        self.saved_slot = Some(slot);
        Some(self.encode(head))
    }

    /// Returns the row without its position: what a restart must find again.
    pub(super) fn row(&self) -> String {
        self.encode(0)
    }

    fn encode(&self, at: u64) -> String {
        let text: Result<&RawValue, _> = serde_json::from_str(self.running.encode());
        let text = text.unwrap_or(RawValue::NULL);
        envelope::encode(&Row { at, changed_at: self.changed_at, text, replay: &self.replay }).to_string()
    }
}

impl Clone for Game {
    fn clone(&self) -> Self {
        let Self { running, views, changed_at, replay, replay_bytes, saved_slot } = self;
        Self {
            running: running.duplicate(),
            views: views.clone(),
            changed_at: *changed_at,
            replay: replay.clone(),
            replay_bytes: *replay_bytes,
            saved_slot: *saved_slot,
        }
    }
}

/// Views and replay contain what players hide.
impl fmt::Debug for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Game").field("running", &self.running).finish_non_exhaustive()
    }
}

fn read(row: &str) -> Result<Row<'_, Option<Replay>>, Broken> {
    serde_json::from_str(row).map_err(|error| Broken::Unreadable(error.to_string()))
}

/// Returns the bytes that an event takes in a replay.
fn weight(event: &(Time, Played)) -> usize {
    text::encoded_len(event) + 1
}

/// Returns the view of a spectator, and where views may differ those of all seats.
fn views(running: &dyn Running) -> Result<Vec<Json>, Broken> {
    let seats = if running.hides() { running.seats() } else { 0 };
    let viewers = std::iter::once(Viewer::Spectator).chain(Seat::all(seats).map(Viewer::Seat));
    viewers.map(|viewer| running.view(viewer)).collect()
}
