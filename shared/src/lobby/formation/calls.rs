//! The calls of a forming match at each step, and their repetition.

use crate::id::{PlayerId, TicketId};
use crate::lobby::formation::saga::{PendingMatch, Step};
use crate::lobby::tickets::ticket::{Proposal, Ticket};
use crate::lobby::{Call, Job, Lobby};
use crate::pool::Shard;
use crate::rpc::setup::{Seat, Setup};
use crate::rpc::shard::ShardRequest;
use crate::rpc::{ObjectName, PlayerRequest};
use crate::time::Time;

impl Lobby {
    /// Returns the unanswered calls of a match at its current step.
    pub(in crate::lobby) fn calls_for_step(&self, forming: &PendingMatch) -> Vec<Call> {
        let room = || forming.room.clone();
        let unconfirmed = forming.players.difference(&forming.confirmed_players);
        let of_all = |request: PlayerRequest| -> Vec<Call> {
            let call = |player: &PlayerId| Call::Player { player: player.clone(), request: request.clone() };
            unconfirmed.clone().map(call).collect()
        };
        let unconfirmed_tickets = || forming.tickets().filter(|id| !forming.confirmed_tickets.contains(id));
        match forming.step {
            Step::Holding => {
                let hold = |ticket: TicketId| ShardRequest::Hold { ticket, room: room() };
                self.calls_to_shards(unconfirmed_tickets(), hold)
            }
            Step::Reserving => of_all(PlayerRequest::Reserve { room: room() }),
            Step::Proposing => {
                let proposal = self.proposal_for(forming);
                let request = |ticket: TicketId| ShardRequest::Propose {
                    ticket,
                    room: room(),
                    proposal: proposal.clone(),
                };
                self.calls_to_shards(unconfirmed_tickets(), request)
            }
            Step::Committing => unconfirmed
                .map(|player| Call::Player {
                    player: player.clone(),
                    request: PlayerRequest::Commit { room: room(), lobby: self.lobby_of(player) },
                })
                .collect(),
            Step::Opening => vec![Call::OpenRoom { setup: Box::new(self.setup(forming)) }],
            Step::Notifying => {
                let teams = self.players_by_team(forming);
                let request =
                    |ticket: TicketId| ShardRequest::Matched { ticket, room: room(), teams: teams.clone() };
                self.calls_to_shards(unconfirmed_tickets(), request)
            }
            Step::Releasing => {
                let mut calls = of_all(PlayerRequest::Free { room: room() });
                let unconfirmed_tickets =
                    forming.drops.keys().filter(|id| !forming.confirmed_tickets.contains(*id));
                calls.extend(self.calls_to_shards(unconfirmed_tickets, |ticket| {
                    let (reason, removal) = forming.drops.get(&ticket).cloned().unwrap_or_default();
                    ShardRequest::Cancel { ticket, room: room(), reason, removal }
                }));
                calls
            }
        }
    }

    /// Returns one request about each ticket to the shard that sent it. A ticket of this lobby has no such
    /// shard.
    fn calls_to_shards<'a>(
        &self,
        tickets: impl Iterator<Item = &'a TicketId>,
        request: impl Fn(TicketId) -> ShardRequest,
    ) -> Vec<Call> {
        let call = |id: &TicketId| {
            let shard = Shard::Child(self.home_shard_of(id)?);
            let request = request(id.clone());
            Some(Call::Shard { shard, request })
        };
        tickets.filter_map(call).collect()
    }

    /// Returns the name of the lobby object that holds the player's sockets.
    fn lobby_of(&self, player: &PlayerId) -> ObjectName {
        let home = self.tickets.of_player(player).and_then(|ticket| ticket.home_shard);
        ObjectName::Lobby(self.pool_name.clone(), home.map_or(self.shard, Shard::Child))
    }

    pub(in crate::lobby) fn proposal_for(&self, forming: &PendingMatch) -> Proposal {
        Proposal { teams: self.players_by_team(forming), until: forming.deadline }
    }

    pub(in crate::lobby) fn players_by_team(&self, forming: &PendingMatch) -> Vec<Vec<PlayerId>> {
        let players = |id: &TicketId| {
            let ticket = self.tickets.get(id);
            let players = ticket.into_iter().flat_map(Ticket::players);
            players.cloned().collect::<Vec<_>>()
        };
        let team = |team: &Vec<TicketId>| team.iter().flat_map(players).collect();
        forming.teams.iter().map(team).collect()
    }

    fn setup(&self, forming: &PendingMatch) -> Setup {
        let mut seats = Vec::new();
        for (nth, team) in (0..).zip(&forming.teams) {
            let tickets = team.iter().filter_map(|id| self.tickets.get(id));
            for member in tickets.flat_map(|ticket| &ticket.members) {
                let mut seat = Seat::of(member.player.clone(), member.name.clone());
                seat.team = self.pool.teams.map(|_| nth);
                seats.push(seat);
            }
        }
        // Of several clients that named a trace, the one that waits longest.
        let named = forming.tickets().filter_map(|id| self.tickets.get(id));
        let named = named.filter_map(|ticket| Some((ticket.since, ticket.trace?)));
        Setup {
            id: forming.room.clone(),
            pool: Some(self.pool_name.clone()),
            owner: None,
            seats,
            rules: self.pool.room,
            mode: self.pool.chosen_mode(),
            trace: named.min().map(|(_, trace)| trace),
        }
    }

    /// Returns the calls that are due, first attempts and repetitions.
    pub(in crate::lobby) fn due_calls(&mut self, now: Time) -> Vec<Call> {
        let mut calls = Vec::new();
        for job in self.retries.take_due(now) {
            let requests = match &job {
                Job::FormMatch(room) => {
                    self.pending_matches.get(room).map(|forming| self.calls_for_step(forming))
                }
                Job::Escalate(id) | Job::Withdraw(id) | Job::ForwardReplies(id) => {
                    self.calls_to_parent(&job, id)
                }
                Job::Figures => self.call_for_figures(now),
                Job::Audit(id) => self.call_for_audit(id),
            };
            match requests {
                // A proposal without shards waits for players, not for objects, so it has no calls.
                Some(requests) if !requests.is_empty() => calls.extend(requests),
                Some(_) | None => self.retries.done(&job),
            }
        }
        calls
    }
}
