//! A child shard of a divided queue: tickets escalate to the parent, and are held for the parent's matches.

use crate::id::{PlayerId, RoomId, TicketId};
use crate::limits;
use crate::lobby::tickets::ticket::Proposal;
use crate::lobby::tickets::ticket::{Escalation, Hold, State, Ticket};
use crate::lobby::{Call, Job, Lobby, Row};
use crate::pool::Shard;
use crate::rpc::shard::{Removal, ShardRequest, ShardResponse};
use crate::time::Time;
use std::collections::BTreeMap;

impl Lobby {
    /// Returns the shard that sent a ticket to this parent.
    pub(in crate::lobby) fn home_shard_of(&self, id: &TicketId) -> Option<u16> {
        self.tickets.get(id)?.home_shard
    }

    /// Sends a ticket to the parent after its wait in this shard alone.
    pub(in crate::lobby) fn escalate(&mut self, now: Time, ticket: &Ticket) {
        // The withdrawal of an earlier escalation must be confirmed first.
        if self.withdrawals.contains_key(&ticket.id) {
            return;
        }
        let id = ticket.id.clone();
        let escalated = Ticket {
            escalation: Escalation::Sending,
            escalation_count: ticket.escalation_count.saturating_add(1),
            ..ticket.clone()
        };
        self.put_ticket(now, escalated);
        self.retries.begin(now, Job::Escalate(id));
    }

    /// Withdraws a ticket from the parent.
    pub(in crate::lobby) fn withdraw_from_parent(&mut self, now: Time, ticket: &Ticket) {
        self.retries.done(&Job::Escalate(ticket.id.clone()));
        self.withdrawals.insert(ticket.id.clone(), ticket.escalation_count);
        self.pending.rows.insert(Row::Withdrawal(ticket.id.clone()));
        self.retries.begin(now, Job::Withdraw(ticket.id.clone()));
    }

    /// Returns the calls of a job to the parent; `None` if the job is obsolete.
    pub(in crate::lobby) fn calls_to_parent(&self, job: &Job, id: &TicketId) -> Option<Vec<Call>> {
        let requests = match job {
            Job::Escalate(_) => {
                let ticket = self.tickets.get(id)?;
                if ticket.escalation != Escalation::Sending || ticket.state != State::Waiting {
                    return None;
                }
                let ticket = Box::new(Ticket {
                    home_shard: self.shard_number(),
                    escalation: Escalation::Local,
                    ..ticket.clone()
                });
                vec![ShardRequest::Escalate { ticket }]
            }
            Job::Withdraw(_) => {
                vec![ShardRequest::Withdraw {
                    ticket: id.clone(),
                    escalation_count: *self.withdrawals.get(id)?,
                }]
            }
            Job::ForwardReplies(_) => match &self.tickets.get(id)?.state {
                State::HeldByParent(hold) => { hold.replies.iter() }
                    .map(|(player, &accepted)| ShardRequest::Reply {
                        room: hold.room.clone(),
                        player: player.clone(),
                        accepted,
                    })
                    .collect(),
                State::Waiting | State::Paused(_) | State::Forming(_) | State::Releasing(_) => {
                    return None;
                }
            },
            Job::FormMatch(_) | Job::Audit(_) | Job::Figures => return None,
        };
        let call = |request| Call::Shard { shard: Shard::Parent, request };
        Some(requests.into_iter().map(call).collect())
    }

    /// Applies the parent's answer to a request.
    pub(in crate::lobby) fn parent_answered(
        &mut self,
        now: Time,
        request: &ShardRequest,
        answer: ShardResponse,
    ) {
        match request {
            // Not accepted yet: the call is repeated.
            ShardRequest::Escalate { .. } if answer == ShardResponse::Busy => {}
            ShardRequest::Escalate { ticket } => {
                self.retries.done(&Job::Escalate(ticket.id.clone()));
                let mine = self.tickets.get(&ticket.id);
                let same = mine.filter(|it| {
                    it.escalation == Escalation::Sending && it.escalation_count == ticket.escalation_count
                });
                if let Some(mine) = same.cloned() {
                    let escalation = Escalation::AtParent;
                    self.put_ticket(now, Ticket { escalation, ..mine });
                }
            }
            ShardRequest::Withdraw { ticket, escalation_count } => {
                if self.withdrawals.get(ticket) != Some(escalation_count) {
                    return;
                }
                self.withdrawals.remove(ticket);
                self.pending.rows.insert(Row::Withdrawal(ticket.clone()));
                self.retries.done(&Job::Withdraw(ticket.clone()));
                // The ticket may be connected again meanwhile, and due to escalate.
                if let Some(mine) = self.tickets.get(ticket).cloned()
                    && self.tickets.escalates_at(&mine).is_some_and(|at| at <= now)
                {
                    self.escalate(now, &mine);
                }
            }
            ShardRequest::Reply { player, room, .. } => {
                // The next message comes from the parent, or from the same player.
                if let Some(ticket) = self.tickets.of_player(player)
                    && ticket.room() == Some(room)
                {
                    self.retries.done(&Job::ForwardReplies(ticket.id.clone()));
                }
            }
            ShardRequest::Hold { .. }
            | ShardRequest::Propose { .. }
            | ShardRequest::Cancel { .. }
            | ShardRequest::Matched { .. } => {}
        }
    }

    /// Answers a request of the parent about a ticket of this shard.
    pub(in crate::lobby) fn handle_parent_request(
        &mut self,
        now: Time,
        request: ShardRequest,
    ) -> ShardResponse {
        match request {
            ShardRequest::Hold { ticket, room } => self.hold_ticket(now, &ticket, room),
            ShardRequest::Propose { ticket, room, proposal } => {
                self.match_proposed(now, &ticket, &room, proposal)
            }
            ShardRequest::Cancel { ticket, room, reason, removal } => {
                self.match_canceled(now, &ticket, &room, &reason, removal)
            }
            ShardRequest::Matched { ticket, room, teams } => {
                self.matched_by_parent(now, &ticket, &room, &teams)
            }
            ShardRequest::Escalate { .. } | ShardRequest::Withdraw { .. } | ShardRequest::Reply { .. } => {
                ShardResponse::Gone
            }
        }
    }

    fn hold_ticket(&mut self, now: Time, id: &TicketId, room: RoomId) -> ShardResponse {
        let Some(ticket) = self.tickets.get(id).cloned() else {
            return ShardResponse::Gone;
        };
        if ticket.canceled_matches.contains(&room) {
            return ShardResponse::Busy;
        }
        match &ticket.state {
            State::Waiting => {
                let state =
                    State::HeldByParent(Box::new(Hold { room, proposal: None, replies: BTreeMap::new() }));
                self.put_ticket(now, Ticket { state, ..ticket });
                ShardResponse::Done
            }
            State::HeldByParent(hold) if hold.room == room => ShardResponse::Done,
            State::Paused(_) => ShardResponse::Gone,
            State::Forming(_) | State::Releasing(_) | State::HeldByParent(_) => ShardResponse::Busy,
        }
    }

    /// Returns the ticket and its hold if it is held for that match of the parent.
    fn held_for(&self, id: &TicketId, room: &RoomId) -> Option<(Ticket, Hold)> {
        let ticket = self.tickets.get(id)?;
        match &ticket.state {
            State::HeldByParent(hold) if hold.room == *room => Some((ticket.clone(), (**hold).clone())),
            State::Waiting
            | State::Paused(_)
            | State::Forming(_)
            | State::Releasing(_)
            | State::HeldByParent(_) => None,
        }
    }

    fn match_proposed(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        proposal: Proposal,
    ) -> ShardResponse {
        let Some((ticket, hold)) = self.held_for(id, room) else {
            return ShardResponse::Gone;
        };
        if hold.proposal.is_none() {
            let players: Vec<PlayerId> = ticket.players().cloned().collect();
            let proposal = Some(proposal);
            let state = State::HeldByParent(Box::new(Hold { proposal, ..hold }));
            self.put_ticket(now, Ticket { state, ..ticket });
            for player in players {
                self.send_proposal(&player);
            }
        }
        ShardResponse::Done
    }

    fn match_canceled(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        reason: &str,
        removal: Option<Removal>,
    ) -> ShardResponse {
        if let Some(mut ticket) = self.tickets.get(id).cloned()
            && !ticket.canceled_matches.contains(room)
        {
            ticket.canceled_matches.push_back(room.clone());
            let over = ticket.canceled_matches.len().saturating_sub(limits::RELEASED_MATCHES_MAX);
            ticket.canceled_matches.drain(..over);
            self.put_ticket(now, ticket);
        }
        let Some((ticket, _)) = self.held_for(id, room) else {
            return ShardResponse::Done;
        };
        self.retries.done(&Job::ForwardReplies(id.clone()));
        let rest = match removal {
            // The parent removes its copy, so a ticket that remains escalates again.
            Some(removal) => self
                .remove_at_fault(now, ticket, reason, &removal)
                .map(|ticket| Ticket { escalation: Escalation::Local, ..ticket }),
            None => Some(ticket),
        };
        let Some(ticket) = rest else {
            return ShardResponse::Done;
        };
        self.send_returned(&ticket, reason);
        let state = State::Waiting;
        self.put_ticket(now, Ticket { state, ..ticket });
        self.sync_connection(now, id);
        ShardResponse::Done
    }

    fn matched_by_parent(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        teams: &[Vec<PlayerId>],
    ) -> ShardResponse {
        if self.held_for(id, room).is_some() {
            self.announce_match(now, id, room, teams);
            self.remember_opponents(now, room, teams);
        }
        ShardResponse::Done
    }

    fn shard_number(&self) -> Option<u16> {
        match self.shard {
            Shard::Child(nth) => Some(nth),
            Shard::Parent => None,
        }
    }
}
