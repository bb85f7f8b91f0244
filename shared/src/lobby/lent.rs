//! The top of a divided queue: it has no sockets, only tickets that its parts took here.

use super::Lobby;
use super::making::Step;
use super::parts::{LobbyAnswer, LobbyAsk, Out};
use super::ticket::{State, Ticket};
use crate::id::TicketId;
use crate::time::Time;
use std::collections::BTreeMap;

impl Lobby {
    /// A part says something about a ticket of its own.
    pub(super) fn asked_by_part(&mut self, now: Time, ask: LobbyAsk) -> LobbyAnswer {
        match ask {
            LobbyAsk::Climb { ticket } => self.taken_up(now, *ticket),
            LobbyAsk::Withdraw { ticket, climbs } => self.withdrawn(now, &ticket, climbs),
            LobbyAsk::Said { room, player, yes } => {
                self.answer(now, &room, &player, yes);
                LobbyAnswer::Done
            }
            LobbyAsk::Hold { .. }
            | LobbyAsk::Offer { .. }
            | LobbyAsk::Drop { .. }
            | LobbyAsk::Matched { .. } => LobbyAnswer::Gone,
        }
    }

    fn taken_up(&mut self, now: Time, ticket: Ticket) -> LobbyAnswer {
        // What is left of an earlier ticket of theirs has to go first.
        for player in ticket.players() {
            let other = self.book.of(player).filter(|it| it.id != ticket.id);
            let Some(other) = other.cloned() else {
                continue;
            };
            if other.state != State::Waiting {
                return LobbyAnswer::Busy;
            }
            self.remove(now, &other.id);
        }
        let before = self.book.get(&ticket.id);
        // A later climb of the same ticket, or the same said twice.
        if before.is_some_and(|it| !it.is_free() || it.climbs >= ticket.climbs) {
            return LobbyAnswer::Done;
        }
        let state = match before.map(|it| it.state.clone()) {
            Some(State::Freeing(room)) => State::Freeing(room),
            _ => State::Waiting,
        };
        self.put(now, Ticket { state, ..ticket });
        LobbyAnswer::Done
    }

    fn withdrawn(&mut self, now: Time, id: &TicketId, climbs: u32) -> LobbyAnswer {
        let Some(ticket) = self.book.get(id).filter(|it| it.climbs <= climbs).cloned() else {
            return LobbyAnswer::Done;
        };
        match &ticket.state {
            State::Held(room) => {
                let making = self.making.get(room).filter(|it| it.step == Step::Lending);
                if let Some(making) = making.cloned() {
                    let out = BTreeMap::from([(id.clone(), Out::default())]);
                    self.call_off(now, making, super::ending::UNAVAILABLE, out);
                }
            }
            State::Waiting | State::Paused(_) => drop(self.remove(now, id)),
            // Its match came to nothing, and is being undone: it goes with it.
            State::Freeing(room) => {
                if let Some(mut making) = self.making.get(room).cloned() {
                    if let Some((_, out)) = making.drops.get_mut(id) {
                        out.get_or_insert_default();
                    }
                    self.put_making(making);
                }
            }
            State::Lent(_) => {}
        }
        LobbyAnswer::Done
    }
}
