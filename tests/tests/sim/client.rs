//! A client that keeps to the wire as the browser's does: a place, a view, an outbox, and what it does at each close.

use crate::sender::Sender;
use serde_json::{Value, json};
use shared::id::PlayerId;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Who is there and what stands on the board, folded from events.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub members: BTreeMap<String, String>,
    pub board: BTreeMap<String, (Value, u64)>,
    pub over: bool,
    /// The two as text, until they change.
    text: Option<Rc<str>>,
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct Client {
    pub player: PlayerId,
    pub watches: bool,
    /// The connection it holds to be open.
    pub wire: Option<u64>,
    pub welcomed: bool,
    /// Nothing passes any more; it will notice then.
    pub notices_at: Option<u64>,
    pub epoch: Option<u64>,
    pub at: u64,
    /// From the position after this one on it has everything, or was told that it has not.
    pub from: u64,
    pub view: View,
    pub sender: Sender,
    pub dials_at: u64,
    /// The code that stopped it.
    pub stopped: Option<u16>,
    /// Signals it got, by command.
    pub signals: BTreeSet<u64>,
    /// It stays away until the end; or for good.
    pub never_comes: bool,
    pub reads_slowly: bool,
}

impl Client {
    pub fn new(player: PlayerId, watches: bool) -> Self {
        Self {
            player,
            watches,
            wire: None,
            welcomed: false,
            notices_at: None,
            epoch: None,
            at: 0,
            from: 0,
            view: View::default(),
            sender: Sender::default(),
            dials_at: 0,
            stopped: None,
            signals: BTreeSet::new(),
            never_comes: false,
            reads_slowly: false,
        }
    }

    /// Whether it may still come back by itself.
    pub fn lives(&self) -> bool {
        self.stopped.is_none() && !self.never_comes
    }

    /// The page is opened anew: nothing is remembered.
    pub fn reload(&mut self) {
        let fresh = Self::new(self.player.clone(), self.watches);
        let next = self.sender.next_id;
        *self = Self { reads_slowly: self.reads_slowly, ..fresh };
        self.sender.next_id = next;
    }

    /// The connection is gone; what was said and is not safe waits for the next one.
    pub fn lost(&mut self, dials_at: u64) {
        self.wire = None;
        self.welcomed = false;
        self.notices_at = None;
        self.dials_at = dials_at;
    }

    /// Does what the table of close codes says.
    pub fn closed(&mut self, now: u64, code: u16, jitter: u64) {
        self.lost(now + jitter);
        match code {
            4000..4100 | 4302 => {
                self.stopped = Some(code);
                self.sender.clear();
            }
            4300..4400 => self.dials_at = now,
            _ => {}
        }
    }
}

impl View {
    pub fn from_snapshot(snapshot: &Value) -> Self {
        let mut view = Self::default();
        view.seat(&snapshot["members"]);
        for (key, cell) in snapshot["board"].as_object().into_iter().flatten() {
            let at = cell["at"].as_u64().expect("a cell has a position");
            view.board.insert(key.clone(), (cell["v"].clone(), at));
        }
        view
    }

    fn seat(&mut self, members: &Value) {
        for member in members.as_array().expect("members") {
            let player = member["player"].as_str().expect("a player").to_owned();
            let state = member["state"].as_str().expect("a state").to_owned();
            self.members.insert(player, state);
        }
    }

    /// Takes in one event of the log.
    ///
    /// Compare-and-set: a value written after looking at a position finds nothing newer there. Proved by a board that
    /// ignored `if_at`.
    pub fn fold(&mut self, at: u64, event: &Value) {
        if event["ev"] != "said" {
            self.text = None;
        }
        let by = || event["by"].as_str().unwrap_or_default().to_owned();
        match event["ev"].as_str().unwrap_or_default() {
            "joined" | "back" => drop(self.members.insert(by(), "here".into())),
            "away" => drop(self.members.insert(by(), "away".into())),
            "left" => drop(self.members.insert(by(), "left".into())),
            "ended" => self.over = true,
            "set" => {
                for (key, value) in event["body"]["keys"].as_object().into_iter().flatten() {
                    if let Some(after) = value["after"].as_u64() {
                        let newest = self.board.get(key).map_or(0, |cell| cell.1);
                        assert!(newest <= after, "{key} was written at {newest}, after {after}");
                    }
                    if value.is_null() {
                        self.board.remove(key);
                    } else {
                        self.board.insert(key.clone(), (value.clone(), at));
                    }
                }
            }
            _ => {}
        }
    }

    pub fn text(&mut self) -> Rc<str> {
        let text = || json!([self.members, self.board]).to_string().into();
        Rc::clone(self.text.get_or_insert_with(text))
    }
}
