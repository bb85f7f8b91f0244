//! A lobby for tests, with a region and player objects that answer at once.

use crate::connection::{Conn, ConnectionInput, Identity};
use crate::id::{PlayerId, RoomId};
use crate::lobby::{Answer, Call, Disk, Effect, Entrant, Input, Lobby, Served};
use crate::pool::Shard;
use crate::rpc::queue_figures::QueueFigures;
use crate::rpc::queue_service::{QueueServiceAnswer, QueueServiceRequest};
use crate::rpc::{ForcedClose, PlayerRequest, PlayerResponse};
use crate::time::Time;
use crate::trace::Trace;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A lobby with its disk and its surroundings.
pub(in crate::lobby) struct TestLobby {
    pub(in crate::lobby) lobby: Lobby,
    pub(in crate::lobby) now: Time,
    disk: Disk,
    /// The messages to each socket, oldest first.
    said: BTreeMap<u32, Vec<Value>>,
    /// The players that another lobby has reserved, and the end of each reservation.
    pub(in crate::lobby) busy: BTreeMap<PlayerId, Time>,
    /// Requests to reserve a player.
    pub(in crate::lobby) reservations: Vec<(Time, PlayerId)>,
    pub(in crate::lobby) rooms: BTreeSet<RoomId>,
    /// The traces of the rooms that clients named, in order.
    pub(in crate::lobby) traces: Vec<Option<Trace>>,
    /// The reports to the index, in order.
    pub(in crate::lobby) reports: Vec<QueueFigures>,
    /// The actions that the region has stored, in order.
    pub(in crate::lobby) audited: Vec<String>,
    /// The players that were looked up in the region, in order.
    pub(in crate::lobby) lookups: Vec<PlayerId>,
}

impl TestLobby {
    /// Returns an empty lobby of this pool.
    pub(in crate::lobby) fn new(pool: &str) -> Self {
        let pool = crate::pool::read_one("p", serde_json::from_str(pool).unwrap()).unwrap();
        let (shard, now) = (Shard::Child(0), Time::from_ms(1000));
        let lobby = Lobby::restore("p".parse().unwrap(), shard, &pool, &Disk::new(), &[], now).unwrap().0;
        Self {
            lobby,
            now,
            disk: Disk::new(),
            said: BTreeMap::new(),
            busy: BTreeMap::new(),
            reservations: Vec::new(),
            rooms: BTreeSet::new(),
            traces: Vec::new(),
            audited: Vec::new(),
            reports: Vec::new(),
            lookups: Vec::new(),
        }
    }

    /// Opens the socket of a player; both have this number.
    pub(in crate::lobby) fn open(&mut self, nth: u32) {
        self.open_until(nth, Time::from_ms(1 << 40));
    }

    /// Opens the socket of a player, whose token expires at `exp`.
    pub(in crate::lobby) fn open_until(&mut self, nth: u32, exp: Time) {
        let identity = Identity { player: player(nth), sid: "s_1".parse().unwrap(), ep: 0, exp };
        let (conn, current_match, address) = (Conn(nth), None, 0);
        self.turn(Input::Opened { conn, identity, current_match, address, trace: None });
    }

    pub(in crate::lobby) fn close(&mut self, nth: u32) {
        self.turn(ConnectionInput::Closed { conn: Conn(nth) }.into());
    }

    /// Has the player's object order sockets to close.
    pub(in crate::lobby) fn force_close(&mut self, nth: u32, close: &ForcedClose) {
        self.turn(Input::ForcedClose { player: player(nth), close: close.clone() });
    }

    /// Sends a command and returns its reply.
    pub(in crate::lobby) fn say(&mut self, nth: u32, command: &Value) -> Value {
        let mut command = command.clone();
        command["id"] = json!("it");
        let text = command.to_string();
        self.turn(ConnectionInput::Text { conn: Conn(nth), text: &text }.into());
        let said = self.said.get(&nth).into_iter().flatten().rev();
        said.into_iter().find(|message| message["id"] == "it").cloned().unwrap_or_default()
    }

    /// Opens the sockets of players, who enter the queue.
    pub(in crate::lobby) fn enter(&mut self, players: &[u32]) {
        for &nth in players {
            self.open(nth);
            let reply = self.say(nth, &json!({ "op": "enter" }));
            assert!(reply["ok"]["ticket"].is_string(), "{reply}");
        }
    }

    /// Makes a party of players, whose first enters the queue with all.
    pub(in crate::lobby) fn enter_party(&mut self, players: &[u32]) {
        for &nth in players {
            self.open(nth);
        }
        let leader = *players.first().unwrap();
        let code = self.say(leader, &json!({ "op": "party" }))["ok"]["party"].clone();
        for &nth in players.iter().skip(1) {
            let reply = self.say(nth, &json!({ "op": "join", "body": { "party": code } }));
            assert!(reply["ok"].is_object(), "{reply}");
        }
        let reply = self.say(leader, &json!({ "op": "enter" }));
        assert!(reply["ok"]["ticket"].is_string(), "{reply}");
    }

    /// Returns the bodies of the events of this name that a player received.
    pub(in crate::lobby) fn events(&self, nth: u32, name: &str) -> Vec<Value> {
        let said = self.said.get(&nth).into_iter().flatten();
        said.filter(|message| message["ev"] == name).map(|message| message["body"].clone()).collect()
    }

    /// Lets time pass, and wakes the lobby at each alarm.
    pub(in crate::lobby) fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.lobby.wake_at().filter(|&at| at <= until) {
            self.now = at.max(self.now);
            self.turn(Input::Woke);
        }
        self.now = until;
    }

    /// Answers a request of the operator's backend, with a lookup of the player where it needs one.
    pub(in crate::lobby) fn serve(&mut self, action: &Value) -> QueueServiceAnswer {
        let mut request = action.clone();
        request["by"] = json!("p_service-test");
        let request: QueueServiceRequest = serde_json::from_value(request).unwrap();
        let (served, effects) = self.lobby.serve(self.now, &request);
        self.follow(effects);
        match served {
            Served::Answer(answer) => answer,
            Served::LookUp(lookup) => {
                let Some(Input::LookedUp { answer, .. }) =
                    self.perform(Effect::LookUp { lookup, player: request.action.player().unwrap().clone() })
                else {
                    unreachable!("a lookup is answered");
                };
                let (answer, effects) =
                    self.lobby.serve_looked_up(self.now, lookup, &request, answer.as_ref());
                self.follow(effects);
                answer
            }
        }
    }

    /// Returns the rows on disk whose key begins with this.
    pub(in crate::lobby) fn rows(&self, kind: &str) -> usize {
        self.disk.keys().filter(|key| key.starts_with(kind)).count()
    }

    /// Applies an input and everything that follows from it.
    fn turn(&mut self, input: Input<'_>) {
        let effects = self.lobby.handle(self.now, input);
        self.follow(effects);
    }

    /// Performs effects and everything that follows from them. Checks that the disk equals the memory.
    fn follow(&mut self, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                if let Some(input) = self.perform(effect) {
                    next.extend(self.lobby.handle(self.now, input));
                }
            }
            effects = next;
        }
        let (mut memory, _) = self.lobby.durable_state();
        if !self.disk.contains_key("tally") {
            memory.remove("tally");
        }
        assert_eq!(memory, self.disk, "the disk differs from the memory");
    }

    fn perform(&mut self, effect: Effect) -> Option<Input<'static>> {
        match effect {
            Effect::Save(save) => {
                for (key, row) in save.rows {
                    match row {
                        Some(row) => self.disk.insert(key, row),
                        None => self.disk.remove(&key),
                    };
                }
            }
            Effect::Send { conn, text } => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                let messages = frame.as_array().cloned().unwrap_or_else(|| vec![frame]);
                self.said.entry(conn.0).or_default().extend(messages);
            }
            Effect::LookUp { lookup, player } => {
                self.lookups.push(player.clone());
                // The region knows no match that ended here: its data are late.
                let profile = json!({
                    "player": player, "name": "", "rating": 1500.0, "banned": false, "ep": 0,
                });
                let profile = serde_json::from_value(profile).unwrap();
                let answer = Some(Entrant { profile, current_match: None, random: lookup });
                return Some(Input::LookedUp { lookup, answer });
            }
            Effect::Call(call) => {
                let answer = self.answer(&call);
                return Some(Input::Answered { call, answer });
            }
            Effect::Attach { .. }
            | Effect::Close { .. }
            | Effect::StoreShard { .. }
            | Effect::Verify { .. } => {}
        }
        None
    }

    fn answer(&mut self, call: &Call) -> Answer {
        match call {
            Call::Player { player, request: PlayerRequest::Reserve { .. } } => {
                self.reservations.push((self.now, player.clone()));
                let until = self.busy.get(player).copied().filter(|&until| until > self.now);
                let room = "m_other".parse().unwrap();
                Answer::Player(match until {
                    Some(until) => PlayerResponse::Busy { room, until: Some(until) },
                    None => PlayerResponse::Granted { current_match: None },
                })
            }
            Call::Player { .. } => Answer::Player(PlayerResponse::Granted { current_match: None }),
            Call::OpenRoom { setup } => {
                assert!(self.rooms.insert(setup.id.clone()), "a second room of one match");
                self.traces.push(setup.trace);
                Answer::Room
            }
            Call::Report { figures } => {
                self.reports.push(figures.figures.clone());
                Answer::Reported
            }
            Call::Audit { entry } => {
                self.audited.push(entry.action.clone());
                Answer::Audited
            }
            Call::Shard { .. } => unreachable!("the pool has one lobby"),
        }
    }
}

/// Returns the id of a player.
pub(in crate::lobby) fn player(nth: u32) -> PlayerId {
    format!("p_{nth}").parse().unwrap()
}
