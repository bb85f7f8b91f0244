//! How a match is made: reserve, commit, open, tell. Each step may be repeated; none may be half.

use super::plan::plan;
use super::queue::matched;
use super::ticket::{State, Ticket};
use super::{Call, Effect, Lobby, Making, Step};
use crate::call::CallId;
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::internal::{PlayerAnswer, PlayerAsk};
use crate::protocol::{Close, event};
use crate::room::Setup;
use crate::room::seat::Seat;
use crate::time::{self, Time};
use serde_json::json;
use std::collections::BTreeSet;

impl Lobby {
    pub(super) fn make_matches(&mut self, now: Time) {
        let plan = plan(now, self.tickets.values(), &self.pool);
        self.ripe = plan.wake;
        for pair in plan.matches {
            self.make(now, &pair);
        }
    }

    fn make(&mut self, now: Time, pair: &[TicketId]) {
        self.saved.generation += 1;
        let generation = self.saved.generation.to_string();
        let mut parts = vec![self.name.as_str(), &generation];
        parts.extend(pair.iter().map(TicketId::as_str));
        let room = RoomId::derive(&parts);
        let making = Making {
            room: room.clone(),
            tickets: pair.to_vec(),
            step: Step::Reserving,
            agreed: BTreeSet::new(),
            until: now + caps::RESERVATION,
        };
        for id in pair {
            self.set_state(id, State::Held(room.clone()));
        }
        self.ask_all(now, &making, &PlayerAsk::Reserve { room: room.clone() });
        self.saved.making.insert(room, making);
        self.turn.saved = true;
    }

    fn ask_all(&mut self, now: Time, making: &Making, ask: &PlayerAsk) {
        for player in self.players(making) {
            self.saved.calls.add(
                now,
                Call::Player {
                    player,
                    ask: ask.clone(),
                },
            );
        }
    }

    fn players(&self, making: &Making) -> Vec<PlayerId> {
        making
            .tickets
            .iter()
            .filter_map(|id| self.tickets.get(id))
            .map(|ticket| ticket.player.clone())
            .collect()
    }

    pub(super) fn answered(&mut self, now: Time, call: CallId, answer: PlayerAnswer) {
        let Some(Call::Player { player, ask }) = self.saved.calls.get(call).cloned() else {
            return;
        };
        self.saved.calls.confirm(call);
        self.turn.saved = true;
        let (room, step) = match ask {
            PlayerAsk::Reserve { room } => (room, Step::Reserving),
            PlayerAsk::Commit { room, .. } => (room, Step::Committing),
            PlayerAsk::Claim { .. }
            | PlayerAsk::Correct { .. }
            | PlayerAsk::Release { .. }
            | PlayerAsk::Free { .. }
            | PlayerAsk::Live => return,
        };
        let current = self
            .saved
            .making
            .get(&room)
            .is_some_and(|making| making.step == step);
        if !current {
            return;
        }
        match answer {
            PlayerAnswer::Granted { .. } => self.agreed(now, &room, player),
            PlayerAnswer::Busy { room: other } => {
                self.call_off(now, &room, Some((&player, &other)));
            }
            PlayerAnswer::Full { .. } => self.call_off(now, &room, None),
        }
    }

    fn agreed(&mut self, now: Time, room: &RoomId, player: PlayerId) {
        let Some(making) = self.saved.making.get_mut(room) else {
            return;
        };
        making.agreed.insert(player);
        if making.agreed.len() < making.tickets.len() {
            return;
        }
        making.agreed.clear();
        making.step = match making.step {
            Step::Reserving => Step::Committing,
            Step::Committing | Step::Opening => Step::Opening,
        };
        let making = making.clone();
        if making.step == Step::Committing {
            let ask = PlayerAsk::Commit {
                room: room.clone(),
                lobby: self.name.clone(),
            };
            self.ask_all(now, &making, &ask);
            return;
        }
        let seats = making.tickets.iter().filter_map(|id| self.tickets.get(id));
        let setup = Setup {
            id: room.clone(),
            pool: Some(self.pool_name.clone()),
            owner: None,
            seats: seats
                .map(|ticket| Seat::of(ticket.player.clone(), ticket.name.clone()))
                .collect(),
            rules: self.pool.room,
        };
        self.saved.calls.add(
            now,
            Call::Open {
                setup: Box::new(setup),
            },
        );
    }

    /// The room is there: tell both, and let go of their tickets.
    pub(super) fn opening(&mut self, now: Time, call: CallId) {
        let Some(Call::Open { setup }) = self.saved.calls.get(call).cloned() else {
            return;
        };
        self.saved.calls.confirm(call);
        self.turn.saved = true;
        let Some(making) = self.saved.making.remove(&setup.id) else {
            return;
        };
        let players = self.players(&making);
        for id in &making.tickets {
            let Some(ticket) = self.remove(id) else {
                continue;
            };
            self.saved.waits.push(time::ms(now.since(ticket.since)));
            let with: Vec<PlayerId> = players
                .iter()
                .filter(|&player| *player != ticket.player)
                .cloned()
                .collect();
            self.tell_player(&ticket.player, &matched(&making.room, &with));
            for conn in self.holds(&ticket.player) {
                self.drop_socket(conn, Close::Bye);
            }
        }
        let over = self.saved.waits.len().saturating_sub(caps::WAITS);
        self.saved.waits.drain(..over);
    }

    /// Somebody cannot come: the others are free again and keep their place.
    fn call_off(&mut self, now: Time, room: &RoomId, absent: Option<(&PlayerId, &RoomId)>) {
        let Some(making) = self.saved.making.remove(room) else {
            return;
        };
        self.ask_all(now, &making, &PlayerAsk::Free { room: room.clone() });
        for id in &making.tickets {
            let Some(ticket) = self.tickets.get(id).cloned() else {
                continue;
            };
            match absent {
                Some((player, other)) if ticket.player == *player => {
                    self.already_in(&ticket, other);
                }
                Some(_) | None => self.put_back(now, &ticket),
            }
        }
        self.turn.plan = true;
        self.turn.saved = true;
    }

    fn already_in(&mut self, ticket: &Ticket, room: &RoomId) {
        self.remove(&ticket.id);
        let body = json!({ "ticket": ticket.id, "reason": "in_match", "room": room });
        self.tell_player(
            &ticket.player,
            &event::fleeting("expired", None, Some(&body)),
        );
    }

    fn put_back(&mut self, now: Time, ticket: &Ticket) {
        let here = !self.holds(&ticket.player).is_empty();
        self.set_state(
            &ticket.id,
            if here {
                State::Waiting
            } else {
                State::Paused(now)
            },
        );
        let body =
            json!({ "ticket": ticket.id, "since": ticket.since, "reason": "partner_unavailable" });
        self.tell_player(
            &ticket.player,
            &event::fleeting("returned", None, Some(&body)),
        );
    }

    /// Reservations that did not come together in the time that they hold.
    pub(super) fn give_up_slow(&mut self, now: Time) {
        let late = |making: &&Making| making.step == Step::Reserving && making.until <= now;
        let rooms: Vec<RoomId> = self
            .saved
            .making
            .values()
            .filter(late)
            .map(|making| making.room.clone())
            .collect();
        for room in rooms {
            self.call_off(now, &room, None);
        }
    }

    /// Somebody waits for what may have been said before a restart.
    pub(super) fn effects_of_restart(&mut self, now: Time) -> Vec<Effect> {
        let alone: Vec<TicketId> = self
            .tickets
            .values()
            .filter(|ticket| {
                ticket.state == State::Waiting && self.holds(&ticket.player).is_empty()
            })
            .map(|ticket| ticket.id.clone())
            .collect();
        for id in alone {
            self.set_state(&id, State::Paused(now));
        }
        self.turn.plan = true;
        self.finish(now)
    }
}
