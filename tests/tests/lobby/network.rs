//! What is between the objects: questions and answers, lost, doubled, late, in any order.

use crate::marks::Mark;
use crate::world::{World, number, player};
use shared::id::RoomId;
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::lobby::parts::LobbyAsk;
use shared::lobby::{Answer, Call, Input, Known};
use shared::player::Player;
use shared::record::Standing;
use shared::room::Setup;
use shared::socket::Conn;

/// Something on its way.
#[derive(Debug, Clone)]
pub enum Flight {
    /// A lobby's question, to a player's object, a room or another part of its queue.
    Out { lane: usize, life: u64, call: Call },
    /// Its answer.
    Back { lane: usize, life: u64, call: Call, answer: Answer },
    /// A question to the region and to a player's object.
    Look { lane: usize, life: u64, look: u64, who: usize },
    /// Their answer.
    Known { lane: usize, life: u64, look: u64, answer: Option<Known> },
    /// A word to a player's object about where they are.
    Move { lane: usize, life: u64, who: usize, part: u16 },
    /// Whether it came.
    Moved { lane: usize, life: u64, who: usize, done: bool },
    /// A socket that the player's object has admitted.
    Opening { lane: usize, life: u64, conn: Conn, who: usize, live: Option<RoomId> },
    /// A socket that the lobby closed is reported.
    Gone { lane: usize, life: u64, conn: Conn, who: usize },
    /// A room lets somebody go.
    Free { who: usize, room: RoomId },
}

/// A room that was opened.
#[derive(Debug)]
pub struct Match {
    pub setup: Setup,
    /// Since when it is over.
    pub over: Option<u64>,
}

impl World {
    /// A player's object answers. It leaves memory between any two questions.
    pub fn ask(&mut self, who: usize, ask: &PlayerAsk) -> PlayerAnswer {
        let row = &self.players[who];
        let mut player: Player = if row.is_empty() {
            Player::default()
        } else {
            serde_json::from_str(row).expect("a player can be read back")
        };
        let (answer, changed) = player.answer(self.time(), ask.clone());
        if changed {
            self.players[who] = serde_json::to_string(&player).expect("a player can be written");
        }
        self.trace(|| format!("p_{who} {ask:?} -> {answer:?}"));
        answer
    }

    /// The match that somebody is in, by their own object.
    pub fn live(&mut self, who: usize) -> Option<RoomId> {
        match self.ask(who, &PlayerAsk::Live) {
            PlayerAnswer::Granted { live } => live,
            other => panic!("{other:?} is no answer"),
        }
    }

    /// Something arrives.
    pub fn fly(&mut self) {
        if self.flights.is_empty() {
            return;
        }
        let nth = self.chance.below(self.flights.len());
        let flight = self.flights.swap_remove(nth);
        let repeated = matches!(flight, Flight::Out { .. } | Flight::Back { .. });
        if repeated && self.chance.percent(self.rough.lost) {
            self.marks.insert(Mark::CallLost);
            return;
        }
        if (repeated || matches!(flight, Flight::Free { .. })) && self.chance.percent(self.rough.doubled) {
            self.marks.insert(match flight {
                Flight::Out { .. } => Mark::CallDoubled,
                _ => Mark::AnsweredTwice,
            });
            self.flights.push(flight.clone());
        }
        self.arrive(flight);
    }

    fn arrive(&mut self, flight: Flight) {
        match flight {
            Flight::Out { lane, life, call } => {
                if let Some(answer) = self.answer_to(lane, &call) {
                    self.flights.push(Flight::Back { lane, life, call, answer });
                }
            }
            Flight::Back { lane, life, call, answer } => {
                if self.lanes[lane].life == life {
                    self.turn(lane, &Input::Answered { call, answer });
                }
            }
            Flight::Move { lane, life, who, part } => {
                let done = !self.chance.percent(self.rough.silent);
                if done {
                    let pool = self.lanes[lane].name.clone();
                    let part = Some(part);
                    self.ask(who, &PlayerAsk::Home { pool, part });
                }
                self.flights.push(Flight::Moved { lane, life, who, done });
            }
            Flight::Moved { lane, life, who, done } => {
                if self.lanes[lane].life == life {
                    let player = player(who);
                    self.turn(lane, &Input::Moved { player, done });
                }
            }
            Flight::Look { lane, life, look, who } => {
                let answer = self.known(lane, who);
                self.flights.push(Flight::Known { lane, life, look, answer });
            }
            Flight::Known { lane, life, look, answer } => {
                if self.lanes[lane].life == life {
                    self.turn(lane, &Input::Known { look, answer });
                }
            }
            Flight::Opening { lane, life, conn, who, live } => {
                if self.lanes[lane].life == life {
                    self.opened(lane, conn, who, live);
                }
            }
            Flight::Gone { lane, life, conn, who } => {
                if self.lanes[lane].life == life {
                    self.turn(lane, &Input::Closed { conn });
                }
                self.release(lane, conn, who);
            }
            Flight::Free { who, room } => drop(self.ask(who, &PlayerAsk::Free { room })),
        }
    }

    /// What another object says; none, it was lost on the way.
    fn answer_to(&mut self, lane: usize, call: &Call) -> Option<Answer> {
        match call {
            Call::Player { player, ask } => {
                let answer = self.ask(number(player), ask);
                if matches!(answer, PlayerAnswer::Busy { .. }) {
                    self.marks.insert(Mark::BusyElsewhere);
                }
                Some(Answer::Player(answer))
            }
            Call::Open { setup } => {
                self.open_room((**setup).clone());
                Some(Answer::Room)
            }
            Call::Lobby { shard, ask } => {
                self.marks.insert(match ask {
                    LobbyAsk::Climb { .. } => Mark::Climbed,
                    LobbyAsk::Withdraw { .. } => Mark::Withdrawn,
                    LobbyAsk::Said { .. } => Mark::SaidAbove,
                    LobbyAsk::Hold { .. } => Mark::Held,
                    LobbyAsk::Offer { .. } => Mark::OfferedAbove,
                    LobbyAsk::Drop { .. } => Mark::DroppedAbove,
                    LobbyAsk::Matched { .. } => Mark::MatchedAbove,
                });
                let target = self.lane_of(&self.lanes[lane].name.clone(), *shard)?;
                self.asked(target, ask).map(Answer::Lobby)
            }
        }
    }

    fn known(&mut self, lane: usize, who: usize) -> Option<Known> {
        if self.chance.percent(self.rough.silent) {
            self.marks.insert(Mark::RegionSilent);
            return None;
        }
        let queue = self.lanes[lane].name.clone();
        let recent = self.recent_of(&queue, who);
        let person = &self.people[who];
        let standing = Standing {
            player: player(who),
            name: format!("Player {who}"),
            rating: person.rating,
            deviation: 0.0,
            banned: person.banned,
            ep: 0,
            attrs: serde_json::Map::new(),
            apart: person.apart.iter().map(|&it| player(it)).collect(),
            recent,
        };
        Some(Known { standing, live: self.live(who), chance: self.chance.draw() })
    }

    fn open_room(&mut self, setup: Setup) {
        if let Some(made) = self.rooms.get(&setup.id) {
            assert_eq!(made.setup, setup, "one match, two rooms");
            self.marks.insert(Mark::OpenedTwice);
            return;
        }
        self.check_open(&setup);
        self.marks.insert(Mark::Opened);
        self.rooms.insert(setup.id.clone(), Match { setup, over: None });
    }

    /// Somebody's room is over: it frees its people.
    pub fn somebody_is_done(&mut self) {
        let open: Vec<RoomId> =
            self.rooms.iter().filter(|(_, made)| made.over.is_none()).map(|(room, _)| room.clone()).collect();
        if let Some(nth) = open.len().checked_sub(1) {
            let nth = self.chance.below(nth + 1);
            self.finish(&open[nth]);
        }
    }

    pub fn finish(&mut self, room: &RoomId) {
        self.trace(|| format!("{room} is over"));
        let made = self.rooms.get_mut(room).expect("an open room");
        made.over = Some(self.now);
        for who in seats(&made.setup) {
            self.flights.push(Flight::Free { who, room: room.clone() });
            if self.people[who].room.as_ref() == Some(room) {
                self.people[who].room = None;
            }
        }
    }
}

/// Whose the seats are.
pub fn seats(setup: &Setup) -> Vec<usize> {
    let players = setup.seats.iter().filter_map(|seat| seat.player.as_ref());
    players.map(number).collect()
}
