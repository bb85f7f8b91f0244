//! Proposals: the players accept or decline a match. Declining or not replying starts a cooldown.

use crate::connection::Conn;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::lobby::formation::saga::{PendingMatch, Step};
use crate::lobby::tickets::ticket::Proposal;
use crate::lobby::tickets::ticket::{State, Ticket};
use crate::lobby::{Effect, Job, Lobby};
use crate::rpc::shard::Removal;
use crate::time::Time;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::{Event, Proposed, Reply};
use crate::wire::{Refusal, RefusalCode};
use std::collections::BTreeMap;

/// The proposal that a player can reply to.
struct OpenProposal {
    ticket: Ticket,
    room: RoomId,
    proposal: Proposal,
    accepted: bool,
}

impl OpenProposal {
    fn text(&self, player: &PlayerId) -> Text {
        let all = self.proposal.teams.iter().flatten();
        let proposed = Proposed {
            accepted: self.accepted,
            room: self.room.clone(),
            teams: (self.proposal.teams.len() > 1).then(|| self.proposal.teams.clone()),
            until: self.proposal.until,
            with: all.filter(|other| *other != player).cloned().collect(),
        };
        Envelope::ephemeral(Event::Proposed(proposed)).text()
    }
}

impl Lobby {
    /// Proposes a match of this lobby to its players, after all are reserved.
    pub(in crate::lobby) fn propose(&mut self, forming: &PendingMatch) {
        for player in forming.players.clone() {
            self.send_proposal(&player);
        }
    }

    /// Sends the open proposal to all sockets of a player.
    pub(in crate::lobby) fn send_proposal(&mut self, player: &PlayerId) {
        if let Some(text) = self.proposal_text(player) {
            self.send_to_player(player, &text);
        }
    }

    /// Sends the open proposal to a socket that opened.
    pub(in crate::lobby) fn resend_proposal(&mut self, conn: Conn, player: &PlayerId) {
        if let Some(text) = self.proposal_text(player) {
            self.pending.out.push(Effect::Send { conn, text });
        }
    }

    fn proposal_text(&self, player: &PlayerId) -> Option<Text> {
        Some(self.open_proposal(player)?.text(player))
    }

    /// Returns the proposal that a player can reply to, by a match of this lobby or of the parent.
    fn open_proposal(&self, player: &PlayerId) -> Option<OpenProposal> {
        let ticket = self.tickets.of_player(player)?;
        match &ticket.state {
            State::Forming(room) => {
                let forming = self.pending_matches.get(room)?;
                (forming.step == Step::Proposing).then(|| OpenProposal {
                    ticket: ticket.clone(),
                    room: room.clone(),
                    proposal: self.proposal_for(forming),
                    accepted: forming.confirmed_players.contains(player),
                })
            }
            State::HeldByParent(hold) => Some(OpenProposal {
                ticket: ticket.clone(),
                room: hold.room.clone(),
                proposal: hold.proposal.clone()?,
                accepted: hold.replies.get(player) == Some(&true),
            }),
            State::Waiting | State::Paused(_) | State::Releasing(_) => None,
        }
    }

    pub(in crate::lobby) fn has_proposal(&self, player: &PlayerId) -> bool {
        self.open_proposal(player).is_some()
    }

    pub(in crate::lobby) fn accept(&mut self, now: Time, player: &PlayerId) -> Result<Reply, Refusal> {
        let open = self.open_proposal(player).ok_or_else(|| self.no_proposal(player))?;
        let room = open.room.clone();
        self.record_reply(now, open, player, true);
        Ok(Reply::Match { room })
    }

    pub(in crate::lobby) fn decline(&mut self, now: Time, player: &PlayerId) -> Result<Reply, Refusal> {
        let open = self.open_proposal(player).ok_or_else(|| self.no_proposal(player))?;
        self.record_reply(now, open, player, false);
        Ok(Reply::Done {})
    }

    /// Applies a reply, or stores it for the parent.
    fn record_reply(&mut self, now: Time, open: OpenProposal, player: &PlayerId, accepted: bool) {
        if let State::HeldByParent(mut hold) = open.ticket.state.clone() {
            hold.replies.insert(player.clone(), accepted);
            let id = open.ticket.id.clone();
            let state = State::HeldByParent(hold);
            self.put_ticket(now, Ticket { state, ..open.ticket });
            self.retries.begin(now, Job::ForwardReplies(id));
            return;
        }
        self.answer(now, &open.room, player, accepted);
    }

    /// Applies a reply to a match of this lobby.
    pub(in crate::lobby) fn answer(&mut self, now: Time, room: &RoomId, player: &PlayerId, accepted: bool) {
        let forming = self.pending_matches.get(room).filter(|it| it.step == Step::Proposing);
        let Some(mut forming) = forming.cloned() else {
            return;
        };
        if accepted && forming.players.contains(player) {
            forming.confirmed_players.insert(player.clone());
            self.advance(now, forming);
        } else if let Some(id) = self.tickets.of_player(player).map(|ticket| ticket.id.clone()) {
            let removal = Removal { at_fault: vec![player.clone()], current_match: None };
            self.cancel_match(now, forming, "declined", BTreeMap::from([(id, removal)]));
        }
    }

    /// Cancels a match whose time to reply is over.
    pub(in crate::lobby) fn proposal_timed_out(&mut self, now: Time, forming: PendingMatch) {
        let removal_of = |id: &TicketId| {
            let ticket = self.tickets.get(id)?;
            let silent = ticket.players().filter(|it| !forming.confirmed_players.contains(*it));
            let at_fault: Vec<PlayerId> = silent.cloned().collect();
            (!at_fault.is_empty()).then(|| (id.clone(), Removal { at_fault, current_match: None }))
        };
        let removals = forming.tickets().filter_map(removal_of).collect();
        self.cancel_match(now, forming, "no_answer", removals);
    }

    fn no_proposal(&self, player: &PlayerId) -> Refusal {
        if self.tickets.of_player(player).is_some() {
            Refusal::new(RefusalCode::NotFound, "No match is proposed to you now.")
        } else {
            Refusal::new(RefusalCode::NoTicket, "You are not in this queue.")
        }
    }
}
