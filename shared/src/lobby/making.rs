//! How a match is made: reserve, commit, open, tell. Each step may be repeated; none may be half.

use super::plan::plan;
use super::queue::matched;
use super::ticket::State;
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
use std::time::Duration;

/// Why most matches come to nothing.
const UNAVAILABLE: &str = "partner_unavailable";

impl Lobby {
    pub(super) fn make_matches(&mut self, now: Time) {
        let plan = plan(now, self.tickets.values(), &self.pool, &self.saved.met);
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

    pub(super) fn players(&self, making: &Making) -> Vec<PlayerId> {
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
        if let PlayerAsk::Free { room } = &ask {
            return self.freed(now, room, &player);
        }
        let current = step_of(&ask).filter(|(room, step)| self.is_at(room, *step));
        let Some((room, _)) = current else {
            return;
        };
        let ticket = self.ticket_of(&player).map(|ticket| ticket.id.clone());
        match answer {
            PlayerAnswer::Granted { .. } => self.agreed(now, &room, player),
            PlayerAnswer::Barred { .. } => {
                self.call_off(now, &room, UNAVAILABLE, ticket.as_slice());
            }
            PlayerAnswer::Busy {
                room: other,
                until: None,
            } => {
                self.call_off(now, &room, UNAVAILABLE, ticket.as_slice());
                if let Some(id) = ticket {
                    self.in_match(&id, &player, &other);
                }
            }
            PlayerAnswer::Busy { until: Some(_), .. } | PlayerAnswer::Full { .. } => {
                self.call_off(now, &room, UNAVAILABLE, &[]);
                if let Some(ticket) = ticket.and_then(|id| self.tickets.get_mut(&id)) {
                    ticket.rest = Some(now + rest(&room));
                }
            }
        }
    }

    fn is_at(&self, room: &RoomId, step: Step) -> bool {
        let making = self.saved.making.get(room);
        making.is_some_and(|making| making.step == step)
    }

    /// Whether nobody is committed to that match yet.
    pub(super) fn is_open(&self, room: &RoomId) -> bool {
        self.is_at(room, Step::Reserving)
    }

    /// The calls to make now. What a match asked at a step that it has left is not asked again.
    pub(super) fn due_calls(&mut self, now: Time) -> Vec<(CallId, Call)> {
        let mut due = self.saved.calls.take_due_within(now, caps::RETRY_WAITED);
        due.retain(|(id, call)| {
            let step = match call {
                Call::Player { ask, .. } => step_of(ask),
                Call::Open { .. } => None,
            };
            let wanted = step.is_none_or(|(room, step)| self.is_at(&room, step));
            if !wanted {
                self.saved.calls.confirm(*id);
                self.turn.saved = true;
            }
            wanted
        });
        due
    }

    pub(super) fn agreed(&mut self, now: Time, room: &RoomId, player: PlayerId) {
        let Some(making) = self.saved.making.get_mut(room) else {
            return;
        };
        making.agreed.insert(player);
        if making.agreed.len() < making.tickets.len() {
            return;
        }
        making.agreed.clear();
        making.step = match making.step {
            Step::Reserving if self.pool.propose_s.is_some() => Step::Proposing,
            Step::Reserving | Step::Proposing => Step::Committing,
            Step::Committing | Step::Opening => Step::Opening,
        };
        if making.step == Step::Proposing {
            let secs = self.pool.propose_s.unwrap_or_default();
            making.until = now + Duration::from_secs(secs.into());
        }
        let making = making.clone();
        if making.step == Step::Proposing {
            return self.propose(&making);
        }
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
        if let (Some(secs), [a, b]) = (self.pool.no_rematch_s, players.as_slice()) {
            let until = now + Duration::from_secs(secs.into());
            self.saved.met.add(now, a, b, until);
        }
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

    /// A match comes to nothing: `gone` is out of the queue, the others keep their place in it. They can be matched
    /// again once their own objects have let go of them.
    pub(super) fn call_off(&mut self, now: Time, room: &RoomId, reason: &str, gone: &[TicketId]) {
        let Some(making) = self.saved.making.remove(room) else {
            return;
        };
        self.turn.saved = true;
        self.ask_all(now, &making, &PlayerAsk::Free { room: room.clone() });
        for id in &making.tickets {
            if gone.contains(id) {
                self.remove(id);
                continue;
            }
            self.set_state(id, State::Freeing(room.clone()));
            let Some(ticket) = self.tickets.get(id).cloned() else {
                continue;
            };
            let body = json!({ "ticket": ticket.id, "since": ticket.since, "reason": reason });
            self.tell_player(
                &ticket.player,
                &event::fleeting("returned", None, Some(&body)),
            );
        }
    }

    /// A player's object has let go of a match that came to nothing.
    fn freed(&mut self, now: Time, room: &RoomId, player: &PlayerId) {
        let Some(ticket) = self.ticket_of(player) else {
            return;
        };
        if ticket.state != State::Freeing(room.clone()) {
            return;
        }
        let (id, here) = (ticket.id.clone(), !self.holds(player).is_empty());
        let state = if here {
            State::Waiting
        } else {
            State::Paused(now)
        };
        self.set_state(&id, state);
        self.turn.plan = true;
    }

    /// Who is in a match waits no more.
    pub(super) fn already_in(&mut self, id: &TicketId, room: &RoomId) {
        if let Some(ticket) = self.remove(id) {
            self.in_match(id, &ticket.player, room);
        }
    }

    fn in_match(&mut self, id: &TicketId, player: &PlayerId, room: &RoomId) {
        let body = json!({ "ticket": id, "reason": "in_match", "room": room });
        self.tell_player(player, &event::fleeting("expired", None, Some(&body)));
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
            self.call_off(now, &room, UNAVAILABLE, &[]);
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

/// Which match a question is for, and at which of its steps it is asked.
fn step_of(ask: &PlayerAsk) -> Option<(RoomId, Step)> {
    match ask {
        PlayerAsk::Reserve { room } => Some((room.clone(), Step::Reserving)),
        PlayerAsk::Commit { room, .. } => Some((room.clone(), Step::Committing)),
        PlayerAsk::Claim { .. }
        | PlayerAsk::Correct { .. }
        | PlayerAsk::Release { .. }
        | PlayerAsk::Free { .. }
        | PlayerAsk::Live => None,
    }
}

/// A part of `caps::REST` that two lobbies hardly share.
fn rest(room: &RoomId) -> Duration {
    let mixed = room.as_str().bytes().fold(0_u64, |mixed, byte| {
        mixed.wrapping_mul(31).wrapping_add(byte.into())
    });
    let most = time::ms(caps::REST);
    Duration::from_millis(most / 8 + mixed % (most - most / 8))
}
