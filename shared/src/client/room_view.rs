//! A room as its events tell it: members, board and match, folded event by event.

use super::log_position::LogPosition;
use super::object::{Object, RoomObject};
use crate::id::PlayerId;
use crate::mode::patch;
use crate::wire::envelope::Envelope;
use crate::wire::room::{self, Cell, Ended, Event, Member, MemberState, PhaseName, Snapshot};
use crate::wire::welcome::Welcome;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A room as one member sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomView {
    pub position: LogPosition,
    /// The player of this client; none before the first welcome.
    pub you: Option<PlayerId>,
    pub phase: PhaseName,
    pub members: Vec<Member>,
    pub board: BTreeMap<String, Cell>,
    /// The name and version of the room's mode, such as `connect-four@1`; none where it has none.
    pub mode: Option<String>,
    /// The match at `position`, as this player may see it; null before it starts, and without a mode.
    pub state: Value,
    /// The players in the order of their seats in the match; empty before it starts.
    pub seats: Vec<PlayerId>,
    /// Events up to this position are on disk.
    pub durable: u64,
    /// True if events before a snapshot were missed.
    pub missed: bool,
    /// The end of the room, once it has ended.
    pub ended: Option<Ended>,
}

impl Default for RoomView {
    fn default() -> Self {
        Self {
            position: LogPosition::default(),
            you: None,
            phase: PhaseName::Open,
            members: Vec::new(),
            board: BTreeMap::new(),
            mode: None,
            state: Value::Null,
            seats: Vec::new(),
            durable: 0,
            missed: false,
            ended: None,
        }
    }
}

impl RoomView {
    /// Returns the seat of this player in the match; none for spectators, and before it starts.
    #[must_use]
    pub fn seat(&self) -> Option<usize> {
        let you = self.you.as_ref()?;
        self.seats.iter().position(|player| player == you)
    }

    /// Applies a welcome: continues the view, or starts again from the snapshot.
    pub fn welcome(&mut self, welcome: &Welcome<room::Welcome>) {
        let snapshot = welcome.more.snapshot.as_ref();
        let position = self.position.after_welcome(welcome, RoomObject::snapshot_at(&welcome.more));
        match snapshot {
            Some(snapshot) => self.restart(&position, snapshot),
            None => self.members.clone_from(&welcome.more.members),
        }
        self.position = position;
        self.you = Some(welcome.you.clone());
        self.phase = welcome.more.phase;
        self.mode.clone_from(&welcome.more.mode);
        self.durable = welcome.durable;
    }

    fn restart(&mut self, position: &LogPosition, snapshot: &Snapshot) {
        let is_same = self.position.epoch == position.epoch;
        let first = snapshot.events.first().and_then(|event| event.get("at")?.as_u64());
        let first = first.unwrap_or(snapshot.at + 1);
        let known = if is_same { self.position.at } else { 0 };
        self.missed |= first > known + 1 || (!is_same && self.position.epoch.is_some());
        self.members.clone_from(&snapshot.members);
        self.board.clone_from(&snapshot.board);
        // The state is that after all events of the snapshot, so the moves among them are not applied again.
        self.state = snapshot.state.clone().unwrap_or_default();
        self.seats.clone_from(&snapshot.seats);
        let end =
            snapshot.events.iter().rev().find_map(|event| match Envelope::deserialize(event).ok()?.event {
                Event::Ended(ended) => Some(ended),
                _ => None,
            });
        self.ended = end.or(self.ended.take());
    }

    /// Applies one event. Each position arrives here once, in order.
    pub fn event(&mut self, envelope: &Envelope<Event>) {
        if let Some(at) = envelope.at {
            self.position.at = at;
        }
        match &envelope.event {
            Event::Durable { to } => self.durable = self.durable.max(*to),
            Event::Set(set) => self.write(envelope.at.unwrap_or_default(), &set.keys),
            Event::Joined(name) | Event::Back(name) => {
                self.seat_member(envelope.by.as_ref(), MemberState::Here, Some(&name.name));
            }
            Event::Away => self.seat_member(envelope.by.as_ref(), MemberState::Away, None),
            Event::Left(_) => self.seat_member(envelope.by.as_ref(), MemberState::Left, None),
            Event::Started { body, state } => {
                self.mode = Some(body.mode.clone());
                self.seats.clone_from(&body.seats);
                self.state = state.value();
            }
            Event::Moved { state: Some(change), .. } => patch::apply(&mut self.state, change.value()),
            Event::Ended(ended) => {
                self.phase = PhaseName::Over;
                self.ended = Some(ended.clone());
            }
            Event::Said(_)
            | Event::Signal(_)
            | Event::Skip
            | Event::Moved { state: None, .. }
            | Event::EndProposed(_)
            | Event::Hint(_)
            | Event::Resync
            | Event::Unknown { .. } => {}
        }
    }

    fn seat_member(&mut self, player: Option<&PlayerId>, state: MemberState, name: Option<&String>) {
        let Some(player) = player else { return };
        if let Some(member) = self.members.iter_mut().find(|member| member.player == *player) {
            member.state = state;
            if let Some(name) = name {
                member.name.clone_from(name);
            }
        } else {
            let name = name.cloned().unwrap_or_else(|| player.to_string());
            self.members.push(Member { name, player: player.clone(), state, team: None });
        }
    }

    /// Applies a write of the board; null removes a key.
    fn write(&mut self, at: u64, keys: &Map<String, Value>) {
        for (key, value) in keys {
            if value.is_null() {
                self.board.remove(key);
            } else {
                self.board.insert(key.clone(), Cell { at, v: value.clone() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::room::RoomMessage;
    use serde_json::json;

    fn view(messages: &[Value]) -> RoomView {
        let mut view = RoomView::default();
        for message in messages {
            match RoomMessage::read(message.clone()).unwrap() {
                RoomMessage::Welcome(welcome) => view.welcome(&welcome),
                RoomMessage::Event(event) => view.event(&event),
                RoomMessage::Reply(_) => {}
            }
        }
        view
    }

    fn welcome(epoch: &str, at: u64, more: &Value) -> Value {
        let mut welcome = json!({
            "ev": "welcome", "epoch": epoch, "at": at, "recovered": false, "replayed": 0, "durable": at,
            "you": "p_ana", "now": 1, "members": [], "phase": "open",
            "heartbeat": {"every_ms": 25000, "grace_ms": 10000},
            "limits": {"frame_bytes": 16384, "per_s": 20, "burst": 40, "batch": 64},
        });
        for (name, value) in more.as_object().unwrap() {
            welcome[name] = value.clone();
        }
        welcome
    }

    fn snapshot(at: u64, events: &Value) -> Value {
        json!({"snapshot": {"at": at, "board": {}, "events": events, "members": []}})
    }

    #[test]
    fn members_and_board_follow_the_events() {
        let view = view(&[
            welcome("e1", 0, &snapshot(0, &json!([]))),
            json!({"at": 1, "ev": "joined", "by": "p_ana", "ts": 1, "body": {"name": "Ana"}}),
            json!({"at": 2, "ev": "set", "by": "p_ana", "ts": 1, "body": {"keys": {"a": 1, "b": 2}}}),
            json!({"at": 3, "ev": "set", "by": "p_ana", "ts": 1, "body": {"keys": {"a": null}}}),
            json!({"at": 4, "ev": "away", "by": "p_ana", "ts": 1}),
        ]);
        assert_eq!((view.members[0].name.as_str(), view.members[0].state), ("Ana", MemberState::Away));
        assert_eq!(view.board.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!((view.position.at, view.missed), (4, false));
    }

    #[test]
    fn move_patches_the_state() {
        let view = view(&[
            welcome("e1", 0, &snapshot(0, &json!([]))),
            json!({"at": 1, "ev": "started", "ts": 1, "body": {"mode": "m@1", "seats": ["p_bo", "p_ana"]}, "state": {"turn": 0}}),
            json!({"at": 2, "ev": "moved", "ts": 1, "by": "p_bo", "state": {"turn": 1}}),
            json!({"at": 3, "ev": "moved", "ts": 1}),
        ]);
        assert_eq!((view.state.clone(), view.seat()), (json!({"turn": 1}), Some(1)));
    }

    #[test]
    fn snapshot_after_a_gap_says_that_events_were_missed() {
        let event = json!([{"at": 9, "ev": "said", "by": "p_bo", "ts": 1, "body": 1}]);
        assert!(view(&[welcome("e1", 9, &snapshot(9, &event))]).missed);
        let whole = [welcome("e1", 0, &snapshot(0, &json!([]))), welcome("e2", 0, &snapshot(0, &json!([])))];
        assert!(!view(&whole[..1]).missed);
        assert!(view(&whole).missed);
    }

    #[test]
    fn end_is_known_from_a_snapshot_too() {
        let ended = json!([{"at": 1, "ev": "ended", "ts": 1, "body": {"by": null, "reason": "time_up", "result": null}}]);
        assert!(view(&[welcome("e1", 1, &snapshot(1, &ended))]).ended.is_some());
    }
}
