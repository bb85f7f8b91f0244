//! Handling of other objects' answers while a match forms.

use crate::id::{PlayerId, RoomId, TicketId};
use crate::limits;
use crate::lobby::formation::outcome::UNAVAILABLE;
use crate::lobby::formation::saga::Step;
use crate::lobby::tickets::ticket::Ticket;
use crate::lobby::{Answer, Call, Lobby};
use crate::rpc::shard::{Removal, ShardRequest, ShardResponse};
use crate::rpc::{PlayerRequest, PlayerResponse};
use crate::time::{self, Time};
use std::collections::BTreeMap;
use std::time::Duration;

impl Lobby {
    pub(in crate::lobby) fn answered(&mut self, now: Time, call: &Call, answer: Answer) {
        match (call, answer) {
            (Call::Player { player, request }, Answer::Player(answer)) => {
                self.player_answered(now, player, request, answer);
            }
            (Call::OpenRoom { setup }, Answer::Room) => self.room_opened(now, &setup.id),
            (Call::Shard { request, .. }, Answer::Shard(answer)) => {
                self.shard_answered(now, request, answer);
            }
            (Call::Audit { entry }, Answer::Audited) => self.audited(&entry.id),
            (Call::Report { figures }, Answer::Reported) => self.figures_stored(&figures.figures),
            // An object answers only its own kind of call.
            (_, Answer::Player(_) | Answer::Room | Answer::Shard(_) | Answer::Audited | Answer::Reported) => {
            }
        }
    }

    fn player_answered(
        &mut self,
        now: Time,
        player: &PlayerId,
        request: &PlayerRequest,
        answer: PlayerResponse,
    ) {
        let (room, step) = match request {
            PlayerRequest::Reserve { room } => (room, Step::Reserving),
            PlayerRequest::Commit { room, .. } => (room, Step::Committing),
            PlayerRequest::Free { room } => return self.player_released(now, room, player),
            _ => return,
        };
        let forming = self.pending_matches.get(room).filter(|forming| forming.step == step);
        let Some(mut forming) = forming.filter(|it| it.players.contains(player)).cloned() else {
            return;
        };
        let ticket = self.tickets.of_player(player).map(|ticket| ticket.id.clone());
        match answer {
            PlayerResponse::Busy { room: other, until: None } => {
                let removal = Removal { at_fault: Vec::new(), current_match: Some(other) };
                let removals = ticket.map(|id| (id, removal)).into_iter().collect();
                self.cancel_match(now, forming, UNAVAILABLE, removals);
            }
            PlayerResponse::Busy { until: Some(until), .. } => {
                let room = forming.room.clone();
                self.cancel_match(now, forming, UNAVAILABLE, BTreeMap::new());
                // Before the other match's reservation ends, every further try would be in vain.
                self.hold_off(now, ticket.as_ref(), &room, until.min(now + limits::RESERVATION_TTL));
            }
            PlayerResponse::Full { .. } => {
                let room = forming.room.clone();
                self.cancel_match(now, forming, UNAVAILABLE, BTreeMap::new());
                self.hold_off(now, ticket.as_ref(), &room, now);
            }
            PlayerResponse::Granted { .. } => {
                forming.confirmed_players.insert(player.clone());
                self.advance(now, forming);
            }
            PlayerResponse::HomeShard { .. } => {}
            PlayerResponse::Denied { .. } => {
                let removals = ticket.map(|id| (id, Removal::default())).into_iter().collect();
                self.cancel_match(now, forming, UNAVAILABLE, removals);
            }
        }
    }

    /// Excludes a ticket from matches until shortly after `until`, because another lobby wanted its players at the same
    /// time.
    pub(in crate::lobby) fn hold_off(
        &mut self,
        now: Time,
        id: Option<&TicketId>,
        room: &RoomId,
        until: Time,
    ) {
        let ticket = id.and_then(|id| self.tickets.get(id)).cloned();
        if let Some(ticket) = ticket {
            let rest = Some(now.max(until) + hold_off_jitter(room));
            self.put_ticket(now, Ticket { hold_off_until: rest, ..ticket });
        }
    }

    fn shard_answered(&mut self, now: Time, request: &ShardRequest, answer: ShardResponse) {
        let (ticket, room, step) = match request {
            ShardRequest::Hold { ticket, room } => (ticket, room, Step::Holding),
            ShardRequest::Propose { ticket, room, .. } => (ticket, room, Step::Proposing),
            ShardRequest::Cancel { ticket, room, .. } => (ticket, room, Step::Releasing),
            ShardRequest::Matched { ticket, room, .. } => (ticket, room, Step::Notifying),
            ShardRequest::Escalate { .. } | ShardRequest::Withdraw { .. } | ShardRequest::Reply { .. } => {
                return self.parent_answered(now, request, answer);
            }
        };
        let forming = self.pending_matches.get(room).filter(|forming| forming.step == step);
        let Some(mut forming) = forming.cloned() else {
            return;
        };
        match (step, answer) {
            (Step::Holding | Step::Proposing, ShardResponse::Gone) => {
                let removals = BTreeMap::from([(ticket.clone(), Removal::default())]);
                self.cancel_match(now, forming, UNAVAILABLE, removals);
            }
            (Step::Holding | Step::Proposing, ShardResponse::Busy) => {
                self.cancel_match(now, forming, UNAVAILABLE, BTreeMap::new());
                self.hold_off(now, Some(ticket), room, now);
            }
            (_, ShardResponse::Done | ShardResponse::Busy | ShardResponse::Gone) => {
                forming.confirmed_tickets.insert(ticket.clone());
                if step == Step::Releasing {
                    self.put_match(forming.clone());
                    self.release_ticket(now, ticket, &forming);
                }
                self.advance(now, forming);
            }
        }
    }
}

/// Returns a fraction of `limits::HOLD_OFF_MAX` that two lobbies are unlikely to share.
fn hold_off_jitter(room: &RoomId) -> Duration {
    let most = time::ms(limits::HOLD_OFF_MAX);
    let mixed = crate::hash::fnv(room.as_str().as_bytes());
    Duration::from_millis(most / 8 + mixed % (most - most / 8))
}
