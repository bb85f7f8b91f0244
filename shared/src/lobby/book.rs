//! All tickets of a lobby, found by name, by player and by deadline; and those of them that can be matched.

use super::ticket::{Climb, State, Ticket};
use super::waiting::Waiting;
use crate::id::{PlayerId, TicketId};
use crate::pool::{Pool, Shard};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// The tickets.
#[derive(Debug, Clone)]
pub(super) struct Book {
    patience: Duration,
    pause: Duration,
    /// How long a ticket waits before it climbs; none, it does not.
    climb: Option<Duration>,
    tickets: BTreeMap<TicketId, Rc<Ticket>>,
    of: BTreeMap<PlayerId, TicketId>,
    deadlines: BTreeSet<(Time, TicketId)>,
    people: usize,
    pub(super) waiting: Waiting,
}

impl Book {
    pub(super) fn new(pool: &Pool, shard: Shard) -> Self {
        let secs = |secs: u32| Duration::from_secs(secs.into());
        let climb = match shard {
            Shard::Part(_) => pool.shards.as_ref().map(crate::pool::Shards::climb),
            Shard::Top => None,
        };
        Self {
            patience: secs(pool.patience_s),
            pause: secs(pool.pause_s),
            climb,
            tickets: BTreeMap::new(),
            of: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            people: 0,
            waiting: Waiting::new(pool),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// How many people wait.
    pub(super) fn people(&self) -> usize {
        self.people
    }

    pub(super) fn get(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id).map(Rc::as_ref)
    }

    /// The ticket of a player.
    pub(super) fn of(&self, player: &PlayerId) -> Option<&Ticket> {
        self.get(self.of.get(player)?)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values().map(Rc::as_ref)
    }

    /// A ticket as it is from now on.
    pub(super) fn put(&mut self, now: Time, ticket: Ticket) {
        let _before = self.take(&ticket.id);
        for player in ticket.players() {
            self.of.insert(player.clone(), ticket.id.clone());
        }
        self.people += ticket.members.len();
        if let Some(deadline) = self.deadline(&ticket) {
            self.deadlines.insert((deadline, ticket.id.clone()));
        }
        let ticket = Rc::new(ticket);
        if ticket.state == State::Waiting {
            self.waiting.insert(now, Rc::clone(&ticket));
        }
        self.tickets.insert(ticket.id.clone(), ticket);
    }

    pub(super) fn take(&mut self, id: &TicketId) -> Option<Rc<Ticket>> {
        let ticket = self.tickets.remove(id)?;
        for player in ticket.players() {
            self.of.remove(player);
        }
        self.people -= ticket.members.len();
        if let Some(deadline) = self.deadline(&ticket) {
            self.deadlines.remove(&(deadline, id.clone()));
        }
        self.waiting.remove(id);
        Some(ticket)
    }

    /// When the next ticket's time is up, or it has to climb.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Those whose deadline has passed.
    pub(super) fn passed(&self, now: Time) -> Vec<TicketId> {
        let passed = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        passed.map(|(_, id)| id.clone()).collect()
    }

    /// When a ticket's time is up; none while a match is made of it.
    pub(super) fn ends(&self, ticket: &Ticket) -> Option<Time> {
        match ticket.state {
            State::Waiting => Some(ticket.since + self.patience),
            State::Paused(since) => Some(since + self.pause),
            State::Held(_) | State::Freeing(_) | State::Lent(_) => None,
        }
    }

    /// When a ticket goes to the top of the queue too.
    pub(super) fn climbs(&self, ticket: &Ticket) -> Option<Time> {
        let low = ticket.state == State::Waiting && ticket.climb == Climb::Low;
        self.climb.filter(|_| low).map(|span| ticket.since + span)
    }

    fn deadline(&self, ticket: &Ticket) -> Option<Time> {
        self.ends(ticket).into_iter().chain(self.climbs(ticket)).min()
    }
}
