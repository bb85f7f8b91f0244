//! What other objects answer while a match is made, and what follows from it.

use super::ending::UNAVAILABLE;
use super::making::Step;
use super::parts::{LobbyAnswer, LobbyAsk, Out};
use super::ticket::Ticket;
use super::{Answer, Call, Lobby};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::internal::{PlayerAnswer, PlayerAsk};
use crate::time::{self, Time};
use std::collections::BTreeMap;
use std::time::Duration;

impl Lobby {
    pub(super) fn answered(&mut self, now: Time, call: &Call, answer: Answer) {
        match (call, answer) {
            (Call::Player { player, ask }, Answer::Player(answer)) => {
                self.player_answered(now, player, ask, answer);
            }
            (Call::Open { setup }, Answer::Room) => self.opened_room(now, &setup.id),
            (Call::Lobby { ask, .. }, Answer::Lobby(answer)) => {
                self.part_answered(now, ask, answer);
            }
            // No object answers what was asked of another.
            (_, Answer::Player(_) | Answer::Room | Answer::Lobby(_)) => {}
        }
    }

    fn player_answered(&mut self, now: Time, player: &PlayerId, ask: &PlayerAsk, answer: PlayerAnswer) {
        let (room, step) = match ask {
            PlayerAsk::Reserve { room } => (room, Step::Reserving),
            PlayerAsk::Commit { room, .. } => (room, Step::Committing),
            PlayerAsk::Free { room } => return self.freed(now, room, player),
            _ => return,
        };
        let making = self.making.get(room).filter(|making| making.step == step);
        let Some(mut making) = making.filter(|it| it.players.contains(player)).cloned() else {
            return;
        };
        let ticket = self.book.of(player).map(|ticket| ticket.id.clone());
        match answer {
            PlayerAnswer::Busy { room: other, until: None } => {
                let out = Out { by: Vec::new(), live: Some(other) };
                let out = ticket.map(|id| (id, out)).into_iter().collect();
                self.call_off(now, making, UNAVAILABLE, out);
            }
            PlayerAnswer::Busy { until: Some(_), .. } | PlayerAnswer::Full { .. } => {
                let room = making.room.clone();
                self.call_off(now, making, UNAVAILABLE, BTreeMap::new());
                self.rest(now, ticket.as_ref(), &room);
            }
            PlayerAnswer::Granted { .. } => {
                making.agreed.insert(player.clone());
                self.advance(now, making);
            }
            PlayerAnswer::Home { .. } => {}
            PlayerAnswer::Barred { .. } => {
                let out = ticket.map(|id| (id, Out::default())).into_iter().collect();
                self.call_off(now, making, UNAVAILABLE, out);
            }
        }
    }

    /// A ticket is not looked at for a while: another lobby wanted its people at the same time.
    pub(super) fn rest(&mut self, now: Time, id: Option<&TicketId>, room: &RoomId) {
        let ticket = id.and_then(|id| self.book.get(id)).cloned();
        if let Some(ticket) = ticket {
            let rest = Some(now + part_of_rest(room));
            self.put(now, Ticket { rest, ..ticket });
        }
    }

    fn part_answered(&mut self, now: Time, ask: &LobbyAsk, answer: LobbyAnswer) {
        let (ticket, room, step) = match ask {
            LobbyAsk::Hold { ticket, room } => (ticket, room, Step::Lending),
            LobbyAsk::Offer { ticket, room, .. } => (ticket, room, Step::Proposing),
            LobbyAsk::Drop { ticket, room, .. } => (ticket, room, Step::Freeing),
            LobbyAsk::Matched { ticket, room, .. } => (ticket, room, Step::Telling),
            LobbyAsk::Climb { .. } | LobbyAsk::Withdraw { .. } | LobbyAsk::Said { .. } => {
                return self.top_answered(now, ask, answer);
            }
        };
        let making = self.making.get(room).filter(|making| making.step == step);
        let Some(mut making) = making.cloned() else {
            return;
        };
        match (step, answer) {
            (Step::Lending | Step::Proposing, LobbyAnswer::Gone) => {
                let out = BTreeMap::from([(ticket.clone(), Out::default())]);
                self.call_off(now, making, UNAVAILABLE, out);
            }
            (Step::Lending | Step::Proposing, LobbyAnswer::Busy) => {
                self.call_off(now, making, UNAVAILABLE, BTreeMap::new());
                self.rest(now, Some(ticket), room);
            }
            (_, LobbyAnswer::Done | LobbyAnswer::Busy | LobbyAnswer::Gone) => {
                making.told.insert(ticket.clone());
                if step == Step::Freeing {
                    self.put_making(making.clone());
                    self.release(now, ticket, &making);
                }
                self.advance(now, making);
            }
        }
    }
}

/// A part of `caps::REST` that two lobbies hardly share.
fn part_of_rest(room: &RoomId) -> Duration {
    let most = time::ms(caps::REST);
    let mixed = crate::mix::fnv(room.as_str().as_bytes());
    Duration::from_millis(most / 8 + mixed % (most - most / 8))
}
