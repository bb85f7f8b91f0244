//! The operator's backend in a lobby: it puts tickets of players into the queue, reads them and cancels them.
//!
//! A ticket obeys the rules of a player's own: one for each player, no banned player, no player in a match or in a
//! cooldown. In a pool without proposals it waits without a socket of its player, because the backend acts for the player; in a pool
//! with proposals the player must be connected to accept. Everything that the backend did is on disk before it is
//! answered.

use crate::id::PlayerId;
use crate::lobby::enter::{Decision, Entry, Intent, RUSH, try_again_later};
use crate::lobby::formation::outcome::expired;
use crate::lobby::tickets::ticket::{self, Ticket};
use crate::lobby::{Effect, Entrant, Lobby};
use crate::rpc::queue_service::{
    QueueAction, QueueServiceAnswer, QueueServiceRequest, TicketState, TicketStatus,
};
use crate::time::Time;
use crate::wire::lobby::Expired;
use crate::wire::{Refusal, RefusalCode};
use serde_json::Value;

/// The outcome of a request of the backend.
#[derive(Debug, Clone, PartialEq)]
pub enum Served {
    /// The answer is known at once.
    Answer(QueueServiceAnswer),
    /// The player must be looked up first: [`Lobby::serve_looked_up`] with this number follows.
    LookUp(u64),
}

impl Lobby {
    /// Answers a request of the operator's backend. The answer is valid once the effects are performed.
    pub fn serve(&mut self, now: Time, request: &QueueServiceRequest) -> (Served, Vec<Effect>) {
        let served = match &request.action {
            QueueAction::Enter { player, key, body } => {
                self.enter_for_service(now, request, &entry(request, player, key.as_ref(), body))
            }
            QueueAction::Ticket { player } => self.known_ticket(now, player).map(found),
            QueueAction::List { after } => {
                let page = self.ticket_page(now, after.as_ref());
                Ok(Served::Answer(QueueServiceAnswer::Tickets(page)))
            }
            QueueAction::Cancel { player } => self.cancel_for_service(now, request, player).map(found),
        };
        let refused = |refusal| Served::Answer(QueueServiceAnswer::Refused(refusal));
        (served.unwrap_or_else(refused), self.finish(now))
    }

    /// Continues a request whose player was looked up; `None` if the region or the player object did not answer.
    pub fn serve_looked_up(
        &mut self,
        now: Time,
        lookup: u64,
        request: &QueueServiceRequest,
        answer: Option<&Entrant>,
    ) -> (QueueServiceAnswer, Vec<Effect>) {
        self.lookup_done(now, lookup, answer);
        let decided = match &request.action {
            QueueAction::Enter { player, key, body } => {
                let entry = entry(request, player, key.as_ref(), body);
                self.decide_for_service(now, request, &entry, answer.cloned())
            }
            QueueAction::Ticket { .. } | QueueAction::Cancel { .. } | QueueAction::List { .. } => {
                Err(no_ticket())
            }
        };
        (decided.unwrap_or_else(QueueServiceAnswer::Refused), self.finish(now))
    }

    /// Returns true if a ticket is matched while its players are not connected: no player has to accept the match, and the
    /// backend tells them of the room.
    pub(in crate::lobby) fn waits_alone(&self, ticket: &Ticket) -> bool {
        ticket.by.is_some() && self.pool.propose_s.is_none()
    }

    fn enter_for_service(
        &mut self,
        now: Time,
        request: &QueueServiceRequest,
        entry: &Entry,
    ) -> Result<Served, Refusal> {
        let player = &entry.player;
        if let Some(ticket) = self.tickets.of_player(player) {
            return Ok(found(self.ticket_status(ticket)));
        }
        if let Some(ending) =
            self.endings.of(now, player).filter(|it| it.key.is_some() && it.key == entry.key)
        {
            return Ok(found(ending.status.clone()));
        }
        self.check_audits()?;
        ticket::read_entry(&entry.body)?;
        self.check_may_enter(now, player)?;
        if let Some(profile) = self.latest_profile(now, entry) {
            let entrant = Entrant { profile, current_match: None, random: 0 };
            return self.decide_for_service(now, request, entry, Some(entrant)).map(Served::Answer);
        }
        if self.lookups.of(player).is_some() {
            return Err(try_again_later(player, "Another entry of the player is being executed. Try again."));
        }
        self.last_lookup += 1;
        // The backend has no socket on which it could wait in line: it is refused while the lobby looks up others.
        if self.lookups.start(self.last_lookup, player) {
            return Ok(Served::LookUp(self.last_lookup));
        }
        Err(try_again_later(player, RUSH))
    }

    fn decide_for_service(
        &mut self,
        now: Time,
        request: &QueueServiceRequest,
        entry: &Entry,
        answer: Option<Entrant>,
    ) -> Result<QueueServiceAnswer, Refusal> {
        let existed = self.tickets.of_player(&entry.player).is_some();
        if let Decision::Moves(shard) = self.decide_entry(now, entry, answer)? {
            return Ok(QueueServiceAnswer::Moved { shard });
        }
        let Some(ticket) = self.tickets.of_player(&entry.player).cloned() else {
            return Err(no_ticket());
        };
        if !existed {
            self.audit(now, request, "queues.enter", &entry.player, &ticket.id);
        }
        let ticket = Box::new(self.ticket_status(&ticket));
        Ok(QueueServiceAnswer::Ticket { created: !existed, ticket })
    }

    /// Returns the ticket of a player: in the queue, or how it ended.
    fn known_ticket(&self, now: Time, player: &PlayerId) -> Result<TicketStatus, Refusal> {
        let waiting = self.tickets.of_player(player).map(|ticket| self.ticket_status(ticket));
        let ended = || self.endings.of(now, player).map(|ending| ending.status.clone());
        waiting.or_else(ended).ok_or_else(no_ticket)
    }

    /// Cancels a ticket as its player would. In an open proposal that declines the match; the ticket of a match that is
    /// about to start stays.
    fn cancel_for_service(
        &mut self,
        now: Time,
        request: &QueueServiceRequest,
        player: &PlayerId,
    ) -> Result<TicketStatus, Refusal> {
        let Some(ticket) = self.tickets.of_player(player).cloned() else {
            return self.known_ticket(now, player);
        };
        self.check_audits()?;
        let _done = self.leave(now, player)?;
        self.audit(now, request, "queues.cancel", player, &ticket.id);
        if let Some(ticket) = self.tickets.get(&ticket.id) {
            return Ok(self.ticket_status(ticket));
        }
        let (state, ended) = (TicketState::Canceled, Some(now));
        let status = TicketStatus { state, ended, ..self.ticket_status(&ticket) };
        self.add_ending(now, &ticket, status.clone());
        let reason = "canceled".to_owned();
        let text = expired(Expired { after_ms: None, reason, room: None, ticket: ticket.id });
        self.send_to_player(player, &text);
        Ok(status)
    }
}

fn entry(request: &QueueServiceRequest, player: &PlayerId, key: Option<&String>, body: &Value) -> Entry {
    let (player, key, body) = (player.clone(), key.cloned(), body.clone());
    let by = Some(request.by.clone());
    Entry { player, key, body, intent: Intent::Enter, by, trace: request.trace }
}

fn found(ticket: TicketStatus) -> Served {
    Served::Answer(QueueServiceAnswer::Ticket { created: false, ticket: Box::new(ticket) })
}

fn no_ticket() -> Refusal {
    Refusal::new(RefusalCode::NoTicket, "The player has no ticket in this queue.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::lobby::test_lobby::TestLobby;
    use serde_json::json;
    use std::time::Duration;

    fn enter(lobby: &mut TestLobby, nth: u32, key: &str) -> QueueServiceAnswer {
        lobby.serve(&json!({ "action": "enter", "player": format!("p_{nth}"), "key": key, "body": {} }))
    }

    fn act(lobby: &mut TestLobby, action: &str, nth: u32) -> QueueServiceAnswer {
        lobby.serve(&json!({ "action": action, "player": format!("p_{nth}") }))
    }

    fn ticket(answer: QueueServiceAnswer) -> (bool, TicketStatus) {
        match answer {
            QueueServiceAnswer::Ticket { created, ticket } => (created, *ticket),
            other => panic!("no ticket: {other:?}"),
        }
    }

    fn refusal(answer: QueueServiceAnswer) -> RefusalCode {
        match answer {
            QueueServiceAnswer::Refused(refusal) => refusal.code,
            other => panic!("no refusal: {other:?}"),
        }
    }

    #[test]
    fn tickets_of_a_backend_are_matched_without_sockets_and_their_rooms_are_told() {
        let mut lobby = TestLobby::new(r#"{"seats":2}"#);
        let (created, first) = ticket(enter(&mut lobby, 1, "a"));
        assert!(created && first.state == TicketState::Waiting && first.by.is_some());
        let again = ticket(enter(&mut lobby, 1, "another"));
        assert_eq!(again, (false, first.clone()), "a player has one ticket");
        ticket(enter(&mut lobby, 2, "a"));
        lobby.pass(Duration::from_secs(1));
        let (_, ended) = ticket(act(&mut lobby, "ticket", 1));
        assert_eq!((ended.state, &ended.ticket), (TicketState::Matched, &first.ticket));
        assert_eq!(ended.room.as_ref(), lobby.rooms.first());
        // A repetition does not put the player into the queue again; another ticket does.
        assert_eq!(ticket(enter(&mut lobby, 1, "a")), (false, ended.clone()));
        assert_ne!(ticket(enter(&mut lobby, 1, "b")).1.ticket, ended.ticket);
        assert_eq!(lobby.audited, ["queues.enter"; 3]);
    }

    #[test]
    fn canceled_ticket_ends_and_its_player_is_told() {
        let mut lobby = TestLobby::new(r#"{"seats":2}"#);
        lobby.open(1);
        let (_, entered) = ticket(enter(&mut lobby, 1, "a"));
        assert_eq!(lobby.events(1, "queued").len(), 1);
        let (_, canceled) = ticket(act(&mut lobby, "cancel", 1));
        assert_eq!((canceled.state, &canceled.ticket), (TicketState::Canceled, &entered.ticket));
        assert_eq!(lobby.events(1, "expired")[0]["reason"], "canceled");
        assert_eq!(ticket(act(&mut lobby, "cancel", 1)), (false, canceled));
        assert_eq!(lobby.rows("t/"), 0);
        assert_eq!(lobby.audited, ["queues.enter", "queues.cancel"]);
        lobby.pass(limits::TICKET_ENDING_AGE_MAX + Duration::from_millis(1));
        assert_eq!(refusal(act(&mut lobby, "ticket", 1)), RefusalCode::NoTicket);
    }

    #[test]
    fn ticket_in_a_pool_with_proposals_needs_its_player() {
        let mut lobby = TestLobby::new(r#"{"seats":2,"propose_s":10,"pause_s":5}"#);
        assert_eq!(ticket(enter(&mut lobby, 1, "a")).1.state, TicketState::Paused);
        lobby.open(1);
        assert_eq!(ticket(act(&mut lobby, "ticket", 1)).1.state, TicketState::Waiting);
        lobby.close(1);
        lobby.pass(Duration::from_secs(6));
        let (_, ended) = ticket(act(&mut lobby, "ticket", 1));
        assert_eq!((ended.state, ended.reason.as_deref()), (TicketState::Expired, Some("waited_too_long")));
    }

    #[test]
    fn backend_waits_for_the_audit_trail_and_for_the_lookups_of_others() {
        let mut lobby = TestLobby::new(r#"{"seats":3}"#);
        for nth in 1..=u64::try_from(limits::LOOKUPS_CONCURRENT_MAX).unwrap() {
            assert!(lobby.lobby.lookups.start(1000 + nth, &format!("p_{nth}").parse().unwrap()));
        }
        assert_eq!(refusal(enter(&mut lobby, 99, "a")), RefusalCode::Unavailable);
    }
}
