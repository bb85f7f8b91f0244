//! The parent of a divided queue: it has no sockets, only tickets that its child shards sent.

use crate::id::{RoomId, TicketId};
use crate::lobby::Lobby;
use crate::lobby::formation::saga::Step;
use crate::lobby::tickets::ticket::{State, Ticket};
use crate::rpc::shard::{Removal, ShardRequest, ShardResponse};
use crate::time::Time;
use std::collections::BTreeMap;

impl Lobby {
    /// Answers a request of a child shard about one of its tickets.
    pub(in crate::lobby) fn handle_shard_request(
        &mut self,
        now: Time,
        request: ShardRequest,
    ) -> ShardResponse {
        match request {
            ShardRequest::Escalate { ticket } => self.ticket_escalated(now, *ticket),
            ShardRequest::Withdraw { ticket, escalation_count } => {
                self.ticket_withdrawn(now, &ticket, escalation_count)
            }
            ShardRequest::Reply { room, player, accepted } => {
                self.answer(now, &room, &player, accepted);
                ShardResponse::Done
            }
            ShardRequest::Hold { .. }
            | ShardRequest::Propose { .. }
            | ShardRequest::Cancel { .. }
            | ShardRequest::Matched { .. } => ShardResponse::Gone,
        }
    }

    fn ticket_escalated(&mut self, now: Time, ticket: Ticket) -> ShardResponse {
        // An earlier ticket of the same player must be removed first.
        for player in ticket.players() {
            let other = self.tickets.of_player(player).filter(|it| it.id != ticket.id);
            let Some(other) = other.cloned() else {
                continue;
            };
            if other.state != State::Waiting {
                return ShardResponse::Busy;
            }
            self.remove_ticket(now, &other.id);
        }
        let before = self.tickets.get(&ticket.id);
        // Only a later escalation of the same ticket replaces it; a repeated message does not.
        if before.is_some_and(|it| !it.is_free() || it.escalation_count >= ticket.escalation_count) {
            return ShardResponse::Done;
        }
        let state = match before.map(|it| it.state.clone()) {
            // The copy of the earlier escalation is being removed, and would take this one with it.
            Some(State::Releasing(room)) if self.is_being_removed(&ticket.id, &room) => {
                return ShardResponse::Busy;
            }
            Some(State::Releasing(room)) => State::Releasing(room),
            _ => State::Waiting,
        };
        self.gathering.arrived(now);
        self.put_ticket(now, Ticket { state, ..ticket });
        ShardResponse::Done
    }

    /// Returns true if a canceled match removes the ticket once its shard is told.
    fn is_being_removed(&self, id: &TicketId, room: &RoomId) -> bool {
        let forming = self.pending_matches.get(room);
        let drop = forming.and_then(|forming| forming.drops.get(id));
        drop.is_some_and(|(_, removal)| removal.is_some())
    }

    fn ticket_withdrawn(&mut self, now: Time, id: &TicketId, escalation_count: u32) -> ShardResponse {
        let Some(ticket) = self.tickets.get(id).filter(|it| it.escalation_count <= escalation_count).cloned()
        else {
            return ShardResponse::Done;
        };
        match &ticket.state {
            State::Forming(room) => {
                let forming = self.pending_matches.get(room).filter(|it| it.step == Step::Holding);
                if let Some(forming) = forming.cloned() {
                    let removals = BTreeMap::from([(id.clone(), Removal::default())]);
                    self.cancel_match(now, forming, crate::lobby::formation::outcome::UNAVAILABLE, removals);
                }
            }
            State::Waiting | State::Paused(_) => drop(self.remove_ticket(now, id)),
            // Its match was canceled and is being released: the ticket is removed with it.
            State::Releasing(room) => {
                if let Some(mut forming) = self.pending_matches.get(room).cloned() {
                    if let Some((_, removal)) = forming.drops.get_mut(id) {
                        removal.get_or_insert_default();
                    }
                    self.put_match(forming);
                }
            }
            State::HeldByParent(_) => {}
        }
        ShardResponse::Done
    }
}
