//! The network between objects: calls and answers, lost, doubled, late, in any order.

use crate::marks::Mark;
use crate::world::World;
use serde_json::Value;
use shared::connection::Conn;
use shared::connection::{ConnectionInput, Identity};
use shared::id::RoomId;
use shared::lobby::{Answer, Call, Entrant, Input};
use shared::player::Player;
use shared::rpc::Setup;
use shared::rpc::record::MatchmakingProfile;
use shared::rpc::shard::ShardRequest;
use shared::rpc::{PlayerRequest, PlayerResponse};
use tests::kit::identity::{number, player};

/// A message in flight.
#[derive(Debug, Clone)]
pub enum Message {
    /// A call of a lobby to a player object, a room or another shard.
    Call { host: usize, instance: u64, call: Call },
    /// The answer to a call.
    Answer { host: usize, instance: u64, call: Call, answer: Answer },
    /// A lookup at the region and at a player object.
    LookUp { host: usize, instance: u64, lookup: u64, who: usize },
    /// The answer to a lookup.
    LookedUp { host: usize, instance: u64, lookup: u64, answer: Option<Entrant> },
    /// A player object is told the shard of its player.
    Move { host: usize, instance: u64, who: usize, shard: u16 },
    /// The outcome of that call.
    Moved { host: usize, instance: u64, who: usize, stored: bool },
    /// A socket that the player object has admitted.
    Opening { host: usize, instance: u64, conn: Conn, who: usize, live: Option<RoomId> },
    /// The report that a socket closed by the lobby is gone.
    Gone { host: usize, instance: u64, conn: Conn, who: usize },
    /// The verdict on the token of an `auth` command.
    Verified { host: usize, instance: u64, conn: Conn, id: Option<Value>, verdict: Result<Identity, String> },
    /// A room releases a player.
    Release { who: usize, room: RoomId },
}

/// An opened room.
#[derive(Debug)]
pub struct Match {
    pub setup: Setup,
    /// The time at which it ended.
    pub over: Option<u64>,
}

impl World {
    /// Calls a player object. It is evicted between any two calls.
    pub fn ask_player(&mut self, who: usize, ask: &PlayerRequest) -> PlayerResponse {
        let row = &self.players[who];
        let mut player: Player = if row.is_empty() {
            Player::default()
        } else {
            serde_json::from_str(row).expect("a player can be read back")
        };
        let (answer, changed) = player.respond(self.time(), ask.clone());
        if changed {
            self.players[who] = serde_json::to_string(&player).expect("a player can be written");
        }
        self.trace(|| format!("p_{who} {ask:?} -> {answer:?}"));
        answer
    }

    /// Returns the current match of a player, by the player object.
    pub fn current_match(&mut self, who: usize) -> Option<RoomId> {
        match self.ask_player(who, &PlayerRequest::CurrentMatch) {
            PlayerResponse::Granted { current_match: live } => live,
            other => panic!("{other:?} is no answer"),
        }
    }

    /// Delivers one message.
    pub fn deliver(&mut self) {
        let Some(message) = self.in_flight.pop(&mut self.chance) else {
            return;
        };
        let repeated = matches!(message, Message::Call { .. } | Message::Answer { .. });
        if repeated && self.chance.percent(self.weather.faults.lost) {
            self.marks.insert(Mark::CallLost);
            return;
        }
        if (repeated || matches!(message, Message::Release { .. }))
            && self.chance.percent(self.weather.doubled)
        {
            self.marks.insert(match message {
                Message::Call { .. } => Mark::CallDoubled,
                _ => Mark::AnsweredTwice,
            });
            self.in_flight.push(message.clone());
        }
        self.arrive(message);
    }

    fn arrive(&mut self, message: Message) {
        match message {
            Message::Call { host, instance, call } => {
                if let Some(answer) = self.answer_to(host, &call) {
                    self.in_flight.push(Message::Answer { host, instance, call, answer });
                }
            }
            Message::Answer { host, instance, call, answer } => {
                if self.hosts[host].instance == instance {
                    self.turn(host, &Input::Answered { call, answer });
                }
            }
            Message::Move { host, instance, who, shard } => {
                let stored = !self.chance.percent(self.weather.silent);
                if stored {
                    let pool = self.hosts[host].name.clone();
                    let part = Some(shard);
                    self.ask_player(who, &PlayerRequest::HomeShard { pool, shard: part });
                }
                self.in_flight.push(Message::Moved { host, instance, who, stored });
            }
            Message::Moved { host, instance, who, stored } => {
                if self.hosts[host].instance == instance {
                    let player = player(who);
                    self.turn(host, &Input::ShardStored { player, stored });
                }
            }
            Message::LookUp { host, instance, lookup, who } => {
                let answer = self.known(host, who);
                self.in_flight.push(Message::LookedUp { host, instance, lookup, answer });
            }
            Message::LookedUp { host, instance, lookup, answer } => {
                if self.hosts[host].instance == instance {
                    self.turn(host, &Input::LookedUp { lookup, answer });
                }
            }
            Message::Verified { host, instance, conn, id, verdict } => {
                if self.hosts[host].instance == instance {
                    self.turn(host, &ConnectionInput::Renewed { conn, id, verdict }.into());
                }
            }
            Message::Opening { host, instance, conn, who, live } => {
                if self.hosts[host].instance == instance {
                    self.opened(host, conn, who, live);
                }
            }
            Message::Gone { host, instance, conn, who } => {
                if self.hosts[host].instance == instance {
                    self.turn(host, &ConnectionInput::Closed { conn }.into());
                }
                self.release(host, conn, who);
            }
            Message::Release { who, room } => drop(self.ask_player(who, &PlayerRequest::Free { room })),
        }
    }

    /// Returns the answer of another object, or none if the callee crashed.
    fn answer_to(&mut self, host: usize, call: &Call) -> Option<Answer> {
        match call {
            Call::Player { player, request } => {
                let answer = self.ask_player(number(player), request);
                if matches!(answer, PlayerResponse::Busy { .. }) {
                    self.marks.insert(Mark::BusyElsewhere);
                }
                Some(Answer::Player(answer))
            }
            Call::OpenRoom { setup } => {
                self.open_room((**setup).clone());
                Some(Answer::Room)
            }
            Call::Report { figures } => {
                self.oracle.store_figures((**figures).clone());
                Some(Answer::Reported)
            }
            Call::Audit { entry } => {
                self.oracle.audited.insert(entry.id.clone());
                Some(Answer::Audited)
            }
            Call::Shard { shard, request } => {
                self.marks.insert(match request {
                    ShardRequest::Escalate { .. } => Mark::Escalated,
                    ShardRequest::Withdraw { .. } => Mark::Withdrawn,
                    ShardRequest::Reply { .. } => Mark::AnswerForwarded,
                    ShardRequest::Hold { .. } => Mark::Held,
                    ShardRequest::Propose { .. } => Mark::OfferedByParent,
                    ShardRequest::Cancel { .. } => Mark::DroppedByParent,
                    ShardRequest::Matched { .. } => Mark::MatchedByParent,
                });
                let target = self.host_of(&self.hosts[host].name.clone(), *shard)?;
                self.asked(target, request).map(Answer::Shard)
            }
        }
    }

    pub fn known(&mut self, host: usize, who: usize) -> Option<Entrant> {
        if self.chance.percent(self.weather.silent) {
            self.marks.insert(Mark::RegionSilent);
            return None;
        }
        let queue = self.hosts[host].name.clone();
        let recent = self.recent_of(&queue, who);
        let person = &self.people[who];
        let profile = MatchmakingProfile {
            player: player(who),
            name: format!("Player {who}"),
            rating: person.rating,
            deviation: person.deviation,
            banned: person.banned,
            ep: 0,
            attrs: serde_json::Map::new(),
            blocked: person.blocked.iter().map(|&it| player(it)).collect(),
            recent,
        };
        Some(Entrant { profile, current_match: self.current_match(who), random: self.chance.draw() })
    }

    fn open_room(&mut self, setup: Setup) {
        if let Some(made) = self.rooms.get(&setup.id) {
            assert_eq!(made.setup, setup, "a match has two rooms");
            self.marks.insert(Mark::OpenedTwice);
            return;
        }
        self.check_open(&setup);
        self.marks.insert(Mark::Opened);
        self.rooms.insert(setup.id.clone(), Match { setup, over: None });
    }

    /// Ends a room.
    pub fn end_a_room(&mut self) {
        let open: Vec<RoomId> =
            self.rooms.iter().filter(|(_, made)| made.over.is_none()).map(|(room, _)| room.clone()).collect();
        if let Some(nth) = open.len().checked_sub(1) {
            let nth = self.chance.below(nth + 1);
            self.finish(&open[nth]);
        }
    }

    /// Ends a room, which releases its players.
    pub fn finish(&mut self, room: &RoomId) {
        self.trace(|| format!("{room} ended"));
        let made = self.rooms.get_mut(room).expect("an open room");
        made.over = Some(self.now);
        for who in seats(&made.setup) {
            self.in_flight.push(Message::Release { who, room: room.clone() });
            if self.people[who].room.as_ref() == Some(room) {
                self.people[who].room = None;
            }
        }
    }
}

/// Returns the players of the seats.
pub fn seats(setup: &Setup) -> Vec<usize> {
    let players = setup.seats.iter().filter_map(|seat| seat.player.as_ref());
    players.map(number).collect()
}
