//! The end of a formation: the room is announced, or the match is canceled and tickets keep their place.

use crate::id::{PlayerId, RoomId, TicketId};
use crate::lobby::formation::saga::{PendingMatch, Step};
use crate::lobby::tickets::recent_opponents::RecentMatch;
use crate::lobby::tickets::ticket::{Escalation, Member, State, Ticket};
use crate::lobby::{Job, Lobby, Row};
use crate::metrics::{Counter, Measure};
use crate::pool::Shard;
use crate::rpc::queue_service::TicketState;
use crate::rpc::shard::Removal;
use crate::time::{self, Time};
use crate::wire::CloseCode;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::{Event, Expired, Matched, Returned};
use std::collections::BTreeMap;
use std::time::Duration;

/// The reason of most cancellations.
pub(in crate::lobby) const UNAVAILABLE: &str = "partner_unavailable";

impl Lobby {
    /// Continues a match whose room exists.
    pub(in crate::lobby) fn room_opened(&mut self, now: Time, room: &RoomId) {
        let forming = self.pending_matches.get(room).filter(|it| it.step == Step::Opening);
        let Some(forming) = forming.cloned() else {
            return;
        };
        self.observed.count(Counter::Match);
        if self.shard == Shard::Parent {
            return self.enter_step(now, forming, Step::Notifying);
        }
        let teams = self.players_by_team(&forming);
        for id in forming.tickets().cloned().collect::<Vec<_>>() {
            self.announce_match(now, &id, room, &teams);
        }
        self.remember_opponents(now, room, &teams);
        self.remove_match(room);
    }

    /// Sends the room to a ticket's players, closes their sockets and removes the ticket.
    pub(in crate::lobby) fn announce_match(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        teams: &[Vec<PlayerId>],
    ) {
        let Some(ticket) = self.tickets.get(id).cloned() else {
            return;
        };
        self.observed.measure(Measure::MatchWait, now.since(ticket.since));
        self.record_wait(now, &ticket);
        self.note_ending(now, &ticket, TicketState::Matched, Some(room), None);
        self.remove_ticket(now, id);
        for player in ticket.players() {
            self.lookups.outdate(player);
            self.send_to_player(player, &matched(room, player, teams));
            for conn in self.connections_of(player) {
                self.close_socket(conn, CloseCode::Bye);
            }
        }
    }

    /// At the parent: ends a match whose room all shards have announced.
    pub(in crate::lobby) fn all_shards_notified(&mut self, now: Time, forming: &PendingMatch) {
        let teams = self.players_by_team(forming);
        for id in forming.tickets() {
            if let Some(ticket) = self.tickets.get(id).cloned() {
                self.record_wait(now, &ticket);
            }
            self.remove_ticket(now, id);
        }
        self.remember_opponents(now, &forming.room, &teams);
        self.remove_match(&forming.room);
    }

    /// Excludes rematches for the pool's `no_rematch_s`.
    pub(in crate::lobby) fn remember_opponents(&mut self, now: Time, room: &RoomId, teams: &[Vec<PlayerId>]) {
        let Some(secs) = self.pool.no_rematch_s else {
            return;
        };
        let meeting = RecentMatch {
            players: teams.iter().flatten().cloned().collect(),
            until: now + Duration::from_secs(secs.into()),
        };
        for forgotten in self.recent_opponents.add(now, room.clone(), meeting) {
            self.pending.rows.insert(Row::RecentMatch(forgotten));
        }
        self.pending.rows.insert(Row::RecentMatch(room.clone()));
    }

    /// Cancels a match. The tickets in `removals` leave the queue; the others keep their place, and can be
    /// matched again after the player objects have released their reservations.
    pub(in crate::lobby) fn cancel_match(
        &mut self,
        now: Time,
        mut forming: PendingMatch,
        reason: &str,
        mut removals: BTreeMap<TicketId, Removal>,
    ) {
        let room = forming.room.clone();
        forming.drops.clear();
        for id in forming.tickets().cloned().collect::<Vec<_>>() {
            let Some(ticket) = self.tickets.get(&id).cloned() else {
                continue;
            };
            let removal = removals.remove(&id);
            if self.shard == Shard::Parent {
                forming.drops.insert(id.clone(), (reason.to_owned(), removal.clone()));
                if removal.is_none() {
                    let state = State::Releasing(room.clone());
                    self.put_ticket(now, Ticket { state, ..ticket });
                }
                continue;
            }
            let rest = match removal {
                Some(removal) => self.remove_at_fault(now, ticket, reason, &removal),
                None => Some(ticket),
            };
            if let Some(ticket) = rest {
                let state = State::Releasing(room.clone());
                self.send_returned(&ticket, reason);
                self.put_ticket(now, Ticket { state, ..ticket });
            }
        }
        let removed: Vec<TicketId> = { forming.drops.iter() }
            .filter(|(_, (_, removal))| removal.is_some())
            .map(|(id, _)| id.clone())
            .collect();
        self.enter_step(now, forming, Step::Releasing);
        // The shard must still be told, so its call is created before the ticket is marked.
        for id in removed {
            self.mark_releasing(now, &id);
        }
    }

    /// At the parent: marks a removed ticket, which stays until its shard is told but is in no match.
    fn mark_releasing(&mut self, now: Time, id: &TicketId) {
        if let Some(ticket) = self.tickets.get(id).cloned()
            && let State::Forming(room) = &ticket.state
        {
            let state = State::Releasing(room.clone());
            self.put_ticket(now, Ticket { state, ..ticket });
        }
    }

    /// Removes the members who let a match fail from their ticket. Returns the ticket of the others, who keep their
    /// place; none if the leader is at fault, or no member, so that the whole ticket is removed.
    pub(in crate::lobby) fn remove_at_fault(
        &mut self,
        now: Time,
        mut ticket: Ticket,
        reason: &str,
        removal: &Removal,
    ) -> Option<Ticket> {
        let is_at_fault = |member: &Member| removal.at_fault.contains(&member.player);
        if removal.at_fault.is_empty() || ticket.leader().is_none_or(is_at_fault) {
            self.expire_ticket(now, &ticket, reason, removal);
            return None;
        }
        for member in ticket.members.extract_if(.., |member| is_at_fault(member)) {
            let after_ms = self.start_cooldown(now, &member.player).map(time::ms);
            let reason = reason.to_owned();
            let text = expired(Expired { after_ms, reason, room: None, ticket: ticket.id.clone() });
            self.send_to_player(&member.player, &text);
        }
        self.stats_changed = true;
        Some(ticket)
    }

    /// Removes a ticket and tells its players the reason.
    pub(in crate::lobby) fn expire_ticket(
        &mut self,
        now: Time,
        ticket: &Ticket,
        reason: &str,
        removal: &Removal,
    ) {
        self.remove_ticket(now, &ticket.id);
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            let (mut after_ms, mut room) = (None, None);
            let mut reason = reason;
            if removal.at_fault.contains(&player) {
                after_ms = self.start_cooldown(now, &player).map(time::ms);
            } else if let Some(current) = &removal.current_match {
                reason = "in_match";
                room = Some(current.clone());
            } else if !removal.at_fault.is_empty() {
                reason = "party_left";
            }
            if ticket.leader().is_some_and(|leader| leader.player == player) {
                self.note_ending(now, ticket, TicketState::Expired, room.as_ref(), Some(reason));
            }
            let reason = reason.to_owned();
            let expired = expired(Expired { after_ms, reason, room, ticket: ticket.id.clone() });
            self.send_to_player(&player, &expired);
        }
    }

    /// Tells a ticket's players that their match was canceled and that they keep their place.
    pub(in crate::lobby) fn send_returned(&mut self, ticket: &Ticket, reason: &str) {
        let reason = reason.to_owned();
        let returned = Returned { reason, since: ticket.since, ticket: ticket.id.clone() };
        let text = Envelope::ephemeral(Event::Returned(returned)).text();
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            self.send_to_player(&player, &text);
        }
    }

    /// Records that a player object released a canceled match.
    pub(in crate::lobby) fn player_released(&mut self, now: Time, room: &RoomId, player: &PlayerId) {
        let forming = self.pending_matches.get(room).filter(|it| it.step == Step::Releasing);
        let Some(mut forming) = forming.cloned() else {
            return;
        };
        forming.confirmed_players.insert(player.clone());
        if let Some(id) = self.tickets.of_player(player).map(|ticket| ticket.id.clone()) {
            self.release_ticket(now, &id, &forming);
        }
        self.advance(now, forming);
    }

    /// Returns a ticket to the queue once all its players are released.
    pub(in crate::lobby) fn release_ticket(&mut self, now: Time, id: &TicketId, forming: &PendingMatch) {
        let Some(ticket) = self.tickets.get(id).cloned() else {
            return;
        };
        let released = ticket.players().all(|player| forming.confirmed_players.contains(player));
        let shard_told = !forming.drops.contains_key(id) || forming.confirmed_tickets.contains(id);
        if ticket.state != State::Releasing(forming.room.clone()) || !released || !shard_told {
            return;
        }
        let is_removed = forming.drops.get(id).is_some_and(|(_, removal)| removal.is_some());
        if is_removed {
            self.remove_ticket(now, id);
            return;
        }
        let state = State::Waiting;
        self.put_ticket(now, Ticket { state, ..ticket });
        if self.shard != Shard::Parent {
            self.sync_connection(now, id);
        }
    }

    /// Cancels matches whose deadline has passed.
    pub(in crate::lobby) fn expire_matches(&mut self, now: Time) {
        while let Some((until, room)) = self.match_deadlines.first().cloned() {
            if until > now {
                return;
            }
            let Some(forming) = self.pending_matches.get(&room).cloned() else {
                self.match_deadlines.remove(&(until, room));
                continue;
            };
            if forming.step == Step::Proposing {
                self.proposal_timed_out(now, forming);
            } else {
                self.cancel_match(now, forming, UNAVAILABLE, BTreeMap::new());
            }
        }
    }

    /// Removes a ticket, and withdraws it from the parent if the parent has it.
    pub(in crate::lobby) fn remove_ticket(&mut self, now: Time, id: &TicketId) -> Option<Ticket> {
        let ticket = self.tickets.remove(id)?;
        self.pending.rows.insert(Row::Ticket(id.clone()));
        self.stats_changed = true;
        let is_held = matches!(ticket.state, State::HeldByParent(_));
        if ticket.escalation != Escalation::Local && !is_held {
            self.withdraw_from_parent(now, &ticket);
        }
        self.retries.done(&Job::Escalate(id.clone()));
        self.retries.done(&Job::ForwardReplies(id.clone()));
        Some((*ticket).clone())
    }
}

/// Returns the event that sends a player to the room.
pub(in crate::lobby) fn matched(room: &RoomId, player: &PlayerId, teams: &[Vec<PlayerId>]) -> Text {
    let all = teams.iter().flatten();
    let matched = Matched {
        id: room.clone(),
        room: room.clone(),
        teams: (teams.len() > 1).then(|| teams.to_vec()),
        with: all.filter(|other| *other != player).cloned().collect(),
    };
    Envelope::ephemeral(Event::Matched(matched)).text()
}

/// Returns the event that removes a ticket.
pub(in crate::lobby) fn expired(expired: Expired) -> Text {
    Envelope::ephemeral(Event::Expired(expired)).text()
}
