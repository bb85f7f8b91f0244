//! The ticket store: all tickets of a lobby by id, player and deadline, with the index of the waiting ones.

use crate::id::{PlayerId, TicketId};
use crate::lobby::matching::index::TicketIndex;
use crate::lobby::tickets::ticket::{Escalation, State, Ticket};
use crate::pool::{Pool, Shard};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;
use std::time::Duration;

/// All tickets of a lobby.
#[derive(Debug, Clone)]
pub(in crate::lobby) struct TicketStore {
    patience: Duration,
    pause: Duration,
    /// The wait after which a ticket escalates to the parent; `None` if it never does.
    escalate_after: Option<Duration>,
    tickets: BTreeMap<TicketId, Rc<Ticket>>,
    by_player: BTreeMap<PlayerId, TicketId>,
    deadlines: BTreeSet<(Time, TicketId)>,
    by_age: BTreeSet<(Time, TicketId)>,
    player_count: usize,
    pub(in crate::lobby) index: TicketIndex,
}

impl TicketStore {
    pub(in crate::lobby) fn new(pool: &Pool, shard: Shard) -> Self {
        let secs = |secs: u32| Duration::from_secs(secs.into());
        let escalate_after = match shard {
            Shard::Child(_) => pool.shards.as_ref().map(crate::pool::Shards::escalate_after),
            Shard::Parent => None,
        };
        Self {
            patience: secs(pool.patience_s),
            pause: secs(pool.pause_s),
            escalate_after,
            tickets: BTreeMap::new(),
            by_player: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            by_age: BTreeSet::new(),
            player_count: 0,
            index: TicketIndex::new(pool),
        }
    }

    pub(in crate::lobby) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Returns the number of players on all tickets.
    pub(in crate::lobby) fn player_count(&self) -> usize {
        self.player_count
    }

    pub(in crate::lobby) fn get(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id).map(Rc::as_ref)
    }

    /// Returns the ticket of a player.
    pub(in crate::lobby) fn of_player(&self, player: &PlayerId) -> Option<&Ticket> {
        self.get(self.by_player.get(player)?)
    }

    /// Returns the start of the longest wait.
    pub(in crate::lobby) fn oldest(&self) -> Option<Time> {
        self.by_age.first().map(|(since, _)| *since)
    }

    /// Returns the tickets after a position, the longest wait first.
    pub(in crate::lobby) fn by_age(&self, after: Option<&(Time, TicketId)>) -> impl Iterator<Item = &Ticket> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_age.range::<(Time, TicketId), _>((from, Bound::Unbounded)).filter_map(|(_, id)| self.get(id))
    }

    pub(in crate::lobby) fn iter(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values().map(Rc::as_ref)
    }

    /// Stores a ticket, in place of its previous version.
    pub(in crate::lobby) fn put(&mut self, now: Time, ticket: Ticket) {
        let _before = self.remove(&ticket.id);
        for player in ticket.players() {
            self.by_player.insert(player.clone(), ticket.id.clone());
        }
        self.player_count += ticket.members.len();
        self.by_age.insert((ticket.since, ticket.id.clone()));
        if let Some(deadline) = self.deadline(&ticket) {
            self.deadlines.insert((deadline, ticket.id.clone()));
        }
        let ticket = Rc::new(ticket);
        if ticket.state == State::Waiting {
            self.index.insert(now, Rc::clone(&ticket));
        }
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    pub(in crate::lobby) fn remove(&mut self, id: &TicketId) -> Option<Rc<Ticket>> {
        let ticket = self.tickets.remove(id)?;
        for player in ticket.players() {
            self.by_player.remove(player);
        }
        self.player_count -= ticket.members.len();
        self.by_age.remove(&(ticket.since, id.clone()));
        if let Some(deadline) = self.deadline(&ticket) {
            self.deadlines.remove(&(deadline, id.clone()));
        }
        self.index.remove(id);
        Some(ticket)
    }

    /// Returns the time at which the next ticket expires or escalates.
    pub(in crate::lobby) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Returns the tickets whose deadline has passed.
    pub(in crate::lobby) fn past_deadline(&self, now: Time) -> Vec<TicketId> {
        let passed = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        passed.map(|(_, id)| id.clone()).collect()
    }

    /// Returns the time at which a ticket expires; `None` while a match is forming with it.
    pub(in crate::lobby) fn expires_at(&self, ticket: &Ticket) -> Option<Time> {
        match ticket.state {
            State::Waiting => Some(ticket.since + self.patience),
            State::Paused(since) => Some(since + self.pause),
            State::Forming(_) | State::Releasing(_) | State::HeldByParent(_) => None,
        }
    }

    /// Returns the time at which a ticket escalates to the parent.
    pub(in crate::lobby) fn escalates_at(&self, ticket: &Ticket) -> Option<Time> {
        let low = ticket.state == State::Waiting && ticket.escalation == Escalation::Local;
        self.escalate_after.filter(|_| low).map(|span| ticket.since + span)
    }

    fn deadline(&self, ticket: &Ticket) -> Option<Time> {
        self.expires_at(ticket).into_iter().chain(self.escalates_at(ticket)).min()
    }
}
