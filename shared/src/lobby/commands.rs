//! Sockets and commands of players: connecting, disconnecting, leaving, and the expiry of tickets.

use crate::connection::{Conn, ConnectionGuard, Endpoint, Identity};
use crate::id::{PlayerId, RoomId, TicketId};
use crate::lobby::enter::{Entry, Intent, PendingEntry};
use crate::lobby::formation::outcome::{expired, matched};
use crate::lobby::state::Attachment;
use crate::lobby::tickets::ticket::{self, Escalation, State, Ticket};
use crate::lobby::{Effect, Lobby};
use crate::metrics::Observed;
use crate::rpc::queue_service::TicketState;
use crate::rpc::shard::Removal;
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::envelope::{self, Text};
use crate::wire::lobby::{Command, Expired, PutOutBody, Reply};
use crate::wire::welcome::Welcome;
use crate::wire::{CloseCode, Message, Refusal, RefusalCode};
use serde_json::Value;
use std::collections::BTreeMap;

impl Endpoint for Lobby {
    type Command = Command;
    type Reply = Reply;

    fn guard(&mut self, conn: Conn) -> Option<&mut ConnectionGuard> {
        self.sockets.get_mut(&conn)
    }

    fn guards(&self) -> impl Iterator<Item = (Conn, &ConnectionGuard)> {
        self.sockets.iter().map(|(&conn, guard)| (conn, guard))
    }

    fn observed(&mut self) -> &mut Observed {
        &mut self.observed
    }

    fn execute(
        &mut self,
        now: Time,
        conn: Conn,
        message: &Message,
        command: Command,
    ) -> Option<Result<Reply, Refusal>> {
        let player = self.sockets.get(&conn)?.identity.player.clone();
        let (intent, key, body) = match command {
            Command::Enter { key, body } => (Intent::Enter, key, body),
            Command::Party { body } => (Intent::Party, None, body),
            Command::Join { party, body } => (Intent::Join(party), None, body),
            Command::Leave => return Some(self.leave(now, &player)),
            Command::PutOut(PutOutBody { player: member }) => {
                return Some(self.remove_from_party(&player, &member));
            }
            Command::Accept => return Some(self.accept(now, &player)),
            Command::Decline => return Some(self.decline(now, &player)),
            Command::Why => return Some(self.why(now, &player).map(Reply::Why)),
            Command::Auth { .. } => return None,
        };
        let entry = Entry { player, key, body, intent, by: None, trace: self.traces.get(&conn).copied() };
        self.enter(now, PendingEntry { lookup: 0, conn, id: message.id.clone(), entry }).transpose()
    }

    fn send(&mut self, conn: Conn, text: Text) {
        self.pending.out.push(Effect::Send { conn, text });
    }

    fn verify(&mut self, conn: Conn, id: Option<Value>, token: String) {
        self.pending.out.push(Effect::Verify { conn, id, token });
    }

    fn attach(&mut self, conn: Conn) {
        if let Some(guard) = self.sockets.get(&conn) {
            self.next_expiry = self.next_expiry.min(guard.identity.exp);
            let address = self.addresses.get(&conn).copied().unwrap_or_default();
            let (identity, trace) = (guard.identity.clone(), self.traces.get(&conn).copied());
            let attachment = Attachment { conn, identity, address, trace };
            let data = envelope::encode(&attachment).to_string();
            self.pending.out.push(Effect::Attach { conn, data });
        }
    }

    fn close(&mut self, now: Time, conn: Conn, code: CloseCode) {
        self.pending.closes.push(Effect::Close { conn, code });
        self.closed(now, conn);
    }

    fn closed(&mut self, now: Time, conn: Conn) {
        let Some(guard) = self.remove_socket(conn) else {
            return;
        };
        self.cancel_pending_entries(conn);
        if let Some(id) = self.tickets.of_player(&guard.identity.player).map(|ticket| ticket.id.clone()) {
            self.sync_connection(now, &id);
        }
        self.sync_party(now, &guard.identity.player);
    }
}

impl Lobby {
    pub(in crate::lobby) fn opened(
        &mut self,
        now: Time,
        conn: Conn,
        identity: Identity,
        current_match: Option<RoomId>,
        address: u64,
        trace: Option<Trace>,
    ) {
        let player = identity.player.clone();
        self.addresses.insert(conn, address);
        self.traces.extend(trace.map(|trace| (conn, trace)));
        self.sockets.insert(conn, ConnectionGuard::new(identity, now));
        self.conns_by_player.entry(player.clone()).or_default().insert(conn);
        self.attach(conn);
        let ticket = self.tickets.of_player(&player).cloned();
        let welcome = Welcome::without_log(player.clone(), now, self.welcome_body(now, &player));
        let text = Welcome { recovered: ticket.is_some(), ..welcome }.text();
        self.pending.out.push(Effect::Send { conn, text });
        if let Some(room) = ticket::other_match(ticket.as_ref(), current_match) {
            if let Some(ticket) = ticket.filter(Ticket::is_free) {
                self.expire_in_match(now, &ticket, &room);
            }
            let text = matched(&room, &player, &[]);
            self.pending.out.push(Effect::Send { conn, text });
            self.close_socket(conn, CloseCode::Bye);
            return;
        }
        self.sync_party(now, &player);
        self.resend_party(conn, &player);
        if let Some(ticket) = ticket {
            let text = ticket::queued_event(&ticket);
            self.pending.out.push(Effect::Send { conn, text });
            self.resend_proposal(conn, &player);
            self.sync_connection(now, &ticket.id);
        }
    }

    /// Pauses the ticket while any member is disconnected; resumes it when all are connected again.
    pub(in crate::lobby) fn sync_connection(&mut self, now: Time, id: &TicketId) {
        let Some(ticket) = self.tickets.get(id).cloned() else {
            return;
        };
        let all_connected =
            self.waits_alone(&ticket) || ticket.players().all(|player| self.is_connected(player));
        match ticket.state {
            State::Waiting if !all_connected => {
                if ticket.escalation != Escalation::Local {
                    self.withdraw_from_parent(now, &ticket);
                }
                let (state, escalation) = (State::Paused(now), Escalation::Local);
                self.put_ticket(now, Ticket { state, escalation, ..ticket });
            }
            State::Paused(_) if all_connected => {
                let state = State::Waiting;
                self.put_ticket(now, Ticket { state, ..ticket });
            }
            State::Waiting
            | State::Paused(_)
            | State::Forming(_)
            | State::Releasing(_)
            | State::HeldByParent(_) => {}
        }
    }

    /// Withdraws the player's ticket, or without one leaves the party.
    pub(in crate::lobby) fn leave(&mut self, now: Time, player: &PlayerId) -> Result<Reply, Refusal> {
        let Some(ticket) = self.tickets.of_player(player).cloned() else {
            return self.leave_party(player);
        };
        match &ticket.state {
            State::Forming(_) | State::HeldByParent(_) if self.has_proposal(player) => {
                self.decline(now, player)
            }
            State::Forming(room) => {
                let forming = self.pending_matches.get(room).filter(|forming| forming.is_cancelable());
                let Some(forming) = forming.cloned() else {
                    return Err(match_is_forming(room));
                };
                let removals = BTreeMap::from([(ticket.id.clone(), Removal::default())]);
                self.cancel_match(now, forming, "partner_left", removals);
                Ok(Reply::Done {})
            }
            State::HeldByParent(hold) => Err(match_is_forming(&hold.room)),
            State::Waiting | State::Paused(_) | State::Releasing(_) => {
                self.note_ending(now, &ticket, TicketState::Left, None, None);
                self.remove_ticket(now, &ticket.id);
                let ticket_id = ticket.id.clone();
                let reason = "party_left".to_owned();
                let text = expired(Expired { after_ms: None, reason, room: None, ticket: ticket_id });
                for other in ticket.players().filter(|other| *other != player) {
                    self.send_to_player(other, &text);
                }
                Ok(Reply::Done {})
            }
        }
    }

    /// Expires tickets whose time is over, and escalates those that waited long enough in this shard.
    pub(in crate::lobby) fn expire_tickets(&mut self, now: Time) {
        for id in self.tickets.past_deadline(now) {
            let Some(ticket) = self.tickets.get(&id).cloned() else {
                continue;
            };
            if self.tickets.expires_at(&ticket).is_some_and(|ends| ends <= now) {
                self.expire_ticket(now, &ticket, "waited_too_long", &Removal::default());
            } else {
                self.escalate(now, &ticket);
            }
        }
    }

    /// Removes the ticket of a player who is in a match.
    pub(in crate::lobby) fn expire_in_match(&mut self, now: Time, ticket: &Ticket, room: &RoomId) {
        let removal = Removal { at_fault: Vec::new(), current_match: Some(room.clone()) };
        self.expire_ticket(now, ticket, "in_match", &removal);
    }
}

fn match_is_forming(room: &RoomId) -> Refusal {
    let text = "Your match is about to start. Join its room and leave it there.";
    let fault = Refusal::new(RefusalCode::InMatch, text);
    Refusal { room: Some(room.clone()), ..fault }
}

#[cfg(test)]
mod tests {
    use crate::lobby::test_lobby::{TestLobby, player};
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn silent_socket_does_not_outlive_its_token_and_its_ticket_waits_for_the_next() {
        let mut lobby = TestLobby::new(r#"{"seats":3}"#);
        let exp = lobby.now + Duration::from_secs(10);
        lobby.open_until(1, exp);
        lobby.say(1, &json!({ "op": "enter" }));
        lobby.now = exp - Duration::from_millis(1);
        lobby.open(2);
        assert_eq!(lobby.lobby.connections_of(&player(1)).len(), 1);
        lobby.now = exp;
        lobby.close(2);
        assert!(lobby.lobby.connections_of(&player(1)).is_empty());
        assert_eq!(lobby.rows("t/"), 1);
    }
}
