//! A client that follows the wire as the SDK does: its position, its view, its outbox, and its reaction to
//! each close.

use crate::machine::Machine;
use crate::sender::Sender;
use serde_json::{Map, Value};
use shared::id::PlayerId;
use shared::mode::patch;
use shared::wire::envelope::Envelope;
use shared::wire::room::{Cell, Event, MemberState, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The members and the board, folded from events.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub members: BTreeMap<PlayerId, MemberState>,
    pub board: BTreeMap<String, Cell>,
    /// The position of the last write or removal of each key, as far as this client saw it.
    written: BTreeMap<String, u64>,
    /// The state of the match, as the player may see it.
    pub state: Option<Value>,
    pub over: bool,
    /// Both as text, until they change.
    text: Option<Rc<str>>,
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct Client {
    pub player: PlayerId,
    pub spectates: bool,
    /// The connection that the client considers open.
    pub wire: Option<u64>,
    pub welcomed: bool,
    /// The connection is cut; the client notices it at this time.
    pub notices_at: Option<u64>,
    pub epoch: Option<u64>,
    pub at: u64,
    /// The position before its first event. It has every later event, or knows that it misses some.
    pub from: u64,
    pub view: View,
    pub sender: Sender,
    pub reconnects_at: u64,
    /// The close code after which it does not reconnect.
    pub stopped: Option<u16>,
    /// The signals that it received, by command.
    pub signals: BTreeSet<u64>,
    /// The client never connects.
    pub never_connects: bool,
    pub reads_slowly: bool,
    /// The number of the client's login. An odd one ends alone, an even one with all before it.
    pub login: u32,
    /// The machine that drives this client; none where the world itself does.
    pub machine: Option<Box<Machine>>,
}

impl Client {
    pub fn new(player: PlayerId, spectates: bool) -> Self {
        Self {
            player,
            spectates,
            wire: None,
            welcomed: false,
            notices_at: None,
            epoch: None,
            at: 0,
            from: 0,
            view: View::default(),
            sender: Sender::default(),
            reconnects_at: 0,
            stopped: None,
            signals: BTreeSet::new(),
            never_connects: false,
            reads_slowly: false,
            login: 0,
            machine: None,
        }
    }

    /// True if the client may still reconnect by itself.
    pub fn may_reconnect(&self) -> bool {
        self.stopped.is_none() && !self.never_connects
    }

    /// Reloads the page: forgets everything.
    pub fn reload(&mut self) {
        let fresh = Self::new(self.player.clone(), self.spectates);
        let next = self.sender.next_id;
        let machine = self.machine.take().map(|_| Box::new(Machine::new(self.spectates, self.at)));
        *self = Self { reads_slowly: self.reads_slowly, login: self.login, machine, ..fresh };
        self.sender.next_id = next;
    }

    /// Drops the connection. Commands that are not yet durable wait for the next one.
    pub fn disconnected(&mut self, reconnects_at: u64) {
        self.wire = None;
        self.welcomed = false;
        self.notices_at = None;
        self.reconnects_at = reconnects_at;
    }

    /// Reacts to a close as the table of close codes says.
    pub fn closed(&mut self, now: u64, code: u16, jitter: u64) {
        self.disconnected(now + jitter);
        match code {
            4000..4100 | 4302 => {
                self.stopped = Some(code);
                self.sender.clear();
            }
            4300..4400 => self.reconnects_at = now,
            _ => {}
        }
    }
}

impl View {
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let members = snapshot.members.iter().map(|member| (member.player.clone(), member.state));
        let state = snapshot.state.clone();
        Self { members: members.collect(), board: snapshot.board.clone(), state, ..Self::default() }
    }

    /// Applies one event of the log.
    ///
    /// Checks compare-and-set: a write with `if_at` follows no newer write or removal of its keys. Proved by a board
    /// that ignored `if_at`, one that compared only the first key, and one that forgot when a key was removed.
    pub fn fold(&mut self, at: u64, event: &Envelope<Event>) {
        let member = |state| Some((event.by.clone().expect("the event of a member"), state));
        let changed = match &event.event {
            Event::Joined(_) | Event::Back(_) => member(MemberState::Here),
            Event::Away => member(MemberState::Away),
            Event::Left(_) => member(MemberState::Left),
            Event::Said(_) | Event::Signal(_) | Event::EndProposed(_) | Event::Skip => return,
            Event::Started { state, .. } => {
                self.state = Some(state.value());
                return;
            }
            Event::Moved { state, .. } => {
                let known = self.state.as_mut().expect("a match that has started");
                if let Some(change) = state {
                    patch::apply(known, change.value());
                }
                return;
            }
            Event::Ended(_) => {
                self.over = true;
                None
            }
            Event::Set(set) => {
                self.write(at, &set.keys);
                None
            }
            other => panic!("{other:?} in the log"),
        };
        self.text = None;
        self.members.extend(changed);
    }

    fn write(&mut self, at: u64, keys: &Map<String, Value>) {
        let after = keys.values().find_map(|value| value["after"].as_u64());
        for (key, value) in keys {
            let cell = self.board.get(key).map_or(0, |cell| cell.at);
            let newest = self.written.insert(key.clone(), at).unwrap_or_default().max(cell);
            assert!(
                after.is_none_or(|after| newest <= after),
                "{key} was written at {newest}, after {after:?}"
            );
            if value.is_null() {
                self.board.remove(key);
            } else {
                self.board.insert(key.clone(), Cell { at, v: value.clone() });
            }
        }
    }

    pub fn text(&mut self) -> Rc<str> {
        let text = || format!("{:?} {:?}", self.members, self.board).into();
        Rc::clone(self.text.get_or_insert_with(text))
    }
}
