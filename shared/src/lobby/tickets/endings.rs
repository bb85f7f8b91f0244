//! Endings: how the latest tickets of the operator's backend ended, for a backend that asks later.

use crate::id::{PlayerId, RoomId};
use crate::limits;
use crate::lobby::tickets::ticket::{State, Ticket};
use crate::lobby::{Lobby, Row};
use crate::pool::Shard;
use crate::rpc::queue_service::{TicketState, TicketStatus};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a ticket ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lobby) struct Ending {
    /// The key of the ticket: a repeated request is answered with this ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lobby) key: Option<String>,
    pub(in crate::lobby) ended: Time,
    pub(in crate::lobby) status: TicketStatus,
}

/// The endings of a lobby, by the leader of the ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::lobby) struct Endings(BTreeMap<PlayerId, Ending>);

impl Endings {
    /// Returns how the player's latest ticket ended, unless it is too long ago.
    pub(in crate::lobby) fn of(&self, now: Time, player: &PlayerId) -> Option<&Ending> {
        self.0.get(player).filter(|ending| !is_old(now, ending))
    }

    /// Adds an ending. Returns the players whose endings are removed: old ones, and above the limit the oldest.
    fn add(&mut self, now: Time, player: &PlayerId, ending: Ending) -> Vec<PlayerId> {
        self.0.insert(player.clone(), ending);
        let old = self.0.iter().filter(|(_, ending)| is_old(now, ending));
        let mut forgotten: Vec<PlayerId> = old.map(|(player, _)| player.clone()).collect();
        if self.0.len() - forgotten.len() > limits::TICKET_ENDINGS_MAX {
            let oldest = self.0.iter().min_by_key(|(_, ending)| ending.ended);
            forgotten.extend(oldest.map(|(player, _)| player.clone()));
        }
        self.0.retain(|player, _| !forgotten.contains(player));
        forgotten
    }

    pub(in crate::lobby) fn read(&mut self, player: PlayerId, ending: Ending) {
        self.0.insert(player, ending);
    }

    pub(in crate::lobby) fn written(&self, player: &PlayerId) -> Option<&Ending> {
        self.0.get(player)
    }

    pub(in crate::lobby) fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.0.keys().cloned()
    }
}

fn is_old(now: Time, ending: &Ending) -> bool {
    now.since(ending.ended) > limits::TICKET_ENDING_AGE_MAX
}

impl Lobby {
    /// Returns the ticket as its operator sees it.
    pub(in crate::lobby) fn ticket_status(&self, ticket: &Ticket) -> TicketStatus {
        let state = match ticket.state {
            State::Waiting | State::Releasing(_) => TicketState::Waiting,
            State::Paused(_) => TicketState::Paused,
            State::Forming(_) | State::HeldByParent(_) => TicketState::Forming,
        };
        TicketStatus {
            ticket: ticket.id.clone(),
            pool: self.pool_name.clone(),
            players: ticket.players().cloned().collect(),
            since: ticket.since,
            by: ticket.by.clone(),
            state,
            ended: None,
            room: None,
            reason: None,
        }
    }

    /// Records how a ticket of the operator's backend ended. Players are told by events; the shard with the player has
    /// the record, not the parent.
    pub(in crate::lobby) fn note_ending(
        &mut self,
        now: Time,
        ticket: &Ticket,
        state: TicketState,
        room: Option<&RoomId>,
        reason: Option<&str>,
    ) {
        if ticket.by.is_none() || self.shard == Shard::Parent {
            return;
        }
        let reason = reason.map(str::to_owned);
        let (ended, room) = (Some(now), room.cloned());
        let status = TicketStatus { state, ended, room, reason, ..self.ticket_status(ticket) };
        self.add_ending(now, ticket, status);
    }

    /// Stores the ending of a ticket.
    pub(in crate::lobby) fn add_ending(&mut self, now: Time, ticket: &Ticket, status: TicketStatus) {
        let Some(leader) = ticket.leader().map(|leader| leader.player.clone()) else {
            return;
        };
        let ending = Ending { key: ticket.key.clone(), ended: now, status };
        for forgotten in self.endings.add(now, &leader, ending) {
            self.pending.rows.insert(Row::Ending(forgotten));
        }
        self.pending.rows.insert(Row::Ending(leader));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ending(at: u64) -> Ending {
        let status = json!({
            "ticket": "t_1", "pool": "p", "players": ["p_1"], "since": 0, "state": "matched", "ended": at,
        });
        let status = serde_json::from_value(status).unwrap();
        Ending { key: None, ended: Time::from_ms(at), status }
    }

    fn player(nth: usize) -> PlayerId {
        format!("p_{nth}").parse().unwrap()
    }

    #[test]
    fn old_endings_are_not_shown_and_removed_with_the_next() {
        let (mut endings, first, old) = (Endings::default(), ending(5), player(1));
        assert_eq!(endings.add(first.ended, &old, first.clone()), []);
        let last = first.ended + limits::TICKET_ENDING_AGE_MAX;
        assert_eq!(endings.of(last, &old), Some(&first));
        let later = ending(last.ms() + 1);
        assert_eq!(endings.of(later.ended, &old), None);
        assert_eq!(endings.add(later.ended, &player(2), later.clone()), std::slice::from_ref(&old));
        assert_eq!(endings.written(&old), None);
    }

    #[test]
    fn oldest_ending_is_removed_at_the_limit() {
        let mut endings = Endings::default();
        let mut forgotten = Vec::new();
        for nth in 0..=limits::TICKET_ENDINGS_MAX {
            let ending = ending(nth as u64);
            forgotten.extend(endings.add(ending.ended, &player(nth), ending));
        }
        assert_eq!(forgotten, [player(0)]);
    }
}
