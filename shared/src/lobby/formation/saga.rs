//! The steps that form a match. Each step may be repeated, and each is saved as a whole.

use crate::id::{PlayerId, RoomId, TicketId};
use crate::limits;
use crate::lobby::matching::plan::Match;
use crate::lobby::tickets::ticket::{State, Ticket};
use crate::lobby::{Job, Lobby, Row};
use crate::pool::Shard;
use crate::rpc::shard::Removal;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A match that is forming, until its players are told its room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::lobby) struct PendingMatch {
    pub(in crate::lobby) room: RoomId,
    /// The tickets of each team.
    pub(in crate::lobby) teams: Vec<Vec<TicketId>>,
    /// All players, including those whose ticket was removed since.
    pub(in crate::lobby) players: BTreeSet<PlayerId>,
    pub(in crate::lobby) step: Step,
    /// The players whose objects, or who themselves, confirmed the current step.
    #[serde(rename = "agreed")]
    pub(in crate::lobby) confirmed_players: BTreeSet<PlayerId>,
    /// The tickets whose shards confirmed the current step.
    #[serde(rename = "told")]
    pub(in crate::lobby) confirmed_tickets: BTreeSet<TicketId>,
    /// The end of the reservation, or of the time to reply to the proposal.
    #[serde(rename = "until")]
    pub(in crate::lobby) deadline: Time,
    /// After a cancellation at the parent: the reason and removal that each ticket's shard is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lobby) drops: BTreeMap<TicketId, (String, Option<Removal>)>,
}

/// A step in the formation of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::lobby) enum Step {
    /// At the parent: the shards hold their tickets for the match.
    #[serde(rename = "lending")]
    Holding,
    /// The player objects reserve their players for the match.
    Reserving,
    /// The players accept or decline, in a pool with `propose_s`.
    Proposing,
    /// The player objects make it the current match of their players.
    Committing,
    /// The room is being created.
    Opening,
    /// At the parent: the shards announce the room to their players.
    #[serde(rename = "telling")]
    Notifying,
    /// The match was canceled: the player objects release their reservations.
    #[serde(rename = "freeing")]
    Releasing,
}

impl PendingMatch {
    /// Returns the tickets of all teams.
    pub(in crate::lobby) fn tickets(&self) -> impl Iterator<Item = &TicketId> {
        self.teams.iter().flatten()
    }

    /// Returns true before the first commit, while the match can be canceled.
    pub(in crate::lobby) fn is_cancelable(&self) -> bool {
        matches!(self.step, Step::Holding | Step::Reserving | Step::Proposing)
    }

    /// Returns true if all confirmations of the current step are in.
    fn is_step_complete(&self) -> bool {
        let all_confirmed = || self.tickets().all(|id| self.confirmed_tickets.contains(id));
        let all_agreed = self.players.is_subset(&self.confirmed_players);
        match self.step {
            Step::Holding | Step::Notifying => all_confirmed(),
            Step::Reserving | Step::Proposing | Step::Committing => all_agreed,
            Step::Opening => false,
            Step::Releasing => all_agreed && self.drops.keys().all(|id| self.confirmed_tickets.contains(id)),
        }
    }
}

impl Lobby {
    pub(in crate::lobby) fn make_matches(&mut self, now: Time) {
        self.gathering.planned(now);
        let plan = self.tickets.index.plan(now, &self.recent_opponents);
        for planned in plan.matches {
            self.begin_match(now, planned);
        }
    }

    fn begin_match(&mut self, now: Time, planned: Match) {
        self.wait_stats.generation += 1;
        self.pending.rows.insert(Row::WaitStats);
        let name = self.object_name().to_string();
        let generation = self.wait_stats.generation.to_string();
        let mut seed = vec![name.as_str(), &generation];
        seed.extend(planned.tickets().map(TicketId::as_str));
        let room = RoomId::derive(&seed);
        let mut players = BTreeSet::new();
        for id in planned.tickets() {
            let Some(ticket) = self.tickets.get(id).cloned() else {
                continue;
            };
            players.extend(ticket.players().cloned());
            let state = State::Forming(room.clone());
            self.put_ticket(now, Ticket { state, ..ticket });
        }
        let step = match self.shard {
            Shard::Parent => Step::Holding,
            Shard::Child(_) => Step::Reserving,
        };
        let forming = PendingMatch {
            room,
            teams: planned.teams,
            players,
            step,
            confirmed_players: BTreeSet::new(),
            confirmed_tickets: BTreeSet::new(),
            deadline: now + limits::RESERVATION_TTL,
            drops: BTreeMap::new(),
        };
        self.enter_step(now, forming, step);
    }

    /// Moves a match to a step and makes its calls due.
    pub(in crate::lobby) fn enter_step(&mut self, now: Time, mut forming: PendingMatch, step: Step) {
        forming.step = step;
        forming.confirmed_players.clear();
        forming.confirmed_tickets.clear();
        match step {
            Step::Holding | Step::Reserving => forming.deadline = now + limits::RESERVATION_TTL,
            Step::Proposing => {
                let secs = self.pool.propose_s.unwrap_or_default();
                forming.deadline = now + Duration::from_secs(secs.into());
            }
            Step::Committing | Step::Opening | Step::Notifying | Step::Releasing => {}
        }
        self.retries.begin(now, Job::FormMatch(forming.room.clone()));
        self.put_match(forming.clone());
        if step == Step::Proposing && self.shard != Shard::Parent {
            self.propose(&forming);
        }
    }

    pub(in crate::lobby) fn put_match(&mut self, forming: PendingMatch) {
        self.remove_match_deadline(&forming.room);
        if forming.is_cancelable() {
            self.match_deadlines.insert((forming.deadline, forming.room.clone()));
        }
        self.pending.rows.insert(Row::PendingMatch(forming.room.clone()));
        self.pending_matches.insert(forming.room.clone(), forming);
    }

    fn remove_match_deadline(&mut self, room: &RoomId) {
        if let Some(before) = self.pending_matches.get(room) {
            self.match_deadlines.remove(&(before.deadline, room.clone()));
        }
    }

    pub(in crate::lobby) fn remove_match(&mut self, room: &RoomId) -> Option<PendingMatch> {
        self.remove_match_deadline(room);
        self.retries.done(&Job::FormMatch(room.clone()));
        self.pending.rows.insert(Row::PendingMatch(room.clone()));
        self.pending_matches.remove(room)
    }

    /// Returns the earliest deadline of a match that is not committed.
    pub(in crate::lobby) fn next_match_deadline(&self) -> Option<Time> {
        self.match_deadlines.first().map(|(until, _)| *until)
    }

    /// Moves on to the next step if all confirmations of the current one are in.
    pub(in crate::lobby) fn advance(&mut self, now: Time, forming: PendingMatch) {
        if !forming.is_step_complete() {
            return self.put_match(forming);
        }
        let next = match forming.step {
            Step::Holding => Step::Reserving,
            Step::Reserving if self.pool.propose_s.is_some() => Step::Proposing,
            Step::Reserving | Step::Proposing => Step::Committing,
            Step::Committing | Step::Opening => Step::Opening,
            Step::Notifying => return self.all_shards_notified(now, &forming),
            Step::Releasing => {
                self.remove_match(&forming.room);
                return;
            }
        };
        self.enter_step(now, forming, next);
    }
}
